import GatewayConfiguration
import GoText
import PromQL
import PromQLEngine
import PrometheusServer
import PrometheusWire
import Testing
import TimeSeries
import Upstream

@testable import Federation
@testable import Gateway

/// A member that answers a fixed body, in pages, or fails.
private struct ScriptedSource: FragmentSource {
    enum Behaviour: Sendable {
        case answers(String)
        case fails(UpstreamError)
        /// Answers so many pages of the body and then fails.
        case breaksOff(String, afterPages: Int)
    }
    var behaviour: Behaviour
    var asked: Asked

    func open(_ question: FragmentQuestion) async throws(UpstreamError) -> any FragmentStream {
        await asked.add(question.injection?.value(of: "project") ?? "", question.text)
        switch behaviour {
        case .fails(let failure): throw failure
        case .answers(let body): return try ScriptedStream(body, question, breaksAfter: nil)
        case .breaksOff(let body, let pages):
            return try ScriptedStream(body, question, breaksAfter: pages)
        }
    }

    func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool { true }
}

private actor Asked {
    private(set) var all: [String] = []
    func add(_ member: String, _ text: String) { all.append("\(member): \(text)") }
}

private actor ScriptedStream: FragmentStream {
    private var pages: [SeriesPage]
    private let end: ResponseScanner.Trailer
    private var breaksAfter: Int?

    init(_ body: String, _ question: FragmentQuestion, breaksAfter: Int?) throws(UpstreamError) {
        var limits = ResponseScanner.Limits()
        limits.page = 1
        var scanner = ResponseScanner(injecting: question.injection, limits: limits)
        do throws(ScanError) {
            try scanner.append(body.utf8)
            end = try scanner.finish()
        } catch {
            throw .unavailable(error.description)
        }
        pages = scanner.takePages()
        self.breaksAfter = breaksAfter
    }

    func next() async throws(UpstreamError) -> SeriesPage? {
        if breaksAfter == 0 { throw .unavailable("connection reset") }
        breaksAfter = breaksAfter.map { $0 - 1 }
        return pages.isEmpty ? nil : pages.removeFirst()
    }

    func trailer() async -> ResponseScanner.Trailer { end }
}

private func vector(_ elements: String, tail: String = "") -> String {
    "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[\(elements)]}\(tail)}"
}

private func up(_ value: Int) -> String {
    vector("{\"metric\":{\"__name__\":\"up\"},\"value\":[100,\"\(value)\"]}")
}

@Suite struct QueryExecutionTests {
    private let down = UpstreamError.unavailable("connection refused")

    /// Members `a`, `b` and so on, in the order of their behaviours.
    private func ask(
        _ query: String, _ behaviours: [ScriptedSource.Behaviour],
        policy: PartialResponse = .safe, held: Int = 1 << 20, range: Bool = false,
        maxSeries: Int = 1000, limit: Int = 0, analyze: Bool = false,
        stats: String = "", end: Int = 100, known: LanguageVersion? = nil
    ) async throws -> (status: Int, body: String, asked: [String]) {
        let names = (0..<behaviours.count).map { String(Character(UnicodeScalar(97 + UInt8($0)))) }
        let members = names.map {
            Member(name: $0, source: .unavailable(reason: "unused"))
        }
        let project = ResolvedProject(
            name: "all", members: members, isMultiCluster: true, partialResponse: policy,
            exactness: .twoStep, partition: PartitionLabel())
        let asked = Asked()
        var limits = Limits()
        limits.heldAnswerBytes = held
        limits.maxSeries = maxSeries
        let byName = Dictionary(uniqueKeysWithValues: zip(names, behaviours))
        let execution = QueryExecution(
            settings: QuerySettings(), limits: limits,
            resources: QueryResources(
                .init(computing: 2, requestBytes: 1 << 20, memoryBytes: 64 << 20)),
            source: { member in
                ScriptedSource(
                    behaviour: byName[member.name] ?? .answers(""), asked: asked)
            },
            boundary: { _, _ in .leftOpen },
            languages: { members, deadline in
                members.map { _ in deadline == nil ? known : nil }
            }, now: { 100_000 })
        var form = "query=\(query)"
        form += range ? "&start=100&end=\(end)&step=15" : "&time=100"
        if limit > 0 { form += "&limit=\(limit)" }
        if !stats.isEmpty { form += "&stats=\(stats)" }
        if analyze { form += "&analyze=true" }
        let target =
            "/api/v1/query?"
            + form.replacing("+", with: "%2B")
            .replacing(" ", with: "+")
        let request = try #require(PrometheusRequest(method: "GET", target: target))
        let response =
            analyze
            ? await execution.explain(request, project: project)
            : await execution.respond(
                to: request, project: project, kind: range ? .range : .instant)
        let answer = try await response.collected()
        return (answer.status, String(decoding: answer.body, as: UTF8.self), await asked.all)
    }

    @Test func unionsAreSplicedInLabelOrder() async throws {
        let answer = try await ask("up", [.answers(up(1)), .answers(up(2))])
        #expect(
            answer.body
                == #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","project":"a"},"value":[100,"1"]},{"metric":{"__name__":"up","project":"b"},"value":[100,"2"]}]}}"#
        )
    }

    @Test func aggregatesAreFinishedHere() async throws {
        let partial = { (value: Int) in vector("{\"metric\":{},\"value\":[100,\"\(value)\"]}") }
        let answer = try await ask("sum(up)", [.answers(partial(3)), .answers(partial(4))])
        #expect(
            answer.body
                == #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[100,"7"]}]}}"#
        )
        #expect(answer.asked.sorted() == ["a: sum(up)", "b: sum(up)"])
    }

    /// Releases before 3.12 have no such warning.
    @Test func whereNoMemberIsAskedTheVersionsThatAreKnownDecide() async throws {
        func isWarned(_ query: String, _ known: LanguageVersion?) async throws -> Bool {
            let answer = try await ask(
                query, [.answers(up(1)), .answers(up(2))], range: true, end: 130, known: known)
            #expect(answer.status == 200)
            #expect(answer.asked.isEmpty)
            return answer.body.contains("sort is ineffective")
        }
        for query in [#"sort(up{project="nobody"})"#, #"sort_desc(sum(up{project="nobody"}))"#] {
            #expect(try await isWarned(query, LanguageVersion(3, 5)) == false)
            #expect(try await isWarned(query, LanguageVersion(3, 12)))
            #expect(try await isWarned(query, nil))
        }
    }

    @Test func analysisSaysWhatEachRequestAndOperatorCost() async throws {
        func timeless(_ text: String) -> String {
            text.replacing(/"milliseconds":[0-9.e-]+/, with: "\"milliseconds\":0")
                .replacing(/[0-9.]+ ms,/, with: "0 ms,")
        }
        let two = vector(
            #"{"metric":{"job":"x"},"value":[100,"3"]},{"metric":{"job":"y"},"value":[100,"4"]}"#)
        let answer = try await ask(
            "sum by (job) (up) > 1", [.answers(two), .fails(down)], analyze: true)
        #expect(answer.status == 200)
        let body = timeless(answer.body)
        let fetched = #""milliseconds":0,"bytes":110,"series":2,"samples":2"#
        for part in [
            #""tree":"binary \u003e  [0 ms, 2 series, 2 samples]\n  sum by (job)  [0 ms, 2 series, 2 samples]\n    union  [at 100000 ms]  [0 ms, 2 series, 2 samples]\n      → a: sum by (job) (up)  [0 ms, 110 bytes, 2 series, 2 samples]\n      → b: sum by (job) (up)  [0 ms, connection refused]\n  1  [0 ms, 0 series, 1 samples]""#,
            #"{"place":"gateway","text":"binary \u003e","milliseconds":0,"series":2,"samples":2,"#,
            #""member":"a","startMs":100000,"endMs":100000,"stepMs":0,"# + fetched,
            #""series":0,"samples":0,"failure":"connection refused""#,
        ] {
            #expect(body.contains(part), "\(body)")
        }
    }

    @Test func analysisOfAUnionSaysWhatTheMergeCost() async throws {
        let answer = try await ask("up", [.answers(up(1)), .answers(up(2))], analyze: true)
        #expect(answer.body.contains(#""place":"merge","text":"union""#))
        #expect(answer.body.contains(#""series":2,"samples":2,"children""#), "\(answer.body)")
    }

    /// A vector of one element, and what it cost.
    private static func costly(_ samples: String) -> String {
        """
        {"status":"success","data":{"resultType":"vector","result":[\
        {"metric":{},"value":[100,"1"]}],"stats":{"timings":{},"samples":{\(samples)}}}}
        """
    }

    @Test(arguments: [
        // Both count all there is; one has no steps; one does not count what it reads; one says
        // nothing.
        (
            [
                #""totalQueryableSamplesPerStep":[[100,5]],"totalQueryableSamples":5,"samplesRead":4,"peakSamples":8"#,
                #""totalQueryableSamplesPerStep":[[100,2]],"totalQueryableSamples":2,"samplesRead":1,"peakSamples":9"#,
            ],
            #"{"totalQueryableSamplesPerStep":[[100,7]],"totalQueryableSamples":7,"samplesRead":5,"peakSamples":9}"#,
            false
        ),
        (
            [
                #""totalQueryableSamplesPerStep":[[100,5]],"totalQueryableSamples":5,"samplesRead":4,"peakSamples":8"#,
                #""totalQueryableSamples":2,"peakSamples":9"#,
            ],
            #"{"totalQueryableSamples":7,"peakSamples":9}"#, false
        ),
        (
            [
                #""totalQueryableSamples":5,"samplesRead":4,"peakSamples":8"#,
                #""seriesFetched":"2""#,
            ],
            #"{"totalQueryableSamples":5,"samplesRead":4,"peakSamples":8}"#, true
        ),
    ])
    func whatMembersReadAddsUp(told: [String], expected: String, isLeftOut: Bool) async throws {
        let bodies = told.map(Self.costly)
        for query in ["up", "sum(up)"] {
            let answer = try await ask(query, bodies.map { .answers($0) }, stats: "all")
            #expect(answer.body.contains(#","samples":\#(expected)}"#), "\(answer.body)")
            #expect(
                answer.body.contains(
                    #""infos":["the query statistics leave out project \"b\""]"#) == isLeftOut)
        }
        let plain = try await ask("up", bodies.map { .answers($0) })
        #expect(!plain.body.contains("stats") && !plain.body.contains("infos"))
    }

    @Test func histogramsThatCouldBeTwoThingsAreAnError() async throws {
        // The member gives the same answer to every further question, which tells nothing.
        let body = vector(
            #"{"metric":{},"histogram":[100,{"count":"1","sum":"1","buckets":[[0,"1","2","1"]]}]}"#)
        let answer = try await ask("sum(x)", [.answers(body), .answers(body)])
        #expect(answer.status == 422)
        #expect(answer.body.contains(#"project \"a\": native histograms of sum(x) could have"#))
        #expect(answer.asked.count > 2)
    }

    @Test func histogramsInAUnionAreNotRebuilt() async throws {
        let body = vector(
            #"{"metric":{},"histogram":[100,{"count":"1","sum":"1","buckets":[[0,"1","2","1"]]}]}"#)
        let answer = try await ask("x", [.answers(body), .answers(body)])
        #expect(answer.status == 200)
        #expect(answer.asked.count == 2)
    }

    @Test func constantsAskNobody() async throws {
        let answer = try await ask("1 + 1", [.fails(down)])
        #expect(
            answer.body
                == #"{"status":"success","data":{"resultType":"scalar","result":[100,"2"]}}"#)
        #expect(answer.asked.isEmpty)
    }

    @Test func unchosenMembersAreNotAsked() async throws {
        let answer = try await ask("up{project=\"b\"}", [.fails(down), .answers(up(2))])
        #expect(answer.status == 200)
        #expect(answer.asked == ["b: up"])
    }

    @Test(arguments: [
        // Query, policy, status, what the answer says.
        ("up", PartialResponse.warn, 200, "project \\\"b\\\": connection refused"),
        ("up", .safe, 200, "its part of the answer is missing"),
        ("up", .abort, 503, "project \\\"b\\\": connection refused"),
        ("sum(up)", .safe, 200, "the answer is computed without it"),
        ("absent(up)", .safe, 503, "absent() could be wrong without it"),
        ("absent(up)", .warn, 200, "the answer could be wrong without it"),
        ("sum(up) > 1", .safe, 503, "could be wrong"),
    ])
    func aMissingMemberIsNamed(
        query: String, policy: PartialResponse, status: Int, says: String
    ) async throws {
        let answer = try await ask(query, [.answers(up(1)), .fails(down)], policy: policy)
        #expect(answer.status == status)
        #expect(answer.body.contains(says), "\(answer.body)")
    }

    @Test(arguments: PartialResponse.allCases)
    func nobodyAnsweringIsAnError(policy: PartialResponse) async throws {
        let answer = try await ask("up", [.fails(down), .fails(down)], policy: policy)
        #expect(answer.status == 503)
        #expect(answer.body.contains("unavailable"))
    }

    @Test func deadlinesOfAllMembersAreATimeout() async throws {
        let answer = try await ask("up", [.fails(UpstreamError(kind: .timeout))])
        #expect(answer.status == 503)
        #expect(answer.body.contains("\"errorType\":\"timeout\""))
    }

    @Test func whatAMemberRefusesKeepsItsWords() async throws {
        let refusal = UpstreamError(
            kind: .rejectedQuery(status: 422, errorType: "execution", text: "many-to-many"))
        let answer = try await ask("up", [.answers(up(1)), .fails(refusal)], policy: .warn)
        #expect(answer.status == 422)
        #expect(answer.body.contains("project \\\"b\\\": many-to-many"))
    }

    @Test(arguments: [
        ("safe", "sum(up)", 200), ("warn", "absent(up)", 200), ("safe", "absent(up)", 503),
        ("abort", "up", 503),
    ])
    func aLimitOfAMembersOwnIsAMissingMember(
        policy: String, query: String, status: Int
    ) async throws {
        let limit = UpstreamError(
            kind: .exceeded(status: 422, errorType: "execution", text: "too many samples"))
        let partial = vector("{\"metric\":{},\"value\":[100,\"3\"]}")
        let answer = try await ask(
            query, [.answers(query == "up" ? up(1) : partial), .fails(limit)],
            policy: try #require(PartialResponse(rawValue: policy)))
        #expect(answer.body.contains("project \\\"b\\\": too many samples"), "\(answer.body)")
        #expect((answer.status == 200) == (status == 200), "\(answer.body)")
    }

    @Test func limitsOfEveryMemberAreAnErrorThatAskingAgainDoesNotMend() async throws {
        let limits = ["too many samples", "-search.maxSamplesPerQuery"].map {
            UpstreamError(kind: .exceeded(status: 422, errorType: "execution", text: $0))
        }
        let answer = try await ask("sum(up)", limits.map { .fails($0) }, policy: .warn)
        #expect(answer.status == 422)
        #expect(answer.body.contains("\"errorType\":\"execution\""))
        // One server that says so needs no name.
        let same = try await ask("sum(up)", [.fails(limits[0]), .fails(limits[0])])
        #expect(same.status == 422)
        #expect(same.body.contains("\"error\":\"too many samples\""))
    }

    @Test func aLoopIsAnErrorUnderEveryPolicyAndNamesTheProject() async throws {
        for policy in PartialResponse.allCases {
            for behaviours: [ScriptedSource.Behaviour] in [
                [.answers(up(1)), .fails(UpstreamError(kind: .loop))],
                [.fails(UpstreamError(kind: .loop))],
            ] {
                let answer = try await ask("up", behaviours, policy: policy)
                #expect(answer.status == 422)
                let name = behaviours.count == 2 ? "b" : "a"
                #expect(
                    answer.body.contains(
                        "project \\\"\(name)\\\": the project's address leads back"))
            }
        }
    }

    @Test func aWordThatAMemberIsTooOldForIsExplained() async throws {
        let refusal = UpstreamError(
            kind: .rejectedQuery(
                status: 400, errorType: "bad_data",
                text: "1:1: parse error: unknown function with name \"sgn\""))
        let answer = try await ask("sgn(up)", [.answers(up(1)), .fails(refusal)])
        #expect(answer.status == 400)
        #expect(
            answer.body.contains(
                "project \\\"b\\\": 1:1: parse error: unknown function with name \\\"sgn\\\" "
                    + "(the function came with Prometheus 2.26)"), "\(answer.body)")
    }

    @Test func whatEveryMemberRefusesInTheSameWordsNamesNobody() async throws {
        let refusal = UpstreamError(
            kind: .rejectedQuery(status: 422, errorType: "execution", text: "invalid label name"))
        let answer = try await ask("up", [.fails(refusal), .fails(refusal)])
        #expect(answer.status == 422)
        #expect(answer.body.contains("\"error\":\"invalid label name\""))
    }

    /// One too many in all, though no member has too many; held or not, an answer of a kind that
    /// is read before it is sent is refused in words.
    @Test(arguments: [1 << 20, 1])
    func aUnionOfTooManySeriesIsRefused(held: Int) async throws {
        func ask(_ maximum: Int, limit: Int = 0) async throws -> (status: Int, body: String) {
            let body = vector(
                #"{"metric":{"a":"1"},"value":[100,"1"]},{"metric":{"a":"2"},"value":[100,"2"]}"#)
            let answer = try await self.ask(
                "up", [.answers(body), .answers(body)], held: held, maxSeries: maximum,
                limit: limit)
            return (answer.status, answer.body)
        }
        #expect(try await ask(4).status == 200)
        let refusal = try await ask(3)
        #expect(refusal.status == 422)
        #expect(
            refusal.body
                == #"{"status":"error","errorType":"execution","error":"the answer has more than 3 series (limits.maxSeries)"}"#
        )
        #expect(try await ask(3, limit: 3).status == 200)
    }

    @Test func aStreamThatGrowsTooLongBreaksOff() async throws {
        let body = """
            {"status":"success","data":{"resultType":"matrix","result":[\
            {"metric":{"a":"1"},"values":[[100,"1"]]},{"metric":{"a":"2"},"values":[[100,"2"]]}]}}
            """
        let answer = try await ask(
            "up", [.answers(body), .answers(body)], range: true, maxSeries: 4)
        #expect(answer.status == 200)
        await #expect(throws: APIError.self) {
            try await ask(
                "up", [.answers(body), .answers(body)], held: 1, range: true, maxSeries: 3)
        }
    }

    @Test func aRangeOfOneStepIsStillAMatrix() async throws {
        let body = """
            {"status":"success","data":{"resultType":"matrix","result":[\
            {"metric":{"a":"1"},"values":[[100,"1"]]}]}}
            """
        let answer = try await ask("up", [.answers(body)], range: true)
        #expect(
            answer.body
                == #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"1","project":"a"},"values":[[100,"1"]]}]}}"#
        )
    }

    @Test func aMemberThatBreaksOffWhileHeldIsLeftOutWholly() async throws {
        let body = vector(
            #"{"metric":{"a":"1"},"value":[100,"1"]},{"metric":{"a":"2"},"value":[100,"2"]}"#)
        let answer = try await ask(
            "up", [.answers(up(1)), .breaksOff(body, afterPages: 1)])
        #expect(!answer.body.contains("\"project\":\"b\""))
        #expect(answer.body.contains("connection reset"))
    }

    @Test func aMemberThatBreaksOffLaterIsAWarning() async throws {
        let body = vector(
            #"{"metric":{"a":"1"},"value":[100,"1"]},{"metric":{"a":"2"},"value":[100,"2"]}"#)
        let answer = try await ask(
            "up", [.answers(up(1)), .breaksOff(body, afterPages: 1)], held: 1)
        #expect(answer.status == 200)
        #expect(answer.body.contains("its part of the answer is cut off"))
    }

    @Test func annotationsOfMembersAreNamedAndHaveNoPosition() async throws {
        let body = vector(
            "", tail: #","infos":["PromQL info: metric might not be a counter (1:6)"]"#)
        let answer = try await ask("rate(up[5m])", [.answers(body), .answers(body)])
        #expect(
            answer.body.contains(
                #""infos":["PromQL info: metric might not be a counter (project \"a\", \"b\")"]"#))
    }

    @Test func invalidQueriesAreBadData() async throws {
        let answer = try await ask("sum(", [])
        #expect(answer.status == 400)
        #expect(answer.body.contains("invalid parameter \\\"query\\\": 1:"))
    }
}

import GatewayConfiguration
import Logging
import PrometheusServer
import PrometheusWire
import Synchronization
import Testing
import TimeSeries
import Upstream

@testable import Federation
@testable import Gateway

/// Labels and series over several members are those of one server that holds everything.
@Suite struct MetadataFederationTests {
    /// A member that holds series and remembers what it was asked.
    final class MockMember: MetadataSource {
        let seriesHeld: [LabelSet]
        let isDown: Bool
        let questions = Mutex<[String]>([])

        init(_ series: [[String: String]], isDown: Bool = false) {
            seriesHeld = series.map { LabelSet($0) }
            self.isDown = isDown
        }

        private func note(_ kind: String, _ question: MetadataQuestion) throws(UpstreamError) {
            let limit = question.limit.map { " limit \($0)" } ?? ""
            questions.withLock {
                $0.append("\(kind) \(question.selectors.joined(separator: " "))\(limit)")
            }
            if isDown { throw .unavailable("down") }
        }

        /// Elements as the gateway reads them of an answer.
        private func list(_ kind: ListReader.Kind, _ elements: [[UInt8]]) -> ElementList {
            var bytes = Array(elements.joined(separator: [UInt8(ascii: ",")]))
            let end = bytes.count
            bytes += [UInt8](repeating: 0, count: ListReader.guardCount)
            var reader = ListReader(kind)
            if end > 0 {
                let stop = try? reader.read(bytes, from: 0, to: end)
                precondition(stop?.position == end)
            }
            return reader.take()
        }

        private func json(_ text: String) -> [UInt8] {
            var out: [UInt8] = []
            JSONText.append(text, to: &out)
            return out
        }

        func labelNames(
            _ question: MetadataQuestion
        ) throws(UpstreamError) -> MetadataReply {
            try note("labels", question)
            let names = Set(seriesHeld.flatMap { $0.pairs.map(\.name) }).sorted()
            return MetadataReply(
                list(
                    .names(question.injection ?? .none),
                    names.prefix(question.limit ?? .max).map(json)))
        }

        func labelValues(
            of name: String, _ question: MetadataQuestion
        ) throws(UpstreamError) -> MetadataReply {
            try note("values of \(name)", question)
            let values = Set(seriesHeld.compactMap { $0[name] }).sorted()
            return MetadataReply(
                list(.values(leavingOutEmpty: false), values.map(json)))
        }

        func families(
            metric: String?, _ question: MetadataQuestion
        ) throws(UpstreamError) -> MetadataReply {
            try note("metadata of \(metric ?? "all")", question)
            let own = #"{"help":"has \#(seriesHeld.count)","type":"gauge","x":[1]}"#
            let family = #""up":[\#(own),{"type":"gauge"}]"#
            return MetadataReply(
                list(.families(named: nil), [Array(family.utf8)]))
        }

        func series(
            _ question: MetadataQuestion
        ) throws(UpstreamError) -> MetadataReply {
            try note("series", question)
            let cut = seriesHeld.prefix(question.limit ?? .max)
            let elements = cut.map { labels in
                var out: [UInt8] = []
                ResultWriter.appendLabels(labels, to: &out)
                return out
            }
            return MetadataReply(
                list(.series(question.injection), elements),
                warnings: cut.count < seriesHeld.count
                    ? [RequestLimit.truncationWarning] : ["slow disk"])
        }
    }

    private let a = MockMember([
        ["__name__": "up", "job": "x"], ["__name__": "up", "job": "y", "project": "own"],
    ])
    private let b = MockMember([["__name__": "up", "job": "x", "zone": "z"]])

    private func federation(_ members: (String, MockMember)...) -> MetadataFederation {
        MetadataFederation(
            members: members.map { .init(name: $0.0, source: $0.1) },
            partition: PartitionLabel(), concurrency: 2)
    }

    private func request(
        _ selectors: [String] = [], limit: Int = 0
    ) throws
        -> MetadataFederation.Request
    {
        MetadataFederation.Request(
            selectors: try MetadataSelectors(
                selectors, SelectorRewriting(partition: PartitionLabel())), limit: limit)
    }

    /// The elements of an answer as JSON text, and whether the limit left some out.
    private func merged(
        _ answer: MetadataFederation.Answer, limit: Int = 0
    ) -> (text: String, count: Int, isTruncated: Bool) {
        var merge = ListMerge(answer.content, limit: limit)
        var out: [UInt8] = []
        #expect(merge.write(to: &out, upTo: .max) == .end)
        return (String(decoding: out, as: UTF8.self), merge.count, merge.isTruncated)
    }

    /// Of the two members, the second one has a static `zone`.
    private func labelled() -> MetadataFederation {
        var labelled = federation(("a", b), ("b", b))
        labelled.partition = PartitionLabel(labels: ["b": ["zone": "eu"]])
        return labelled
    }

    @Test func staticLabelsAreAmongTheNamesAndMakeRoom() async throws {
        let answer = await labelled().labelNames(try request())
        #expect(
            merged(answer).text == #""__name__","exported_zone","job","project","zone""#)
    }

    @Test func valuesOfALabelThatIsStaticInSomeMembersAreMerged() async throws {
        let answer = await labelled().labelValues(of: "zone", try request())
        #expect(merged(answer).text == #""eu","z""#)
        let renamed = await labelled().labelValues(of: "exported_zone", try request())
        #expect(merged(renamed).text == #""z""#)
    }

    @Test func labelNamesAreTheUnionAndTheProjectLabel() async throws {
        let answer = await federation(("a", a), ("b", b)).labelNames(try request())
        #expect(
            merged(answer).text == #""__name__","exported_project","job","project","zone""#)
        #expect(answer.asked.count == 2)
    }

    @Test func whereNothingMatchesThereIsNoProjectLabelEither() async throws {
        let empty = MockMember([])
        let answer = await federation(("a", empty)).labelNames(try request(["nope"]))
        #expect(merged(answer).text == "")
    }

    @Test func valuesOfTheProjectLabelAreMembersThatHaveSomething() async throws {
        let empty = MockMember([])
        let answer = await federation(("b", b), ("a", a), ("c", empty))
            .labelValues(of: "project", try request(["up"]))
        #expect(merged(answer).text == #""a","b""#)
        #expect(b.questions.withLock { $0 } == [#"labels {__name__="up"} limit 1"#])
    }

    @Test func valuesOfARenamedLabelAreAskedForByTheMembersOwnName() async throws {
        let answer = await federation(("a", a)).labelValues(of: "exported_project", try request())
        #expect(merged(answer).text == #""own""#)
        #expect(a.questions.withLock { $0 } == ["values of project "])
    }

    @Test func matchersOnTheProjectChooseMembersAndAreNotSent() async throws {
        let answer = await federation(("a", a), ("b", b))
            .series(try request([#"up{project="b",job=~"x|y"}"#, #"down{project!="a"}"#]))
        #expect(answer.asked.count == 1)
        #expect(a.questions.withLock { $0 } == [])
        #expect(
            b.questions.withLock { $0 } == [
                #"series {__name__="up",job=~"x|y"} {__name__="down"}"#
            ])
        #expect(
            merged(answer).text
                == #"{"__name__":"up","job":"x","project":"b","zone":"z"}"#)
    }

    @Test func aProjectNobodyHasIsAnEmptyAnswerThatAsksNobody() async throws {
        let answer = await federation(("a", a), ("b", b))
            .series(try request([#"{project="nobody"}"#]))
        #expect(answer.asked.count == 0)
        #expect(merged(answer).text.isEmpty)
    }

    @Test func nothingLeftOfASelectorAsksForEveryName() async throws {
        _ = await federation(("a", a), ("b", b)).series(try request([#"{project="a"}"#]))
        #expect(a.questions.withLock { $0 } == [#"series {__name__=~".+"}"#])
    }

    @Test func matchersOnRenamedLabelsAreSentUnderTheMembersName() async throws {
        _ = await federation(("a", a)).series(try request([#"up{exported_project="own"}"#]))
        #expect(a.questions.withLock { $0 } == [#"series {__name__="up",project="own"}"#])
    }

    @Test func seriesAreSortedWithTheirProjectAndEqualOnesOfTwoMembersStayTwo() async throws {
        let one = MockMember([["__name__": "up", "job": "x"]])
        let answer = await federation(("b", one), ("a", one)).series(try request(["up"]))
        #expect(
            merged(answer).text
                == #"{"__name__":"up","job":"x","project":"a"},"#
                + #"{"__name__":"up","job":"x","project":"b"}"#)
    }

    @Test func theLimitHoldsForTheMergedAnswerAndIsSaid() async throws {
        let answer = await federation(("a", a), ("b", b)).series(try request(["up"], limit: 2))
        #expect(merged(answer, limit: 2).count == 2)
        #expect(merged(answer, limit: 2).isTruncated)
        #expect(a.questions.withLock { $0 } == [#"series {__name__="up"} limit 3"#])
    }

    @Test func exactlyTheLimitIsNoTruncation() async throws {
        let answer = await federation(("a", a), ("b", b)).series(try request(["up"], limit: 3))
        #expect(merged(answer, limit: 3).count == 3)
        #expect(!merged(answer, limit: 3).isTruncated)
        #expect(answer.annotations.warnings == [#"slow disk (project "a", "b")"#])
    }

    @Test func descriptionsOfAMetricAreDistinctAndInOrder() async throws {
        let answer = await federation(("a", a), ("b", b)).families(metric: "up", try request())
        var out: [UInt8] = []
        var merge = FamilyMerge(of: answer.content.count, limit: nil, perFamily: nil)
        merge.add(answer.content)
        #expect(merge.write(to: &out, upTo: .max) == .end)
        #expect(
            String(decoding: out, as: UTF8.self)
                == #""up":[{"type":"gauge","unit":"","help":""},"#
                + #"{"type":"gauge","unit":"","help":"has 1"},"#
                + #"{"type":"gauge","unit":"","help":"has 2"}]"#)
    }

    @Test func aMemberThatFailsIsNamedAndTheOthersAnswer() async throws {
        let down = MockMember([], isDown: true)
        let answer = await federation(("a", a), ("b", down)).labelNames(try request())
        #expect(answer.partial.missing.map { answer.partial.names[$0.member] } == ["b"])
        #expect(merged(answer).text.contains(#""job""#))
    }

    @Test(arguments: [
        #"{project=~".*"}"#, #"{project!="x"}"#, #"{job=~"a?"}"#, "{}",
    ])
    func selectorsThatAcceptNothingAtAllAreRefusedAsWritten(text: String) {
        #expect(throws: MetadataSelectors.Refusal.selectsEverything) {
            _ = try MetadataSelectors([text], SelectorRewriting(partition: PartitionLabel()))
        }
    }
}

/// Lists that are merged while they are sent.
@Suite(.closesGateways) struct LongListTests {
    private static func values(_ range: Range<Int>, by step: Int) -> [String] {
        stride(from: range.lowerBound, to: range.upperBound, by: step).map {
            "value-\(String($0 + 1_000_000))"
        }
    }

    private static func data(_ values: [String]) -> String {
        "[\(values.map { #""\#($0)""# }.joined(separator: ","))]"
    }

    private static func series(_ values: [String], _ more: String = "") -> String {
        "[\(values.map { #"{"a":"\#($0)"\#(more)}"# }.joined(separator: ","))]"
    }

    private func gateway(_ ports: [String: Int], _ more: String = "") throws -> PrometheusResponder
    {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try GatewayApplication(
            configuration: try Configuration.parse(
                """
                projects:
                  - {name: x, prometheus: {url: "http://127.0.0.1:\(ports["x"] ?? 0)"}}
                  - {name: y, prometheus: {url: "http://127.0.0.1:\(ports["y"] ?? 0)"}}
                  - {name: down, prometheus: {url: "http://127.0.0.1:1"}}
                  - {name: all, memberProjects: [x, y]}
                  - {name: three, memberProjects: [x, y, down]}
                \(more)
                """, path: "c.yaml"),
            logger: logger
        ).closedAtTheEnd().responder
    }

    private static let some = values(0..<12_000, by: 2)
    private static let others = values(0..<12_000, by: 3)
    private static let x = ScriptedMember(data: [
        "/label/a/values": data(some), "/series": series(some),
    ])
    /// Its lists are not sorted.
    private static let y = ScriptedMember(data: [
        "/label/a/values": data(others.reversed()),
        "/series": series(others.reversed(), #","b":"<""#),
    ])

    @Test func `Long lists are the sorted union, and one member's failure is a warning`()
        async throws
    {
        let union = Set(Self.some + Self.others).sorted()
        let body = #"{"status":"success","data":\#(Self.data(union))"#
        try await LoopbackServers.serve(["x": Self.x.responder, "y": Self.y.responder]) { ports in
            let gateway = try gateway(ports)
            let whole = try await gateway.ask("/p/all/api/v1/label/a/values")
            #expect(whole.body == body + "}")
            #expect(whole.headers["Content-Type"] == "application/json")
            let part = try await gateway.ask("/p/three/api/v1/label/a/values")
            #expect(part.status == 200)
            #expect(part.body.hasPrefix(body + #","warnings":["project \"down\": "#))
            let refused = try await gateway.ask(
                "/p/three/api/v1/label/a/values?partial_response=abort")
            #expect(refused.status == 503)
        }
    }

    @Test func `Long lists of series are sorted, each with its project`() async throws {
        let all =
            Self.some.map { #"{"a":"\#($0)","project":"x"}"# }
            + Self.others.map { #"{"a":"\#($0)","b":"<","project":"y"}"# }
        let union = all.sorted().joined(separator: ",")
        try await LoopbackServers.serve(["x": Self.x.responder, "y": Self.y.responder]) { ports in
            let answer = try await gateway(ports).ask("/p/all/api/v1/series?match[]=z")
            #expect(answer.body == #"{"status":"success","data":[\#(union)]}"#)
        }
    }

    @Test func `The limit of a long list is met at once, and said`() async throws {
        let union = Set(Self.some + Self.others).sorted()
        try await LoopbackServers.serve(["x": Self.x.responder, "y": Self.y.responder]) { ports in
            let answer = try await gateway(ports).ask("/p/all/api/v1/label/a/values?limit=7000")
            let data = Self.data(Array(union.prefix(7000)))
            #expect(
                answer.body
                    == #"{"status":"success","data":\#(data),"#
                    + #""warnings":["results truncated due to limit"]}"#)
        }
    }

    @Test func `A member that has more elements than limits.maxSeries is missing`() async throws {
        try await LoopbackServers.serve(["x": Self.x.responder, "y": Self.y.responder]) { ports in
            let series = try await gateway(ports, "limits: {maxSeries: 5000}")
                .ask("/p/all/api/v1/series?match[]=z")
            #expect(series.status == 200)
            #expect(
                series.body.contains(
                    #"project \"x\": more than 5000 elements (limits.maxSeries)"#))
            #expect(series.body.contains(#""project":"y""#))
            #expect(!series.body.contains(#""project":"x""#))
        }
    }
}

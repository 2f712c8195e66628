import GatewayConfiguration
import GoText
import PromQL
import PromQLEngine
import PrometheusServer
import Testing
import TimeSeries
import Upstream

@testable import Federation
@testable import Gateway
@testable import PrometheusWire

/// A member that answers every fragment alike, and remote read.
private struct StoringSource: FragmentSource {
    enum Stored: Sendable {
        /// One native histogram, with so many observations.
        case holds(UInt64)
        case fails(UpstreamError)
    }
    var answer: String
    var storage: Stored
    var asked: Asked
    var mayServeRemoteRead = true

    func open(_ question: FragmentQuestion) async throws(UpstreamError) -> any FragmentStream {
        await asked.add("\(question.injection?.value(of: "project") ?? ""): \(question.text)")
        var scanner = ResponseScanner(injecting: question.injection)
        do throws(ScanError) {
            try scanner.append(answer.utf8)
            return AnsweredStream(trailer: try scanner.finish(), pages: scanner.takePages())
        } catch {
            throw .unavailable(error.description)
        }
    }

    func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool { true }

    func stored(_ question: StoredQuestion) async throws(UpstreamError) -> StoredAnswer {
        let selection = question.selection
        let names = selection.matchers.map(\.value).joined(separator: ",")
        let member = question.injection?.value(of: "project") ?? ""
        await asked.add(
            "\(member): read \(names) \(selection.from)...\(selection.through)")
        switch storage {
        case .fails(let failure): throw failure
        case .holds(let count):
            var histogram: [UInt8] = []
            WireWriter.append(1, varint: count, to: &histogram)
            var span: [UInt8] = []
            WireWriter.append(2, varint: 1, to: &span)
            WireWriter.append(11, bytes: span, to: &histogram)
            var delta: [UInt8] = []
            WireWriter.append(varint: count << 1, to: &delta)
            WireWriter.append(12, bytes: delta, to: &histogram)
            WireWriter.append(15, varint: 90_000, to: &histogram)
            var series: [UInt8] = []
            WireWriter.append(4, bytes: histogram, to: &series)
            var page = SeriesPage()
            let labels = LabelSet([
                "__name__": "h", "project": question.injection?.value(of: "project") ?? "",
            ])
            page.append(key: labels.key) { WireWriter.append(1, bytes: series, to: &$0) }
            return StoredAnswer(pages: [page]) { nil }
        }
    }
}

private actor Asked {
    private(set) var all: [String] = []
    func add(_ text: String) { all.append(text) }
}

private actor AnsweredStream: FragmentStream {
    private let end: ResponseScanner.Trailer
    private var pages: [SeriesPage]

    init(trailer: ResponseScanner.Trailer, pages: [SeriesPage]) {
        end = trailer
        self.pages = pages
    }

    func next() async throws(UpstreamError) -> SeriesPage? {
        pages.isEmpty ? nil : pages.removeFirst()
    }

    func trailer() async -> ResponseScanner.Trailer { end }
}

@Suite struct StoredReadingTests {
    private static func vector(_ element: String) -> String {
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"h"},"#
            + element + "}]}}"
    }

    /// As JSON shows it: two observations.
    private static let histogram = vector(
        #""histogram":[100,{"count":"2","sum":"0","buckets":[[0,"0.7071067811865475","1","1"],"#
            + #"[0,"1","1.414213562373095","1"]]}]"#)
    private static let float = vector(#""value":[100,"5"]"#)

    private func ask(
        _ query: String, _ sources: [(answer: String, storage: StoringSource.Stored)],
        exactness: Exactness = .strict, policy: PartialResponse = .safe, maxSamples: Int = 1000,
        serving: Bool = true, analyze: Bool = false, concurrency: Int = 8
    ) async throws -> (status: Int, body: String, asked: [String]) {
        let names = ["a", "b"]
        let project = ResolvedProject(
            name: "all",
            members: names.prefix(sources.count).map {
                Member(name: $0, source: .unavailable(reason: "unused"))
            }, isMultiCluster: true, partialResponse: policy, exactness: exactness,
            partition: PartitionLabel())
        let asked = Asked()
        var settings = QuerySettings()
        settings.maxSamples = maxSamples
        var limits = Limits()
        limits.maxMemberConcurrency = concurrency
        let execution = QueryExecution(
            settings: settings, limits: limits,
            resources: QueryResources(
                .init(computing: 2, requestBytes: 1 << 20, memoryBytes: 64 << 20)),
            source: { member in
                let (answer, storage) = sources[member.name == "a" ? 0 : 1]
                return StoringSource(
                    answer: answer, storage: storage, asked: asked, mayServeRemoteRead: serving)
            },
            boundary: { _, _ in .leftOpen }, now: { 100_000 })
        let request = try #require(
            PrometheusRequest(
                method: "GET",
                target: "/api/v1/query?query=\(query)&time=100\(analyze ? "&analyze=true" : "")"))
        let response =
            analyze
            ? await execution.explain(request, project: project)
            : await execution.respond(to: request, project: project, kind: .instant)
        let answer = try await response.collected()
        return (
            answer.status, String(decoding: answer.body, as: UTF8.self), await asked.all.sorted()
        )
    }

    @Test func `Native histograms that are added up are read as they are stored`() async throws {
        let answer = try await ask(
            "sum(h)", [(Self.histogram, .holds(7)), (Self.histogram, .holds(8))])
        #expect(answer.body.contains(#""count":"15""#), "\(answer.body)")
        #expect(
            answer.asked.filter { $0.contains("read") }
                == ["a: read h -200000...100000", "b: read h -200000...100000"])
    }

    @Test func `Two steps are made of the JSON alone`() async throws {
        let answer = try await ask(
            "sum(h)", [(Self.histogram, .holds(7)), (Self.histogram, .holds(8))],
            exactness: .twoStep)
        #expect(answer.asked == ["a: sum(h)", "b: sum(h)"])
    }

    @Test func `Floats are not read again`() async throws {
        let answer = try await ask("sum(h)", [(Self.float, .holds(7)), (Self.float, .holds(8))])
        #expect(answer.body.contains(#""value":[100,"10"]"#))
        #expect(answer.asked == ["a: h", "b: h"])
    }

    @Test func `A union is passed on as the members print it`() async throws {
        let answer = try await ask("h", [(Self.histogram, .holds(7)), (Self.histogram, .holds(8))])
        #expect(answer.asked == ["a: h", "b: h"])
    }

    @Test func `Members that answered with floats are not read beside those with histograms`()
        async throws
    {
        // One after the other, so that the first has answered.
        let answer = try await ask(
            "sum(h)", [(Self.float, .holds(7)), (Self.histogram, .holds(8))], concurrency: 1)
        #expect(
            answer.body.contains(
                "encountered a mix of histograms and floats for aggregation (1:5)"),
            "\(answer.body)")
        #expect(answer.asked == ["a: h", "b: h", "b: read h -200000...100000"])
    }

    @Test func `Members that have not answered yet are read with the first that has histograms`()
        async throws
    {
        let answer = try await ask(
            "sum(h)", [(Self.histogram, .holds(7)), (Self.histogram, .holds(8))], concurrency: 1)
        #expect(answer.body.contains(#""count":"15""#), "\(answer.body)")
        #expect(
            answer.asked == [
                "a: h", "a: read h -200000...100000", "b: read h -200000...100000",
            ])
    }

    @Test func `A member without remote read is taken by its JSON, and the client is told`()
        async throws
    {
        for serving in [true, false] {
            let answer = try await ask(
                "sum(h)",
                [(Self.histogram, .fails(.noRemoteRead)), (Self.float, .holds(8))],
                serving: serving)
            #expect(answer.status == 200)
            #expect(
                answer.body.contains(
                    #"native histograms of project \"a\" are what their JSON shows, as it serves "#
                        + "no remote read"), "\(answer.body)")
        }
        let floats = try await ask(
            "sum(h)", [(Self.float, .holds(1)), (Self.float, .holds(8))], serving: false)
        #expect(!floats.body.contains("infos"))
    }

    @Test func `A member that fails to give its stored samples is missing like any other`()
        async throws
    {
        let sources: [(answer: String, storage: StoringSource.Stored)] = [
            (Self.histogram, .holds(7)), (Self.histogram, .fails(UpstreamError(kind: .timeout))),
        ]
        let warned = try await ask("sum(h)", sources)
        #expect(warned.status == 200)
        #expect(warned.body.contains(#""count":"7""#))
        #expect(
            warned.body.contains(
                #"project \"b\": timed out (the answer is computed without it)"#), "\(warned.body)")
        let refused = try await ask("sum(h)==sum(h)", sources)
        #expect(refused.status == 503)
        let aborted = try await ask("sum(h)", sources, policy: .abort)
        #expect(aborted.status == 503)
    }

    @Test func `More stored samples than a query may hold are refused before they are read`()
        async throws
    {
        let answer = try await ask(
            "sum(h)", [(Self.histogram, .holds(7)), (Self.histogram, .holds(8))], maxSamples: 20)
        #expect(answer.status == 422)
        #expect(
            answer.body.contains("more than 20 stored samples in one query (query.maxSamples)"),
            "\(answer.body)")
    }

    @Test func `explain says what was read and what it cost`() async throws {
        let answer = try await ask(
            "sum(h)", [(Self.float, .holds(7)), (Self.histogram, .holds(8))], analyze: true,
            concurrency: 1)
        #expect(answer.body.contains("b: remote read h from -200000 ms through 100000 ms"))
        #expect(answer.body.contains("a: h  ["))
        #expect(
            answer.body.contains(
                "native histograms are computed here, from stored samples that remote read gives: b"
            ), "\(answer.body)")
    }
}

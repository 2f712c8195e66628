import PrometheusWire
import TimeSeries
import Upstream

/// A member reached over the network.
struct MemberMetadata: MetadataSource {
    let member: Member
    /// Elements of one answer; more are an error.
    let maximum: Int

    func labelNames(
        _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<ElementList> {
        let selection = SeriesSelection(question, atMost: maximum)
        let partition = PartitionLabel(question.injection?.name ?? "")
        return try reply(
            await member.ask(by: question.deadline) { client throws(UpstreamError) in
                try await client.labels(selection, beside: partition)
            })
    }

    func labelValues(
        of name: String, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<ElementList> {
        let selection = SeriesSelection(question, atMost: maximum)
        return try reply(
            await member.ask(by: question.deadline) { client throws(UpstreamError) in
                try await client.labelValues(name, selection)
            })
    }

    func series(
        _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<ElementList> {
        let selection = SeriesSelection(question, atMost: maximum)
        return try reply(
            await member.ask(by: question.deadline) { client throws(UpstreamError) in
                try await client.series(selection, injecting: question.injection)
            })
    }

    func families(
        metric: String?, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<[MetricFamily]> {
        let reply = try await member.ask(by: question.deadline) { client throws(UpstreamError) in
            let document = try await client.metadata(metric: metric, deadline: question.deadline)
            do throws(JSONCursor.Failure) {
                let families = try MetricDescription.families(document.data)
                    .filter { metric == nil || $0.name == metric }
                return MetadataReply(
                    content: families.map {
                        MetricFamily(name: $0.name, descriptions: $0.descriptions)
                    }, warnings: document.warnings, infos: document.infos,
                    partiality: document.partiality)
            } catch {
                throw UpstreamError(
                    kind: .malformed(
                        "malformed answer: its data is not what /api/v1/metadata answers with"))
            }
        }
        try check(reply.content.count)
        return reply
    }

    private func reply(
        _ list: UpstreamList
    ) throws(UpstreamError) -> MetadataReply<ElementList> {
        try check(list.elements.count)
        return MetadataReply(
            content: list.elements, warnings: list.warnings, infos: list.infos,
            partiality: list.partiality)
    }

    private func check(_ count: Int) throws(UpstreamError) {
        guard count <= maximum else {
            throw UpstreamError(
                kind: .oversized("more than \(maximum) elements (limits.maxSeries)"))
        }
    }
}

extension SeriesSelection {
    fileprivate init(_ question: MetadataQuestion, atMost maximum: Int) {
        self.init(
            matchers: question.selectors, start: question.start, end: question.end,
            limit: question.limit, maximum: maximum, deadline: question.deadline)
    }
}

/// A metric's name and everything distinct that members say about it.
struct MetricFamily: Sendable, Equatable {
    var name: String
    var descriptions: [MetricDescription]
}

/// What a member says about the metrics of one name.
struct MetricDescription: Sendable, Hashable, Comparable {
    var type = ""
    var unit = ""
    var help = ""

    static func < (a: MetricDescription, b: MetricDescription) -> Bool {
        for (left, right) in [(a.type, b.type), (a.unit, b.unit), (a.help, b.help)]
        where !left.utf8.elementsEqual(right.utf8) {
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        }
        return false
    }

    /// Reads the `data` of a member's `metadata`: an object of lists. Unknown fields are
    /// passed over.
    static func families(
        _ data: [UInt8]
    ) throws(JSONCursor.Failure) -> [(name: String, descriptions: [MetricDescription])] {
        var families: [(name: String, descriptions: [MetricDescription])] = []
        var cursor = JSONCursor(data)
        try cursor.object { (name, cursor) throws(JSONCursor.Failure) in
            var descriptions: [MetricDescription] = []
            try cursor.array { (cursor) throws(JSONCursor.Failure) in
                var description = MetricDescription()
                try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                    switch key {
                    case "type": description.type = try cursor.string()
                    case "unit": description.unit = try cursor.string()
                    case "help": description.help = try cursor.string()
                    default: try cursor.skip()
                    }
                }
                descriptions.append(description)
            }
            families.append((name, descriptions))
        }
        return families
    }
}

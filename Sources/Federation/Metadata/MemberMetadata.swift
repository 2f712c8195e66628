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
    ) async throws(UpstreamError) -> MetadataReply<String> {
        try reply(
            await member.ask(by: question.deadline) { client throws(UpstreamError) in
                try await client.labels(SeriesSelection(question))
            })
    }

    func labelValues(
        of name: String, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<String> {
        try reply(
            await member.ask(by: question.deadline) { client throws(UpstreamError) in
                try await client.labelValues(name, SeriesSelection(question))
            })
    }

    func series(_ question: MetadataQuestion) async throws(UpstreamError) -> MetadataReply<LabelSet>
    {
        let maximum = maximum
        let reply = try await member.ask(by: question.deadline) { client throws(UpstreamError) in
            let stream = try await client.series(SeriesSelection(question))
            var series: [LabelSet] = []
            while series.count <= maximum, let some = try await stream.next() { series += some }
            return MetadataReply(
                elements: series, warnings: await stream.warnings, infos: await stream.infos,
                partiality: await stream.partiality)
        }
        try check(reply.elements.count)
        return reply
    }

    func families(
        metric: String?, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<MetricFamily> {
        let document = try await member.ask(by: question.deadline) { client throws(UpstreamError) in
            try await client.metadata(metric: metric, deadline: question.deadline)
        }
        let families: [(name: String, descriptions: [MetricDescription])]
        do throws(JSONCursor.Failure) {
            families = try MetricDescription.families(document.data)
        } catch {
            throw .unavailable("the answer to metadata is malformed")
        }
        try check(families.count)
        return MetadataReply(
            elements: families.map { MetricFamily(name: $0.name, descriptions: $0.descriptions) },
            warnings: document.warnings, infos: document.infos,
            partiality: document.partiality)
    }

    private func reply<Element>(
        _ list: UpstreamList<Element>
    ) throws(UpstreamError) -> MetadataReply<Element> {
        try check(list.elements.count)
        return MetadataReply(
            elements: list.elements, warnings: list.warnings, infos: list.infos,
            partiality: list.partiality)
    }

    private func check(_ count: Int) throws(UpstreamError) {
        guard count <= maximum else {
            throw .limit("more than \(maximum) elements (limits.maxSeries)")
        }
    }
}

extension SeriesSelection {
    fileprivate init(_ question: MetadataQuestion) {
        self.init(
            matchers: question.selectors, start: question.start, end: question.end,
            limit: question.limit, deadline: question.deadline)
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

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
        return try reply(
            await member.ask(by: question.deadline) { client throws(UpstreamError) in
                try await client.labels(selection, beside: question.injection ?? .none)
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
    ) async throws(UpstreamError) -> MetadataReply<ElementList> {
        // Types and texts are those of a name, and the server does not say of which series.
        if member.clients.contains(where: { $0.configuration.selector != nil }) {
            return MetadataReply(
                content: ElementList([]),
                limitation: UnrestrictableAnswer.text(
                    project: member.name, path: "/api/v1/metadata"))
        }
        let selection = SeriesSelection(question, atMost: maximum)
        return try reply(
            await member.ask(by: question.deadline) { client throws(UpstreamError) in
                try await client.metadata(metric: metric, selection)
            })
    }

    private func reply(
        _ list: UpstreamList
    ) throws(UpstreamError) -> MetadataReply<ElementList> {
        if !list.isCut { try check(list.elements.count) }
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
            limit: question.limit, cutsAtLimit: question.cutsAtLimit, maximum: maximum,
            deadline: question.deadline,
            isRestricted: question.isRestricted)
    }
}

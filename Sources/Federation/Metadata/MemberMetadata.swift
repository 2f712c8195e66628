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
        let injection: LabelInjection = question.injection ?? .none
        let hidden = Set(hiddenLabels.map { injection.visibleName(of: $0) })
        return try await reply(question) { client, selection throws(UpstreamError) in
            try await client.labels(selection, beside: injection)
        } union: {
            ElementList(unionOf: $0, leavingOut: hidden)
        }
    }

    func labelValues(
        of name: String, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<ElementList> {
        if hiddenLabels.contains(name) { return MetadataReply(content: ElementList([])) }
        return try await reply(question) { client, selection throws(UpstreamError) in
            try await client.labelValues(name, selection)
        } union: {
            ElementList(unionOf: $0)
        }
    }

    func series(
        _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<ElementList> {
        let injection: LabelInjection = question.injection ?? .none
        let hidden = LabelNames(hiddenLabels.map { injection.visibleName(of: $0) })
        let isHiding = !hiddenLabels.isEmpty
        return try await reply(question) { client, selection throws(UpstreamError) in
            try await client.series(selection, injecting: question.injection)
        } union: {
            isHiding
                ? ElementList(seriesOf: $0, without: hidden) : ElementList(unionOf: $0)
        }
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
        return try await reply(question) { client, selection throws(UpstreamError) in
            try await client.metadata(metric: metric, selection)
        } union: {
            ElementList(unionOf: $0)
        }
    }

    /// Labels of the servers that are in no answer.
    private var hiddenLabels: [String] { member.replicas?.labels ?? [] }

    /// What the member answers; of replicas, what they have together.
    private func reply(
        _ question: MetadataQuestion,
        _ ask:
            @escaping @Sendable (UpstreamClient, SeriesSelection) async throws(UpstreamError)
            -> UpstreamList,
        union: ([ElementList]) -> ElementList
    ) async throws(UpstreamError) -> MetadataReply<ElementList> {
        var selection = SeriesSelection(question, atMost: maximum)
        guard let set = member.replicas else {
            let list = try await member.ask(by: question.deadline) {
                [selection] client throws(UpstreamError) in try await ask(client, selection)
            }
            return try reply([list]) { $0.first ?? ElementList([]) }
        }
        // They become one list, which none of them may be in the middle of.
        selection.heldBytes = nil
        if !set.labels.isEmpty {
            // Several elements may become one without these labels, and the order another.
            selection.limit = nil
            selection.cutsAtLimit = false
        }
        if !set.labels.isEmpty, !question.selectors.isEmpty {
            selection.matchers = question.selectors.compactMap(set.selectorInServers)
            if selection.matchers.isEmpty { return MetadataReply(content: ElementList([])) }
        }
        let lists = try await set.askEach(from: question.start, through: question.end) {
            [selection] client throws(UpstreamError) in try await ask(client, selection)
        }
        return try reply(lists, union)
    }

    private func reply(
        _ lists: [UpstreamList], _ union: ([ElementList]) -> ElementList
    ) throws(UpstreamError) -> MetadataReply<ElementList> {
        let content = union(lists.map(\.elements))
        for list in lists where !list.isCut { try check(list.elements.count) }
        return MetadataReply(
            content: content, warnings: lists.flatMap(\.warnings), infos: lists.flatMap(\.infos),
            partiality: lists.lazy.compactMap(\.partiality).first,
            rest: lists.lazy.compactMap(\.rest).first)
    }

    private func check(_ count: Int) throws(UpstreamError) {
        guard count <= maximum else { throw UpstreamError(kind: .moreElements(than: maximum)) }
    }
}

extension SeriesSelection {
    fileprivate init(_ question: MetadataQuestion, atMost maximum: Int) {
        self.init(
            matchers: question.selectors, start: question.start, end: question.end,
            limit: question.limit, cutsAtLimit: question.cutsAtLimit,
            heldBytes: question.heldBytes, maximum: maximum, deadline: question.deadline,
            isRestricted: question.isRestricted)
    }
}

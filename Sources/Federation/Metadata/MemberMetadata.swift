import PrometheusWire
import TimeSeries
import Upstream

/// A member reached over the network.
struct MemberMetadata: MetadataSource {
    let member: Member
    /// Elements of one answer; more are an error.
    let maximum: Int

    func labelNames(_ question: MetadataQuestion) async throws(UpstreamError) -> MetadataReply {
        let injection: LabelInjection = question.injection ?? .none
        let hidden = Set(hiddenLabels.map { injection.visibleName(of: $0) })
        return try await reply(question) { client, selection throws(UpstreamError) in
            try await client.labels(selection, beside: injection)
        } hiding: {
            $0.leavingOut(hidden)
        }
    }

    func labelValues(
        of name: String, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply {
        if hiddenLabels.contains(name) { return MetadataReply(ElementList([])) }
        return try await reply(question) { client, selection throws(UpstreamError) in
            try await client.labelValues(name, selection)
        }
    }

    func series(_ question: MetadataQuestion) async throws(UpstreamError) -> MetadataReply {
        let injection: LabelInjection = question.injection ?? .none
        let hidden = LabelNames(hiddenLabels.map { injection.visibleName(of: $0) })
        return try await reply(question) { client, selection throws(UpstreamError) in
            try await client.series(selection, injecting: question.injection)
        } hiding: {
            $0.leavingOut(labels: hidden)
        }
    }

    func families(
        metric: String?, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply {
        // Types and texts are those of a name, and the server does not say of which series.
        if member.clients.contains(where: { $0.configuration.selector != nil }) {
            return MetadataReply(
                ElementList([]),
                limitation: UnrestrictableAnswer.text(
                    project: member.name, path: "/api/v1/metadata"))
        }
        return try await reply(question) { client, selection throws(UpstreamError) in
            try await client.metadata(metric: metric, selection)
        }
    }

    /// Labels of the servers that are in no answer.
    private var hiddenLabels: [String] { member.replicas?.labels ?? [] }

    /// What the member answers; of replicas, what each of them does.
    ///
    /// - Parameter hiding: makes a list without the hidden labels; nil where it never has them.
    private func reply(
        _ question: MetadataQuestion,
        _ ask:
            @escaping @Sendable (UpstreamClient, SeriesSelection) async throws(UpstreamError)
            -> UpstreamList,
        hiding: ((ElementList) -> ElementList)? = nil
    ) async throws(UpstreamError) -> MetadataReply {
        var selection = SeriesSelection(question, atMost: maximum)
        guard let set = member.replicas else {
            // Where all must answer wholly, another cluster can be asked instead of one that breaks off.
            if member.pool != nil, !question.cutsAtLimit { selection.heldBytes = nil }
            let list = try await member.ask(by: question.deadline) {
                [selection] client throws(UpstreamError) in try await ask(client, selection)
            }
            return try reply([list])
        }
        guard !set.labels.isEmpty else {
            return try reply(try await askEach(of: set, question, selection, ask))
        }
        // Several elements may become one without these labels, and the order another.
        selection.limit = nil
        selection.cutsAtLimit = false
        if hiding != nil { selection.heldBytes = nil }
        if !question.selectors.isEmpty {
            selection.matchers = question.selectors.compactMap(set.selectorInServers)
            if selection.matchers.isEmpty { return MetadataReply(ElementList([])) }
        }
        var lists = try await askEach(of: set, question, selection, ask)
        if let hiding {
            for index in lists.indices { lists[index].elements = hiding(lists[index].elements) }
        }
        return try reply(lists)
    }

    private func askEach(
        of set: ReplicaSet, _ question: MetadataQuestion, _ selection: SeriesSelection,
        _ ask:
            @escaping @Sendable (UpstreamClient, SeriesSelection) async throws(UpstreamError)
            -> UpstreamList
    ) async throws(UpstreamError) -> [UpstreamList] {
        try await set.askEach(from: question.start, through: question.end) {
            client throws(UpstreamError) in try await ask(client, selection)
        }
    }

    private func reply(_ lists: [UpstreamList]) throws(UpstreamError) -> MetadataReply {
        for list in lists where !list.isCut { try check(list.elements.count) }
        return MetadataReply(
            lists: lists.map { MetadataReply.List(elements: $0.elements, rest: $0.rest) },
            warnings: lists.flatMap(\.warnings), infos: lists.flatMap(\.infos),
            partiality: lists.lazy.compactMap(\.partiality).first)
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

import GoText
import PrometheusWire
import TimeSeries
import Upstream

/// Answers questions about labels and series over all members, as the union would answer them.
struct MetadataFederation: Sendable {
    struct Member: Sendable {
        var name: String
        var source: any MetadataSource
    }

    /// What the members together said.
    struct Answer<Element: Sendable>: Sendable {
        var elements: [Element]
        /// What members said beside, with their names.
        var annotations = MemberAnnotations()
        /// Whether the limit left something out.
        var isTruncated = false
        /// Members that did not answer, or not wholly.
        var partial: PartialAnswer
        /// Members that were asked.
        var asked: Set<Int>
    }

    /// What is asked, before it is known of whom.
    struct Request: Sendable {
        var selectors: MetadataSelectors
        var start: Timestamp?
        var end: Timestamp?
        /// 0 for no limit.
        var limit = 0
        var deadline: ContinuousClock.Instant?
    }

    var members: [Member]
    var partition: PartitionLabel
    /// Members asked at once.
    var concurrency: Int

    // MARK: The three questions

    /// Label names, sorted bytewise; the partition label, where there is one, is one of them if
    /// there are any.
    func labelNames(_ request: Request) async -> Answer<String> {
        let replies = await ask(request) { source, question throws(UpstreamError) in
            try await source.labelNames(question)
        }
        return merged(replies, limit: request.limit) { replies in
            var names = Set<ByteString>()
            for reply in replies {
                for name in reply.elements {
                    names.insert(ByteString(partition.visibleName(of: name)))
                }
            }
            if !names.isEmpty, !partition.isNone { names.insert(ByteString(partition.name)) }
            return names.sorted().map(\.text)
        }
    }

    /// Values of a label, sorted bytewise. Those of the partition label are the names of the members
    /// that have at least one matching series.
    func labelValues(of name: String, _ request: Request) async -> Answer<String> {
        if partition.isName(name) { return await memberNames(request) }
        let memberName = partition.memberName(of: name)
        let replies = await ask(request) { source, question throws(UpstreamError) in
            try await source.labelValues(of: memberName, question)
        }
        return merged(replies, limit: request.limit) { replies in
            var values = Set<ByteString>()
            for reply in replies {
                for value in reply.elements { values.insert(ByteString(value)) }
            }
            return values.sorted().map(\.text)
        }
    }

    /// Label sets with the partition label, sorted; of one member each once.
    func series(_ request: Request) async -> Answer<LabelSet> {
        let replies = await ask(request) { source, question throws(UpstreamError) in
            try await source.series(question)
        }
        return merged(replies, limit: request.limit) { replies in
            var series: [LabelSet] = []
            for reply in replies {
                let own = Set(reply.elements.map { partition.injecting(reply.member, into: $0) })
                series.append(contentsOf: own)
            }
            return series.sorted()
        }
    }

    private func memberNames(_ request: Request) async -> Answer<String> {
        var probe = request
        probe.limit = 0
        let replies = await ask(probe) { source, question throws(UpstreamError) in
            var question = question
            question.limit = 1
            return try await source.labelNames(question)
        }
        return merged(replies, limit: request.limit) { replies in
            replies.filter { !$0.elements.isEmpty }.map { ByteString($0.member) }.sorted()
                .map(\.text)
        }
    }

    // MARK: Asking and merging

    struct Given<Element: Sendable> {
        var member: String
        var elements: [Element]
    }

    /// A member that the selectors choose, and the question in its own names.
    private struct Chosen: Sendable {
        var index: Int
        var source: any MetadataSource
        var question: MetadataQuestion
    }

    /// What the chosen members said.
    struct Replies<Element: Sendable> {
        var given: [Given<Element>] = []
        var asked: Set<Int> = []
        var partial: PartialAnswer
        var annotations = MemberAnnotations()
    }

    /// Asks the members that the selectors choose, and no others.
    func ask<Element: Sendable>(
        _ request: Request,
        _ ask:
            @escaping @Sendable (any MetadataSource, MetadataQuestion) async throws(UpstreamError)
            -> MetadataReply<Element>
    ) async -> Replies<Element> {
        let chosen = members.enumerated().compactMap { index, member in
            request.selectors.texts(forMember: member.name).map { texts in
                Chosen(
                    index: index, source: member.source,
                    question: MetadataQuestion(
                        selectors: texts, start: request.start, end: request.end,
                        // One more than is wanted shows whether there are more.
                        limit: request.limit > 0 ? request.limit &+ 1 : nil,
                        deadline: request.deadline))
            }
        }
        let outcomes = await FanOut(width: concurrency).replies(to: chosen) {
            one throws(UpstreamError) in try await ask(one.source, one.question)
        }
        var replies = Replies<Element>(partial: PartialAnswer(names: members.map(\.name)))
        replies.annotations.areNamed = !partition.isNone
        for reply in outcomes {
            let member = chosen[reply.index].index
            replies.asked.insert(member)
            switch reply.outcome {
            case .failure(let error): replies.partial.add(member, error)
            case .success(let value):
                replies.given.append(
                    Given(member: members[member].name, elements: value.elements))
                replies.annotations.add(
                    warnings: value.warnings, infos: value.infos, from: members[member].name)
                replies.partial.add(partOf: member, value.partiality)
            }
        }
        return replies
    }

    func merged<Element: Sendable, Result: Sendable>(
        _ replies: Replies<Element>, limit: Int, _ merge: ([Given<Element>]) -> [Result]
    ) -> Answer<Result> {
        var answer = Answer<Result>(
            elements: merge(replies.given), annotations: replies.annotations,
            partial: replies.partial, asked: replies.asked)
        if limit > 0, answer.elements.count > limit {
            answer.elements = Array(answer.elements.prefix(limit))
            answer.isTruncated = true
        }
        return answer
    }
}

extension MetadataFederation {
    /// What is said about metrics: families sorted bytewise, of each the distinct descriptions.
    ///
    /// - Parameter metric: one family's name; nil for all.
    func families(metric: String?, _ request: Request) async -> Answer<MetricFamily> {
        let replies = await ask(request) { source, question throws(UpstreamError) in
            try await source.families(metric: metric, question)
        }
        return merged(replies, limit: 0) { replies in
            var byName: [ByteString: Set<MetricDescription>] = [:]
            for family in replies.flatMap(\.elements) {
                byName[ByteString(family.name), default: []].formUnion(family.descriptions)
            }
            return byName.sorted { $0.key < $1.key }.map { name, descriptions in
                MetricFamily(name: name.text, descriptions: descriptions.sorted())
            }
        }
    }
}

/// One question about labels or series, as it is put to one member.
struct MetadataQuestion: Sendable, Equatable {
    /// Selectors in the member's own names; none for everything.
    var selectors: [String] = []
    /// Nil for as far as there is data.
    var start: Timestamp?
    var end: Timestamp?
    /// The most elements worth sending; nil for all.
    var limit: Int?
    /// When the answer is of no more use.
    var deadline: ContinuousClock.Instant?
}

/// What a member answered.
struct MetadataReply<Element: Sendable>: Sendable {
    var elements: [Element]
    var warnings: [String] = []
    var infos: [String] = []
    /// Why elements are missing, as the member says; nil of a whole answer.
    var partiality: String?
}

/// Says which labels and series a member has.
protocol MetadataSource: Sendable {
    func labelNames(
        _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<String>
    /// - Parameter name: in the member's own naming.
    func labelValues(
        of name: String, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<String>
    func series(_ question: MetadataQuestion) async throws(UpstreamError) -> MetadataReply<LabelSet>
    /// - Parameter metric: one family's name; nil for all.
    func families(
        metric: String?, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<MetricFamily>
}

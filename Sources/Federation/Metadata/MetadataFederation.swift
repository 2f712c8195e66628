import GoText
import PromQL
import PrometheusWire
import TimeSeries
import Upstream

/// Answers questions about labels and series over all members, as the union would answer them.
struct MetadataFederation: Sendable {
    struct Member: Sendable {
        var name: String
        var source: any MetadataSource
        /// Whether it may have samples between two times, of which nil leaves that side open.
        var mayHave: @Sendable (_ from: Timestamp?, _ through: Timestamp?) -> Bool = { _, _ in true
        }
    }

    /// What the members together said.
    struct Answer<Content: Sendable>: Sendable {
        var content: Content
        /// What members said beside, with their names.
        var annotations: MemberAnnotations
        /// Members that did not answer, or not wholly.
        var partial: PartialAnswer
        /// Members that were asked.
        var asked: Set<Int>
        /// Members of which nothing can be shown, in words.
        var limitations: [String] = []
        /// What still arrives of lists that are the content.
        var rests: [Rest] = []
    }

    /// What still arrives of a list.
    struct Rest: Sendable {
        /// Which one of those that came.
        var list: Int
        var member: Int
        var stream: ListStream
    }

    /// What is asked, before it is known of whom.
    struct Request: Sendable {
        var selectors: MetadataSelectors
        var start: Timestamp?
        var end: Timestamp?
        /// 0 for no limit.
        var limit = 0
        /// Whether members must answer wholly, so that their lists are read to the end.
        var isWhole = false
        /// Bytes of all lists together behind which their rests may be left to be read as they arrive.
        var heldBytes = 0
        /// Members whose lists turned out not to be in order after a part of them was given.
        var unsorted = UnsortedMembers()
        var deadline: ContinuousClock.Instant?
    }

    var members: [Member]
    var partition: PartitionLabel
    /// Members asked at once.
    var concurrency: Int

    // MARK: The questions

    /// Lists whose merge are the label names; those that a member's series get are among them if the
    /// member has any.
    func labelNames(_ request: Request) async -> Answer<[ElementList]> {
        let replies = await ask(request) { source, question throws(UpstreamError) in
            var question = question
            // Those that are renamed change their places: the first ones are not the first any more.
            if question.injection != nil { question.limit = nil }
            question.heldBytes = nil
            return try await source.labelNames(question)
        }
        return replies.answer { given in
            var lists = given.map(\.content)
            let added = given.filter { !$0.content.isEmpty }.flatMap { one in
                partition.labels(of: one.member).labels.filter { !$0.value.isEmpty }.map(\.name)
            }
            if !added.isEmpty { lists.append(ElementList(Set(added).sorted())) }
            return lists
        }
    }

    /// Lists whose merge are the values of a label. One that a member's series get has the member's
    /// value if there is at least one matching series.
    func labelValues(of name: String, _ request: Request) async -> Answer<[ElementList]> {
        let replies = await ask(request) {
            (source, question) async throws(UpstreamError) -> MetadataReply<ElementList> in
            let injection: LabelInjection = question.injection ?? .none
            guard let value = injection.value(of: name) else {
                return try await source.labelValues(of: injection.memberName(of: name), question)
            }
            var probe = question
            probe.limit = 1
            probe.heldBytes = nil
            var reply = try await source.labelNames(probe)
            let values: [String] = reply.content.isEmpty || value.isEmpty ? [] : [value]
            reply.content = ElementList(values)
            return reply
        }
        return replies.answer { $0.map(\.content) }
    }

    /// Lists whose merge are the label sets with the labels that are added; of one member each once.
    func series(_ request: Request) async -> Answer<[ElementList]> {
        let replies = await ask(request) { source, question throws(UpstreamError) in
            try await source.series(question)
        }
        return replies.answer { $0.map(\.content) }
    }

    /// Lists that `FamilyMerge` merges: what is said about metrics.
    ///
    /// - Parameter metric: the one that is wanted; nil for all.
    func families(metric: String?, _ request: Request) async -> Answer<[ElementList]> {
        let replies = await ask(request) { source, question throws(UpstreamError) in
            try await source.families(metric: metric, question)
        }
        return replies.answer { $0.map(\.content) }
    }

    // MARK: Asking

    struct Given<Content: Sendable> {
        var member: String
        var content: Content
    }

    /// A member that the selectors choose, and the question in its own names.
    private struct Chosen: Sendable {
        var index: Int
        var source: any MetadataSource
        var question: MetadataQuestion
    }

    /// What the chosen members said.
    struct Replies<Content: Sendable> {
        var given: [Given<Content>] = []
        var asked: Set<Int> = []
        var partial: PartialAnswer
        var annotations = MemberAnnotations()
        var limitations: [String] = []
        var rests: [Rest] = []

        /// The answer whose content is made of theirs.
        func answer<Result: Sendable>(
            _ content: ([Given<Content>]) -> Result
        ) -> Answer<Result> {
            Answer(
                content: content(given), annotations: annotations, partial: partial, asked: asked,
                limitations: limitations, rests: rests)
        }
    }

    /// Asks the members that the selectors choose, and no others.
    func ask<Content: Sendable>(
        _ request: Request,
        _ ask:
            @escaping @Sendable (any MetadataSource, MetadataQuestion) async throws(UpstreamError)
            -> MetadataReply<Content>
    ) async -> Replies<Content> {
        let partition = partition
        var chosen = members.enumerated().compactMap { index, member -> Chosen? in
            guard member.mayHave(request.start, request.end) else { return nil }
            return request.selectors.texts(forMember: member.name).map { texts in
                Chosen(
                    index: index, source: member.source,
                    question: MetadataQuestion(
                        selectors: texts, start: request.start, end: request.end,
                        // One more than is wanted shows whether there are more.
                        limit: request.limit > 0 ? request.limit &+ 1 : nil,
                        cutsAtLimit: !request.isWhole,
                        deadline: request.deadline,
                        isRestricted: request.selectors.areRestricted,
                        injection: LabelInjection(partition, of: member.name)))
            }
        }
        // Rests take a place each among the transfers under way.
        if !request.isWhole, request.heldBytes > 0, chosen.count <= concurrency {
            for index in chosen.indices
            where !request.unsorted.contains(members[chosen[index].index].name) {
                chosen[index].question.heldBytes = request.heldBytes / chosen.count
            }
        }
        let outcomes = await FanOut(width: concurrency).replies(to: chosen) {
            one throws(UpstreamError) in try await ask(one.source, one.question)
        }
        var replies = Replies<Content>(partial: PartialAnswer(names: members.map(\.name)))
        replies.annotations.areNamed = !partition.isNone
        for reply in outcomes {
            let member = chosen[reply.index].index
            replies.asked.insert(member)
            switch reply.outcome {
            case .failure(let error): replies.partial.add(member, error)
            case .success(let value):
                if let rest = value.rest {
                    replies.rests.append(
                        Rest(list: replies.given.count, member: member, stream: rest))
                }
                replies.given.append(
                    Given(member: members[member].name, content: value.content))
                replies.annotations.add(
                    warnings: value.warnings, infos: value.infos, from: members[member].name)
                replies.partial.add(partOf: member, value.partiality)
                if let limitation = value.limitation { replies.limitations.append(limitation) }
            }
        }
        return replies
    }
}

/// One question about labels or series, as it is put to one member.
struct MetadataQuestion: Sendable {
    /// Selectors in the member's own names; none for everything.
    var selectors: [String] = []
    /// Nil for as far as there is data.
    var start: Timestamp?
    var end: Timestamp?
    /// The most elements worth sending; nil for all.
    var limit: Int?
    /// Whether a list in order is not read further than that.
    var cutsAtLimit = false
    /// Bytes of a list in order behind which the rest may be left to be read as it arrives; nil where
    /// all is read before.
    var heldBytes: Int?
    /// When the answer is of no more use.
    var deadline: ContinuousClock.Instant?
    /// Whether nothing of other series may be in the answer.
    var isRestricted = false
    /// The labels that the answer gets: label sets hold them, and names make room for them. Nil where
    /// the answer is the member's own.
    var injection: LabelInjection?
}

/// What a member answered.
struct MetadataReply<Content: Sendable>: Sendable {
    var content: Content
    var warnings: [String] = []
    var infos: [String] = []
    /// Why elements are missing, as the member says; nil of a whole answer.
    var partiality: String?
    /// Gives what is still to come of a list; nil where that is nothing.
    var rest: ListStream?
    /// Why nothing of the member can be shown; nil where something can.
    var limitation: String?
}

/// Says which labels and series a member has.
protocol MetadataSource: Sendable {
    func labelNames(
        _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<ElementList>
    /// - Parameter name: in the member's own naming.
    func labelValues(
        of name: String, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<ElementList>
    func series(
        _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<ElementList>
    /// - Parameter metric: the one that is wanted; nil for all.
    func families(
        metric: String?, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply<ElementList>
}

/// The `match[]` of a request, taken apart by member.
struct MetadataSelectors: Sendable {
    enum Refusal: Error, Equatable {
        case syntax(ParseError)
        /// A selector whose every matcher accepts the empty string.
        case selectsEverything

        var text: String {
            switch self {
            case .syntax(let error): error.description
            case .selectsEverything: "match[] must contain at least one non-empty matcher"
            }
        }
    }

    private let selectors: [VectorSelector]
    private let rewriting: SelectorRewriting

    /// Whether a selector is selective is judged as it was written, matchers on the partition label
    /// included.
    ///
    init(_ texts: [String], _ rewriting: SelectorRewriting) throws(Refusal) {
        self.rewriting = rewriting
        var parsed: [VectorSelector] = []
        for text in texts {
            let selector: VectorSelector
            do throws(ParseError) {
                selector = try parseSelector(text)
            } catch {
                throw .syntax(error)
            }
            if selector.matchers.allSatisfy({ SelectorRewriting.matcher($0, accepts: "") }) {
                throw .selectsEverything
            }
            parsed.append(selector)
        }
        selectors = parsed
    }

    var isEmpty: Bool { selectors.isEmpty }
    /// Whether they hold matchers that are not the client's.
    var areRestricted: Bool { !rewriting.restriction.isEmpty }

    /// What to send to a member: nothing at all for every series of it, or the selectors that
    /// choose it. nil when there are selectors and none chooses it.
    func texts(forMember member: String) -> [String]? {
        if selectors.isEmpty {
            if rewriting.restriction.isEmpty { return [] }
            return rewriting.matchers([], forMember: member).map { [Self.text($0)] }
        }
        let texts = selectors.compactMap { selector -> String? in
            guard let matchers = rewriting.matchers(selector.matchers, forMember: member) else {
                return nil
            }
            return Self.text(matchers)
        }
        return texts.isEmpty ? nil : texts
    }

    /// Whether labels, as users see them, satisfy one of the selectors, or there is none.
    func accept(_ labels: LabelSet) -> Bool {
        selectors.isEmpty
            || selectors.contains { selector in
                selector.matchers.allSatisfy {
                    SelectorRewriting.matcher($0, accepts: labels[$0.name] ?? "")
                }
            }
    }

    /// Matchers alone, the name's among them: `{__name__="up",job="a"}` says the same as `up{…}`
    /// and needs no look at how the name was written.
    private static func text(_ matchers: [LabelMatcher]) -> String {
        Expression.vectorSelector(VectorSelector(matchers: matchers)).description
    }
}

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
        /// The most lists that it gives: one for each of its replicas.
        var listCount = 1
        /// Whether it may have samples between two times, of which nil leaves that side open.
        var mayHave: @Sendable (_ from: Timestamp?, _ through: Timestamp?) -> Bool = { _, _ in true
        }
    }

    /// What the members together said.
    struct Answer: Sendable {
        /// Lists to be merged.
        var content: [ElementList] = []
        /// Of each list, the member that gave it; nil of what no member gave.
        var owners: [Int?] = []
        /// What members said beside, with their names.
        var annotations = MemberAnnotations()
        /// Members that did not answer, or not wholly.
        var partial: PartialAnswer
        /// Members that were asked.
        var asked: Set<Int> = []
        /// Members of which nothing can be shown, in words.
        var limitations: [String] = []
        /// What still arrives of lists that are the content.
        var rests: [Rest] = []

        /// Lists of each member.
        var listCounts: [Int: Int] {
            owners.compactMap(\.self).reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }

        fileprivate mutating func add(_ list: ElementList, of owner: Int?, rest: ListStream?) {
            if let rest, let owner {
                rests.append(Rest(list: content.count, member: owner, stream: rest))
            }
            content.append(list)
            owners.append(owner)
        }
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
        /// Whether members must answer wholly, so that their lists are read to the end before the answer
        /// begins.
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
    func labelNames(_ request: Request) async -> Answer {
        var (answer, given) = await ask(request) { source, question throws(UpstreamError) in
            var question = question
            // Those that are renamed change their places: the first ones are not the first any more.
            if question.injection != nil { question.limit = nil }
            return try await source.labelNames(question)
        }
        let added = given.flatMap { member in
            partition.labels(of: member).labels.filter { !$0.value.isEmpty }.map(\.name)
        }
        if !added.isEmpty {
            answer.add(ElementList(Set(added).sorted()), of: nil, rest: nil)
        }
        return answer
    }

    /// Lists whose merge are the values of a label. One that a member's series get has the member's
    /// value if there is at least one matching series.
    func labelValues(of name: String, _ request: Request) async -> Answer {
        await ask(request) { (source, question) async throws(UpstreamError) -> MetadataReply in
            let injection: LabelInjection = question.injection ?? .none
            guard let value = injection.value(of: name) else {
                return try await source.labelValues(of: injection.memberName(of: name), question)
            }
            var probe = question
            probe.limit = 1
            probe.heldBytes = nil
            var reply = try await source.labelNames(probe)
            let values: [String] = reply.isEmpty || value.isEmpty ? [] : [value]
            reply.lists = [MetadataReply.List(elements: ElementList(values))]
            return reply
        }.answer
    }

    /// Lists whose merge are the label sets with the labels that are added; of one member each once.
    func series(_ request: Request) async -> Answer {
        await ask(request) { source, question throws(UpstreamError) in
            try await source.series(question)
        }.answer
    }

    /// Lists that `FamilyMerge` merges: what is said about metrics.
    ///
    /// - Parameter metric: the one that is wanted; nil for all.
    func families(metric: String?, _ request: Request) async -> Answer {
        await ask(request) { source, question throws(UpstreamError) in
            try await source.families(metric: metric, question)
        }.answer
    }

    // MARK: Asking

    /// A member that the selectors choose, and the question in its own names.
    private struct Chosen: Sendable {
        var index: Int
        var source: any MetadataSource
        var question: MetadataQuestion
    }

    /// Asks the members that the selectors choose, and no others.
    ///
    /// - Returns: what they said, and the names of those that have something.
    private func ask(
        _ request: Request,
        _ ask:
            @escaping @Sendable (any MetadataSource, MetadataQuestion) async throws(UpstreamError)
            -> MetadataReply
    ) async -> (answer: Answer, given: [String]) {
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
        let listCount = chosen.reduce(0) { $0 + members[$1.index].listCount }
        if request.heldBytes > 0, listCount <= concurrency {
            for index in chosen.indices
            where !request.unsorted.contains(members[chosen[index].index].name) {
                chosen[index].question.heldBytes = max(1, request.heldBytes / listCount)
            }
        }
        let outcomes = await FanOut(width: concurrency).replies(to: chosen) {
            one throws(UpstreamError) in try await ask(one.source, one.question)
        }
        var answer = Answer(partial: PartialAnswer(names: members.map(\.name)))
        answer.annotations.areNamed = !partition.isNone
        var given: [String] = []
        for reply in outcomes {
            let member = chosen[reply.index].index
            answer.asked.insert(member)
            switch reply.outcome {
            case .failure(let error): answer.partial.add(member, error)
            case .success(let value):
                for list in value.lists { answer.add(list.elements, of: member, rest: list.rest) }
                if !value.isEmpty { given.append(members[member].name) }
                answer.annotations.add(
                    warnings: value.warnings, infos: value.infos, from: members[member].name)
                answer.partial.add(partOf: member, value.partiality)
                if let limitation = value.limitation { answer.limitations.append(limitation) }
            }
        }
        return (answer, given)
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
struct MetadataReply: Sendable {
    /// A list, maybe not wholly here.
    struct List: Sendable {
        var elements: ElementList
        /// Gives what is still to come; nil where that is nothing.
        var rest: ListStream?
    }

    /// One, or of replicas one each, which may have the same elements.
    var lists: [List]
    var warnings: [String] = []
    var infos: [String] = []
    /// Why elements are missing, as the member says; nil of a whole answer.
    var partiality: String?
    /// Why nothing of the member can be shown; nil where something can.
    var limitation: String?

    init(
        lists: [List], warnings: [String] = [], infos: [String] = [], partiality: String? = nil,
        limitation: String? = nil
    ) {
        self.lists = lists
        self.warnings = warnings
        self.infos = infos
        self.partiality = partiality
        self.limitation = limitation
    }

    init(_ elements: ElementList, warnings: [String] = [], limitation: String? = nil) {
        self.init(
            lists: [List(elements: elements)], warnings: warnings, limitation: limitation)
    }

    var isEmpty: Bool { lists.allSatisfy(\.elements.isEmpty) }
}

/// Says which labels and series a member has.
protocol MetadataSource: Sendable {
    func labelNames(_ question: MetadataQuestion) async throws(UpstreamError) -> MetadataReply
    /// - Parameter name: in the member's own naming.
    func labelValues(
        of name: String, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply
    func series(_ question: MetadataQuestion) async throws(UpstreamError) -> MetadataReply
    /// - Parameter metric: the one that is wanted; nil for all.
    func families(
        metric: String?, _ question: MetadataQuestion
    ) async throws(UpstreamError) -> MetadataReply
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

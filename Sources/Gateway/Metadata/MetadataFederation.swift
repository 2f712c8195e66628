import Federation
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
        var warnings: [String] = []
        var infos: [String] = []
        /// Members that did not answer, in the order of the project's members.
        var failures: [Failure] = []
        /// Members that answered without some of their data, in the same order.
        var parts: [Failure] = []
        /// How many members were asked.
        var asked = 0
    }

    struct Failure: Sendable {
        var member: String
        var error: any Error
    }

    /// What is asked, before it is known of whom.
    struct Request: Sendable {
        var selectors: MetadataSelectors
        var start: Int64?
        var end: Int64?
        /// 0 for no limit.
        var limit = 0
        var deadline: ContinuousClock.Instant?
    }

    static let truncationWarning = "results truncated due to limit"

    var members: [Member]
    var partition: PartitionLabel
    /// Members asked at once.
    var concurrency: Int

    // MARK: The three questions

    /// Label names, sorted bytewise; the partition label is one of them if there are any.
    func labelNames(_ request: Request) async -> Answer<String> {
        let replies = await ask(request) { source, question in
            try await source.labelNames(question)
        }
        return merged(replies, limit: request.limit) { replies in
            var names = Set<ByteString>()
            for reply in replies {
                for name in reply.elements {
                    names.insert(ByteString(partition.visibleName(of: name)))
                }
            }
            if !names.isEmpty { names.insert(ByteString(partition.name)) }
            return names.sorted().map(\.text)
        }
    }

    /// Values of a label, sorted bytewise. Those of the partition label are the names of the members
    /// that have at least one matching series.
    func labelValues(of name: String, _ request: Request) async -> Answer<String> {
        if name.utf8.elementsEqual(partition.name.utf8) { return await memberNames(request) }
        let memberName = partition.memberName(of: name)
        let replies = await ask(request) { source, question in
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
        let replies = await ask(request) { source, question in
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
        let replies = await ask(probe) { source, question in
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

    struct Reply<Element: Sendable>: Sendable {
        var index: Int
        var member: String
        var result: Result<MetadataReply<Element>, any Error>
    }

    struct Given<Element: Sendable> {
        var member: String
        var elements: [Element]
    }

    /// Asks the members that the selectors choose, and no other.
    func ask<Element: Sendable>(
        _ request: Request,
        _ question:
            @escaping @Sendable (any MetadataSource, MetadataQuestion) async throws ->
            MetadataReply<Element>
    ) async -> [Reply<Element>] {
        let chosen = members.enumerated().compactMap { index, member in
            request.selectors.texts(forMember: member.name).map { texts in
                (
                    index, member,
                    MetadataQuestion(
                        selectors: texts, start: request.start, end: request.end,
                        // One more than is wanted shows whether there are more.
                        limit: request.limit > 0 ? request.limit &+ 1 : nil,
                        deadline: request.deadline)
                )
            }
        }
        var replies: [Reply<Element>] = []
        await withTaskGroup(of: Reply<Element>.self) { group in
            var next = chosen.makeIterator()
            func start(_ one: (Int, Member, MetadataQuestion)) {
                let (index, member, asked) = one
                group.addTask {
                    do {
                        let reply = try await question(member.source, asked)
                        return Reply(index: index, member: member.name, result: .success(reply))
                    } catch {
                        return Reply(index: index, member: member.name, result: .failure(error))
                    }
                }
            }
            for _ in 0..<max(1, concurrency) {
                guard let one = next.next() else { break }
                start(one)
            }
            while let reply = await group.next() {
                replies.append(reply)
                if let one = next.next() { start(one) }
            }
        }
        return replies.sorted { $0.index < $1.index }
    }

    func merged<Element: Sendable, Result: Sendable>(
        _ replies: [Reply<Element>], limit: Int, _ merge: ([Given<Element>]) -> [Result]
    ) -> Answer<Result> {
        var answer = Answer<Result>(elements: [], asked: replies.count)
        var given: [Given<Element>] = []
        for reply in replies {
            switch reply.result {
            case .failure(let error):
                answer.failures.append(Failure(member: reply.member, error: error))
            case .success(let value):
                given.append(Given(member: reply.member, elements: value.elements))
                // Whether anything was cut is judged on the merged answer.
                answer.warnings += value.warnings.filter {
                    $0 != Self.truncationWarning && !Partiality.tellsOfAMissingPart($0)
                }
                if let cause = value.partiality {
                    answer.parts.append(
                        Failure(member: reply.member, error: APIError(.unavailable, cause)))
                }
                answer.infos += value.infos
            }
        }
        answer.elements = merge(given)
        if limit > 0, answer.elements.count > limit {
            answer.elements = Array(answer.elements.prefix(limit))
            answer.warnings.append(Self.truncationWarning)
        }
        return answer
    }
}

extension MetadataFederation {
    /// What is said about metrics: families sorted bytewise, of each the distinct descriptions.
    ///
    /// - Parameter metric: one family's name; nil for all.
    func families(metric: String?, _ request: Request) async -> Answer<MetricFamily> {
        let replies = await ask(request) { source, question in
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
    /// Milliseconds since the epoch; nil for as far as there is data.
    var start: Int64?
    var end: Int64?
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

/// Says which labels and series a member has. Errors are whatever the member or the way
/// to it gave.
protocol MetadataSource: Sendable {
    func labelNames(_ question: MetadataQuestion) async throws -> MetadataReply<String>
    /// - Parameter name: in the member's own naming.
    func labelValues(
        of name: String, _ question: MetadataQuestion
    ) async throws -> MetadataReply<String>
    func series(_ question: MetadataQuestion) async throws -> MetadataReply<LabelSet>
    /// - Parameter metric: one family's name; nil for all.
    func families(
        metric: String?, _ question: MetadataQuestion
    ) async throws -> MetadataReply<MetricFamily>
}

/// What a member's failure means to a client: its own kind is kept, and the member is named.
enum MetadataFailure {
    static func error(of error: any Error, member: String) -> APIError {
        switch error {
        case let failure as UpstreamError:
            failure.apiError
        case let error as APIError:
            APIError(error.kind, "project \(GoQuoting.quote(member)): \(error.message)")
        case is CancellationError:
            APIError(.canceled, "context canceled")
        default:
            APIError(.unavailable, "project \(GoQuoting.quote(member)): \(error)")
        }
    }
}

public import PromQL
public import TimeSeries

/// The members that a query is about, and the label that tells them apart.
public struct LogScope: Sendable {
    /// Of it the name alone counts: streams get no static labels.
    public var partition: PartitionLabel
    /// No name twice.
    public var members: [LogMember]
    /// Matchers that members are sent with every selector, in the names that users see.
    public var restriction: [LabelMatcher]

    public init(
        partition: PartitionLabel = PartitionLabel(), members: [LogMember],
        restriction: [LabelMatcher] = []
    ) {
        self.partition = partition
        self.members = members
        self.restriction = restriction
    }
}

/// One member as a source of logs.
public struct LogMember: Sendable, Hashable {
    /// The value of the partition label.
    public var name: String
    /// Labels of its streams that have the partition label's name, or that name behind any number of
    /// `exported_`, as the member has them. Left empty where the plan does not depend on them.
    public var ownLabels: Set<String>
    /// The selector of all its streams.
    public var everyStream: [LabelMatcher]

    /// Loki gives every stream a `service_name`.
    public static let defaultEveryStream = [LabelMatcher("service_name", .regexMatch, ".+")]

    public init(
        _ name: String, ownLabels: Set<String> = [],
        everyStream: [LabelMatcher] = LogMember.defaultEveryStream
    ) {
        self.name = name
        self.ownLabels = ownLabels
        self.everyStream = everyStream
    }
}

/// What a selector becomes for one member.
public struct MemberSelector: Sendable, Hashable {
    /// In the member's names; empty where matchers on the partition label were all there was.
    public var matchers: [LabelMatcher]
    /// Those that must be added for a Loki to take it as the selector of a query, as it refuses one
    /// that accepts streams without labels; mostly none.
    public var everyStream: [LabelMatcher]

    /// Whether every stream of the member is meant.
    public var isEverything: Bool { matchers.isEmpty }

    /// The selector as lists of labels and series take it: `{}` for everything.
    public var text: String { LogQuery(matchers).description }

    /// The selector as queries take it.
    public var queryText: String { LogQuery(everyStream + matchers).description }
}

extension LogScope {
    /// What a selector becomes for a member: matchers on the partition label are evaluated and gone,
    /// the others are in the member's names. Nil when the member is not chosen.
    ///
    /// - Parameter member: an index into `members`.
    public func selector(_ matchers: [LabelMatcher], of member: Int) -> MemberSelector? {
        let labels = partition.labels(of: members[member].name)
        var kept: [LabelMatcher] = []
        for matcher in matchers + restriction {
            if let value = labels.value(of: matcher.name) {
                guard matcher.accepts(value) else { return nil }
            } else {
                kept.append(
                    LabelMatcher(labels.memberName(of: matcher.name), matcher.op, matcher.value))
            }
        }
        return MemberSelector(
            matchers: kept,
            everyStream: kept.allSatisfy(\.acceptsEmpty) ? members[member].everyStream : [])
    }

    /// The members that a selector chooses, in their order.
    public func chosen(by matchers: [LabelMatcher]) -> [Int] {
        members.indices.filter { selector(matchers, of: $0) != nil }
    }
}

/// Why a query that Loki would answer is not answered here.
public struct LogQLRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Status: Int, Sendable {
        case badRequest = 400
        /// The answer could not be the one of a single Loki with every member's streams.
        case unprocessable = 422
    }

    public let status: Status
    /// Names the construct and says what to write instead.
    public let description: String

    init(_ status: Status, _ description: String) {
        self.status = status
        self.description = description
    }
}

import PromQL
import PrometheusWire
import RegularExpressions
import TimeSeries

/// Who is asked what by a request of remote read. Pure.
struct RemoteReadPlan: Sendable, Equatable {
    /// One member's share: the queries that choose it, in its own names.
    struct Part: Sendable, Equatable {
        /// The member's place in the project.
        var member: Int
        /// What the client's request calls these queries; ascending.
        var numbers: [Int]
        var queries: [RemoteReadRequest.Query]
    }

    /// A regular expression that is none; the reference answers with its text alone.
    struct InvalidExpression: Error, Equatable {
        var text: String
    }

    var parts: [Part]

    init(
        _ queries: [RemoteReadRequest.Query], members: [String], partition: PartitionLabel
    ) throws(InvalidExpression) {
        for query in queries { try Self.check(query) }
        parts = members.enumerated().compactMap { index, member in
            var part = Part(member: index, numbers: [], queries: [])
            for (number, query) in queries.enumerated() {
                guard let own = Self.query(query, forMember: member, partition) else { continue }
                part.numbers.append(number)
                part.queries.append(own)
            }
            return part.numbers.isEmpty ? nil : part
        }
    }

    /// Judged here, so that the answer does not hang on whether anybody is asked.
    private static func check(_ query: RemoteReadRequest.Query) throws(InvalidExpression) {
        for matcher in query.matchers where matcher.op.isExpression {
            do throws(RegularExpressionError) {
                _ = try RegularExpression(matcher.value)
            } catch {
                throw InvalidExpression(text: "\(error)")
            }
        }
    }

    /// nil when the query does not choose the member. Remote read refuses no selector for choosing
    /// too much, so nothing is added but for a query of which nothing else is left: without any
    /// matcher a server gives nothing.
    private static func query(
        _ query: RemoteReadRequest.Query, forMember member: String, _ partition: PartitionLabel
    ) -> RemoteReadRequest.Query? {
        let rewriting = SelectorRewriting(partition: partition)
        guard
            let matchers = rewriting.ownMatchers(
                query.matchers.map(\.inPromQL), ofMember: member)
        else { return nil }
        var own = query
        own.matchers = matchers.map(RemoteReadRequest.Matcher.init)
        if own.matchers.isEmpty, !query.matchers.isEmpty {
            own.matchers = [RemoteReadRequest.Matcher("__name__", .regexMatch, ".*")]
        }
        own.hints?.grouping = (query.hints?.grouping ?? []).filter { !partition.isName($0) }
            .map { partition.memberName(of: $0) }
        return own
    }
}

extension RemoteReadRequest.Matcher {
    fileprivate var inPromQL: LabelMatcher {
        let op: LabelMatcher.Operator =
            switch op {
            case .equal: .equal
            case .notEqual: .notEqual
            case .regexMatch: .regexMatch
            case .regexNoMatch: .regexNoMatch
            }
        return LabelMatcher(name, op, value)
    }
}

extension RemoteReadRequest.Matcher.Operator {
    fileprivate var isExpression: Bool {
        switch self {
        case .regexMatch, .regexNoMatch: true
        case .equal, .notEqual: false
        }
    }
}

extension RemoteReadRequest.Matcher {
    /// A matcher of a query, in the terms of remote read.
    init(_ matcher: LabelMatcher) {
        let op: Operator =
            switch matcher.op {
            case .equal: .equal
            case .notEqual: .notEqual
            case .regexMatch: .regexMatch
            case .regexNoMatch: .regexNoMatch
            }
        self.init(matcher.name, op, matcher.value)
    }
}

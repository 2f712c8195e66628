import Federation
import GoText
import LogQL
import LokiWire
import PromQL
import PrometheusWire
import TimeSeries
import Upstream
import UpstreamSettings

/// The members of a project as queries of logs are planned for them.
extension TelemetryContext {
    /// - Parameter ownLabels: Names of labels that the streams of members have themselves, by the
    ///   position of the member, as far as they are known.
    func logScope(ownLabels: [Int: Set<String>] = [:]) throws(LogQLError) -> LogScope {
        var members: [LogMember] = []
        for (index, member) in project.members.enumerated() {
            let selector = Self.loki(of: member)?.everyStream ?? TelemetrySource.everyStream
            members.append(
                LogMember(
                    member.name, ownLabels: ownLabels[index] ?? [],
                    everyStream: try LogQLQuery.selector(selector)))
        }
        return LogScope(
            partition: partition, members: members, restriction: project.restriction)
    }

    /// How a query for lines is answered.
    ///
    /// - Throws: also what the policy makes of members that do not tell their labels, where the plan
    ///   depends on these.
    func logPlan(_ query: LogQuery, in bounds: LogBounds) async throws -> LogPlan {
        let plan = try logScope().plan(query)
        guard plan.dependsOnOwnLabels else { return plan }
        let own = try await ownLabels(
            of: plan.fetches.map { ($0.member, $0.text) }, in: bounds)
        return try logScope(ownLabels: own).plan(query)
    }

    /// The names of the labels that streams of members have, as far as they could be taken for the
    /// added label. A member that does not answer has none: it is asked again by the query, and missing
    /// then.
    ///
    /// - Parameter texts: what the members are asked, planned without such labels.
    /// - Throws: 422 where some of the streams that are asked for have such a label, some have not, and
    ///   lines of these have one, as an answer does not tell whose the label was then.
    func ownLabels(
        of texts: [(member: Int, text: String)], in bounds: LogBounds
    ) async throws -> [Int: Set<String>] {
        var own: [Int: Set<String>] = [:]
        let members = Set(texts.map(\.member)).sorted()
        let names = try await streamLabels(
            members.map { MemberQuestion(member: $0, question: []) }, in: bounds)
        for (question, member) in members.enumerated() {
            let labels = partition.labels(of: project.members[member].name)
            own[member] = names[question, default: []].filter { labels.renames($0.utf8) }
        }
        var cases: [OwnLabelCase] = []
        var seen: Set<OwnLabelCase> = []
        for (member, text) in texts where own[member]?.isEmpty == false {
            for query in try LogQLQuery(text).pipelines {
                for name in own[member, default: []].sorted() {
                    let one = OwnLabelCase(member: member, name: name, query: query.unfiltered)
                    if seen.insert(one).inserted { cases.append(one) }
                }
            }
        }
        if cases.isEmpty { return own }
        let found = try await streamLabels(
            cases.flatMap { one in
                [LabelMatcher.Operator.notEqual, .equal].map { op in
                    MemberQuestion(
                        member: one.member,
                        question: one.query.matchers + [LabelMatcher(one.name, op, "")])
                }
            }, in: bounds)
        own = own.mapValues { _ in [] }
        for (index, one) in cases.enumerated() where found[2 * index]?.isEmpty == false {
            own[one.member, default: []].insert(one.name)
        }
        // Streams without the label, of a member that has it at others that are asked for.
        let unclear = cases.enumerated().filter { index, one in
            found[2 * index + 1]?.isEmpty == false
                && own[one.member, default: []].contains(one.name)
        }.map(\.element)
        try await refuseMixed(unclear, in: bounds)
        return own
    }

    /// - Throws: 422 where lines of streams without a label have one of its name.
    private func refuseMixed(_ cases: [OwnLabelCase], in bounds: LogBounds) async throws {
        if cases.isEmpty { return }
        let questions = cases.map { one in
            var query = one.query
            query.matchers.append(LabelMatcher(one.name, .equal, ""))
            query.stages.append(.label(.matcher(LabelMatcher(one.name, .notEqual, ""))))
            return MemberQuestion(
                member: one.member,
                question: TelemetryQuestion(
                    "/loki/api/v1/query_range", .formOrQuery,
                    Parameters(
                        [("query", query.description), ("limit", "1")]
                            + bounds.memberParameters)))
        }
        let turn = turn
        let gathered = try await gatherStreams(questions, { $0 }) {
            _, _, stream throws(UpstreamError) in
            var hasLines = false
            _ = try await stream.readLoki(expecting: .streams, turn: turn) {
                reader throws(UpstreamError) in
                if reader.takeLines() != nil { hasLines = true }
            }
            return hasLines
        }
        guard let first = gathered.answers.first(where: \.answer) else { return }
        let one = cases[first.question]
        let member = project.members[one.member].name
        let visible = partition.labels(of: member).visibleName(of: one.name)
        throw LokiError(
            status: 422,
            text: "project \(GoQuoting.quote(member)): of its streams of "
                + "\(LogQuery(one.query.matchers).description), some have a label "
                + "\(GoQuoting.quote(one.name)) of their own, and lines of others have one, which "
                + "could not be told apart: select one kind of stream, by \(visible)=\"\" or "
                + "\(visible)!=\"\"")
    }

    /// The names of the labels of the streams that a selector chooses, for each of the questions; an
    /// empty selector chooses all.
    private func streamLabels(
        _ questions: [MemberQuestion<[LabelMatcher]>], in bounds: LogBounds
    ) async throws -> [Int: Set<String>] {
        let gathered = try await gather(questions) { server, selector throws(UpstreamError) in
            let chosen =
                selector.isEmpty ? [] : [(name: "query", value: LogQuery(selector).description)]
            let document = try await server.document(
                TelemetryQuestion(
                    "/loki/api/v1/labels", .formOrQuery,
                    Parameters(chosen + bounds.memberParameters)))
            return try server.reading { () throws(LokiAnswerError) in
                try LabelNamesMerge.names(in: document.bytes)
            }
        }
        let names = gathered.answers.map { ($0.question, Set($0.answer)) }
        return Dictionary(names) { first, _ in first }
    }

    /// What is set for the Loki of a member; of a pool, for one of its clusters.
    static func loki(of member: Member) -> TelemetrySource? {
        member.clients.lazy.compactMap(\.configuration.telemetry).first
    }

    /// What the streams of a member get, as a query leaves them.
    func injection(_ fetch: LogPlan.Fetch) -> LabelInjection {
        let labels = partition.labels(of: project.members[fetch.member].name)
        return fetch.addsLabel ? labels : labels.leavingOut([partition.name])
    }

    /// Members for which a selector stood that chooses all of their streams.
    func everyStreamWarnings(_ members: some Sequence<Int>) -> [String] {
        Set(members).sorted().map { index in
            let member = project.members[index]
            let selector = Self.loki(of: member)?.everyStream ?? TelemetrySource.everyStream
            return "project \(GoQuoting.quote(member.name)): the selector names the label "
                + "\(partition.name) alone, and \(selector) stood for all streams (loki.everyStream)"
        }
    }
}

/// Streams of one member that may have a label of a name.
private struct OwnLabelCase: Hashable {
    var member: Int
    var name: String
    var query: LogQuery
}

extension LogQuery {
    /// The same without what lets lines pass or not, and without what takes labels away: any line has
    /// all labels that it has anywhere in the pipeline.
    fileprivate var unfiltered: LogQuery {
        LogQuery(
            matchers,
            stages: stages.filter { stage in
                switch stage {
                case .json, .logfmt, .regexp, .pattern, .unpack, .lineFormat, .labelFormat,
                    .decolorize:
                    true
                case .line, .label, .drop, .keep: false
                }
            })
    }
}

/// Warnings of members, with the members they came from.
struct LogWarnings {
    private var members: [String: Set<String>] = [:]
    /// False where the answer is one member's own.
    private let areNamed: Bool

    init(areNamed: Bool) { self.areNamed = areNamed }

    mutating func add(_ warnings: [String], from member: String) {
        for text in warnings { members[text, default: []].insert(member) }
    }

    /// One for each text.
    var texts: Set<String> {
        Set(
            members.map { text, names in
                guard areNamed else { return text }
                let names = names.sorted().map { GoQuoting.quote($0) }.joined(separator: ", ")
                return "\(text) (project \(names))"
            })
    }
}

import Federation
public import GatewayConfiguration
import GoText
import PromQL
public import PrometheusWire
import TimeSeries

/// What becomes of an expression over several members.
public struct LintResult: Sendable, Equatable {
    public enum PlanClass: String, Sendable, CaseIterable {
        /// Depends on no member.
        case constant
        /// Each member answers it alone; the answers are put together as they are.
        case pushedDown = "pushed down"
        /// Members aggregate, and the gateway combines what they give.
        case combined
        /// Members send whole series, of which the gateway computes the answer.
        case fetched
        /// It cannot be planned.
        case refused
    }

    /// A part that members do not compute alone.
    public struct Finding: Sendable, Equatable {
        public var part: String
        public var reason: String
        /// How to write it so that it is, if something can be done.
        public var hint: String?

        /// Whether it only follows from another part.
        var isConsequence: Bool { reason.hasSuffix("is known only here") }
    }

    public var query: LintedQuery
    public var planClass: PlanClass
    /// Why it cannot be planned.
    public var failure: String?
    /// The texts that members are sent whose answers are whole series. Each once.
    public var fetched: [String] = []
    /// Causes before their consequences.
    public var findings: [Finding] = []
    /// What a missing member does to the answer: in the words of explain.
    public var missing = MissingMemberEffect.none.words
    /// The construct that may make a false answer of less data.
    public var couldBeWrongBy: String?

    /// The result of what `explain` of a gateway answers.
    ///
    /// - Parameter document: The whole answer.
    public init(_ query: LintedQuery, explained document: JSONValue) {
        self.query = query
        guard let data = document["data"] else {
            planClass = .refused
            failure = document["error"]?.text ?? "the gateway gives no plan"
            return
        }
        missing = data["missingMember"]?.text ?? missing
        couldBeWrongBy = data["couldBeWrongBy"]?.text
        var texts: [String] = []
        if let root = data["plan"] { Self.collect(root, &texts) }
        let isUnion = data["plan"]?["place"]?.text == "merge"
        let fetched = QueryLinter.wholeSeries(texts)
        planClass = QueryLinter.planClass(isUnion: isUnion, texts: texts, fetched: fetched)
        self.fetched = planClass == .fetched ? fetched : []
        let found = (data["notPushedDown"]?.items ?? []).map { note in
            let (part, reason) = (note["part"]?.text ?? "", note["reason"]?.text ?? "")
            return Finding(part: part, reason: reason, hint: Hint.general(reason))
        }
        findings = Self.ordered(found)
    }

    init(_ query: LintedQuery, planClass: PlanClass) {
        self.query = query
        self.planClass = planClass
    }

    private static func collect(_ node: JSONValue, _ texts: inout [String]) {
        if node["place"]?.text == "member", let text = node["text"]?.text { texts.append(text) }
        for child in node["children"]?.items ?? [] { collect(child, &texts) }
    }

    /// Causes before what follows from them.
    static func ordered(_ findings: [Finding]) -> [Finding] {
        findings.filter { !$0.isConsequence } + findings.filter(\.isConsequence)
    }

    /// As one object.
    public var json: JSONValue {
        var pairs: [(key: String, value: JSONValue)] = [("place", .string(query.place))]
        if let line = query.line { pairs.append(("line", .integer(Int64(line)))) }
        pairs += [
            ("expression", .string(query.written)), ("planned", .string(query.text)),
            ("class", .string(planClass.rawValue)),
        ]
        if let failure { pairs.append(("failure", .string(failure))) }
        pairs += [
            ("fetchedWhole", .strings(fetched)),
            (
                "notPushedDown",
                .array(
                    findings.map { finding in
                        .object(
                            [("part", .string(finding.part)), ("reason", .string(finding.reason))]
                                + (finding.hint.map { [("hint", .string($0))] } ?? []))
                    })
            ), ("missingMember", .string(missing)),
        ]
        if let couldBeWrongBy { pairs.append(("couldBeWrongBy", .string(couldBeWrongBy))) }
        return .object(pairs)
    }
}

/// Plans expressions over members that are not asked.
public struct QueryLinter: Sendable {
    private let scope: FederationScope
    private let options: ParserOptions

    /// Over the members of a project of a configuration.
    ///
    /// - Returns: nil for a project that the configuration does not have. One that is no
    ///   multi-cluster project is its only member.
    public init?(_ configuration: Configuration, project name: String) {
        guard let project = configuration.project(named: name) else { return nil }
        var names = [name]
        if case .multiCluster(let members) = project.kind { names = members }
        let members = names.compactMap { configuration.project(named: $0) }
        let labels = Dictionary(members.map { ($0.name, $0.labels) }) { first, _ in first }
        var scope = FederationScope(
            members: names,
            partition: PartitionLabel(configuration.partitionLabel, labels: labels),
            defaultSubqueryStep: Milliseconds(configuration.query.defaultSubqueryStep),
            lookback: Milliseconds(configuration.query.lookback), exactness: project.exactness)
        scope.sharesServer = members.contains { $0.selector != nil }
        self.init(scope: scope, options: ParserOptions(features: configuration.query.features))
    }

    /// Over members of which only the names are known.
    public init(members: [String]) {
        self.init(scope: FederationScope(members: members), options: .everything)
    }

    private init(scope: FederationScope, options: ParserOptions) {
        self.scope = scope
        var options = options
        // Whether a member knows it is not known here.
        options.holtWinters = true
        self.options = options
    }

    public func lint(_ query: LintedQuery) -> LintResult {
        do throws(ParseError) {
            let expression = try parseExpression(query.text, options: options)
            let plan = try plan(expression, isRange: query.isRange)
            let texts = plan.fetches.map(\.text)
            var isUnion = false
            if case .union = plan.root { isUnion = true }
            let fetched = Self.wholeSeries(texts)
            var result = LintResult(
                query, planClass: Self.planClass(isUnion: isUnion, texts: texts, fetched: fetched))
            result.fetched = result.planClass == .fetched ? fetched : []
            let effect = plan.effect(ofMissing: plan.membersAsked)
            result.missing = effect.words
            if case .mayBeWrong(let construct) = effect { result.couldBeWrongBy = construct }
            result.findings = LintResult.ordered(
                plan.notes.map { note in
                    LintResult.Finding(
                        part: note.part, reason: note.reason,
                        hint: hint(note, in: expression, isRange: query.isRange)
                            ?? Hint.general(note.reason))
                })
            return result
        } catch {
            var result = LintResult(query, planClass: .refused)
            result.failure = error.description
            return result
        }
    }

    private func plan(_ expression: Expression, isRange: Bool) throws(ParseError) -> Plan {
        let end: Timestamp = 1_700_003_600_000
        let grid =
            isRange
            ? StepGrid(start: end - 3_600_000, end: end, step: 60_000) : StepGrid.instant(end)
        return try Planner.plan(expression, on: grid, in: scope)
    }

    // MARK: - What members send

    /// Of the texts that members are sent those whose answers are series as they are: none of them
    /// is brought together by an aggregation.
    static func wholeSeries(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { text in
            guard seen.insert(text).inserted else { return false }
            guard let expression = try? parseExpression(text, options: .everything) else {
                // Of remote read it is no PromQL.
                return true
            }
            var aggregates = false
            expression.forEach { node in
                if case .aggregation = node { aggregates = true }
            }
            return !aggregates
        }
    }

    static func planClass(
        isUnion: Bool, texts: [String], fetched: [String]
    ) -> LintResult.PlanClass {
        if texts.isEmpty { return .constant }
        if isUnion { return .pushedDown }
        return fetched.isEmpty ? .combined : .fetched
    }

    // MARK: - How to write it otherwise

    /// What the part would be with the partition label in its key, if members compute it then.
    private func hint(_ note: Plan.Note, in expression: Expression, isRange: Bool) -> String? {
        var part: Expression?
        expression.forEach { node in
            if part == nil, node.description == note.part { part = node }
        }
        let label = scope.partition.name
        guard !label.isEmpty, let part, let changed = Self.keeping(label, in: part),
            let plan = try? plan(changed, isRange: isRange)
        else { return nil }
        guard !plan.notes.contains(where: { $0.reason == note.reason }) else { return nil }
        switch part {
        case .aggregation: return "if one value for each \(label) will do, write \(changed)"
        default: return "if what is matched is always of one \(label), write \(changed)"
        }
    }

    private static func keeping(_ label: String, in part: Expression) -> Expression? {
        switch part {
        case .aggregation(var aggregation):
            if aggregation.isWithout {
                aggregation.grouping.removeAll { $0 == label }
            } else {
                aggregation.grouping.insert(label, at: 0)
            }
            return .aggregation(aggregation)
        case .binary(var binary):
            guard var matching = binary.matching else { return nil }
            if matching.isOn {
                matching.labels.insert(label, at: 0)
            } else {
                matching.labels.removeAll { $0 == label }
            }
            binary.matching = matching
            return .binary(binary)
        default: return nil
        }
    }
}

/// What helps against a reason whatever the expression is.
enum Hint {
    static func general(_ reason: String) -> String? {
        let all = [
            (
                "cannot be split exactly",
                "keep the partition label in its grouping, if one value for each member will do"
            ),
            (
                "the match key lacks the partition label",
                "add the partition label to on (…), or take it out of ignoring (…)"
            ),
            (
                "absence is judged",
                "members are only asked whether there is something; there is no cheaper form"
            ),
            (
                "info() joins",
                "join the info metric by * on (…) group_left (…), with the partition label among the labels"
            ),
            ("it writes", "write to another label"),
            ("it reads", "read another label"),
            (
                "raw samples are fetched",
                "write the argument as a number, so that members compute the function"
            ),
        ]
        return all.first { reason.contains($0.0) }?.1
    }
}

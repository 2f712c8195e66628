import GoText
import PromQL
import PromQLEngine
import RegularExpressions
import TimeSeries

extension Planner {
    mutating func lower(_ call: Call, on grid: StepGrid) -> PlacedExpression {
        switch Self.rule(of: call.function) {
        case .constant: return .constant(.call(call))
        case .absence: return absence(call, on: grid)
        case .labelWriting: return labelWriting(call, on: grid)
        case .information: return information(call, on: grid)
        case .whole(let reason):
            let arguments = call.arguments.map { lower($0, on: grid) }
            if let constant = constant(call, arguments) { return constant }
            note(.call(call), reason)
            return .global(rebuild(call, arguments, on: grid))
        case .elementwise:
            let arguments = call.arguments.map { lower($0, on: grid) }
            return elementwise(call, arguments, on: grid)
        }
    }

    private enum Rule {
        /// Depends on the query alone.
        case constant
        /// `absent`, `absent_over_time`: one answer for all members together.
        case absence
        /// `label_replace`, `label_join`: per member unless an added label is involved.
        case labelWriting
        /// `info`: joins on identifying labels that do not include the partition label.
        case information
        /// Needs the whole vector.
        case whole(String)
        /// Function of one series at a time (and of scalars).
        case elementwise
    }

    /// The locality rule of each function; date functions without an argument are constant because
    /// they have no part that is not.
    private static func rule(of function: Function) -> Rule {
        switch function {
        case .time, .pi, .start, .end, .step, .range, .minOf, .maxOf: .constant
        case .absent, .absentOverTime: .absence
        case .labelReplace, .labelJoin: .labelWriting
        case .info: .information
        case .scalar: .whole("scalar() looks at all members together")
        case .vector: .whole("vector() has no partition label")
        case .sort, .sortDesc, .sortByLabel, .sortByLabelDesc:
            .whole("the order is made here")
        case .abs, .acos, .acosh, .asin, .asinh, .atan, .atanh, .avgOverTime, .ceil, .changes,
            .clamp, .clampMax, .clampMin, .cos, .cosh, .countOverTime, .dayOfMonth, .dayOfWeek,
            .dayOfYear, .daysInMonth, .deg, .delta, .deriv, .doubleExponentialSmoothing, .exp,
            .firstOverTime, .floor, .histogramAvg, .histogramCount, .histogramFraction,
            .histogramQuantile, .histogramQuantiles, .histogramStddev, .histogramStdvar,
            .histogramSum, .holtWinters, .hour, .idelta, .increase, .irate, .lastOverTime, .ln,
            .log10, .log2, .madOverTime, .maxOverTime, .minOverTime, .minute, .month,
            .predictLinear, .presentOverTime, .quantileOverTime, .rad, .rate, .resets, .round,
            .sgn, .sin, .sinh, .sqrt, .startTimestamp, .stddevOverTime, .stdvarOverTime,
            .sumOverTime, .tan, .tanh, .timestamp, .tsOfFirstOverTime, .tsOfLastOverTime,
            .tsOfMaxOverTime, .tsOfMinOverTime, .year:
            .elementwise
        }
    }

    private func constant(_ call: Call, _ arguments: [PlacedExpression]) -> PlacedExpression? {
        for case .perMember in arguments { return nil }
        for case .global in arguments { return nil }
        return .constant(.call(call))
    }

    private mutating func rebuild(
        _ call: Call, _ arguments: [PlacedExpression], on grid: StepGrid
    )
        -> Expression
    {
        var copy = call
        copy.arguments = arguments.map { local($0, on: grid) }
        return .call(copy)
    }

    /// Per member if exactly the vector argument is, and the others are constant.
    mutating func elementwise(
        _ call: Call, _ arguments: [PlacedExpression], on grid: StepGrid
    ) -> PlacedExpression {
        if let constant = constant(call, arguments) { return constant }
        var vector: (index: Int, part: PushdownCandidate)?
        for (index, argument) in arguments.enumerated() {
            switch argument {
            case .constant: continue
            case .perMember(let part) where vector == nil: vector = (index, part)
            case .perMember, .global:
                note(.call(call), "an argument is known only here")
                return .global(rebuild(call, arguments, on: grid))
            }
        }
        if case .histogramQuantiles = call.function, let label = addedLabel(call, argument: 1) {
            note(.call(call), "it writes \(called(label))")
            return .global(rebuild(call, arguments, on: grid))
        }
        guard let vector else { return .constant(.call(call)) }
        // Where no member is asked, a quantile out of its range still is a warning.
        if [.histogramQuantile, .histogramQuantiles].contains(call.function),
            vector.part.choosesNoMember
        {
            return .global(rebuild(call, arguments, on: grid))
        }
        return .perMember(
            vector.part.mapByMember(.call(call), kept: vector.part.kept) { member, tree in
                var copy = memberNames(in: call, member)
                copy.arguments[vector.index] = tree
                return .call(copy)
            })
    }

    // MARK: - Labels

    /// The label that an argument names, if some member's series get it.
    private func addedLabel(_ call: Call, argument: Int) -> String? {
        Self.text(call.arguments, argument).flatMap { isAdded($0) ? $0 : nil }
    }

    private func called(_ label: String) -> String {
        scope.partition.isName(label) ? "the partition label" : "the static label \(label)"
    }

    /// String arguments that are label names, in the member's own names.
    private func memberNames(in call: Call, _ member: Int) -> Call {
        let positions: [Int]
        switch call.function {
        case .labelReplace: positions = [1, 3]
        case .labelJoin: positions = [1] + Array(call.arguments.indices.dropFirst(3))
        case .histogramQuantiles: positions = [1]
        default: return call
        }
        var copy = call
        for position in positions where position < copy.arguments.count {
            guard case .string(var literal) = copy.arguments[position] else { continue }
            literal.value = injections[member].memberName(of: literal.value)
            copy.arguments[position] = .string(literal)
        }
        return copy
    }

    private static func text(_ arguments: [Expression], _ index: Int) -> String? {
        guard index < arguments.count,
            case .string(let literal) = withoutParens(arguments[index])
        else { return nil }
        return literal.value
    }

    private mutating func labelWriting(_ call: Call, on grid: StepGrid) -> PlacedExpression {
        let arguments = call.arguments.map { lower($0, on: grid) }
        guard case .perMember(let part)? = arguments.first else {
            if let constant = constant(call, arguments) { return constant }
            return .global(rebuild(call, arguments, on: grid))
        }
        if let label = addedLabel(call, argument: 1) {
            note(.call(call), "it writes \(called(label))")
            return .global(rebuild(call, arguments, on: grid))
        }
        let sources = call.arguments.indices.dropFirst(3)
        guard let source = sources.compactMap({ addedLabel(call, argument: $0) }).first else {
            return .perMember(
                part.mapByMember(.call(call), kept: part.kept) { member, tree in
                    var copy = memberNames(in: call, member)
                    copy.arguments[0] = tree
                    return .call(copy)
                })
        }
        if case .labelReplace = call.function, let folded = folded(call, part, reading: source) {
            return .perMember(folded)
        }
        note(.call(call), "it reads \(called(source))")
        return .global(rebuild(call, arguments, on: grid))
    }

    /// `label_replace` from an added label: the match is decided here, member by member. nil
    /// when the regular expression is invalid or too large, which the local engine then reports.
    private func folded(
        _ call: Call, _ part: PushdownCandidate, reading source: String
    ) -> PushdownCandidate? {
        guard let template = Self.text(call.arguments, 2),
            let pattern = Self.text(call.arguments, 4),
            let expression = try? RegularExpression(pattern),
            expression.groupCount <= RegularExpression.mostGroups
        else { return nil }
        return part.mapByMember(.call(call), kept: part.kept) { member, tree in
            var copy = memberNames(in: call, member)
            guard let own = injections[member].value(of: source) else {
                copy.arguments[0] = tree
                return .call(copy)
            }
            let given = part.kept.contains(source) ? own : ""
            guard let value = expression.expand(given, template: template) else {
                return Self.operand(tree)
            }
            let escaped = value.split(separator: "$", omittingEmptySubsequences: false)
                .joined(separator: "$$")
            copy.arguments = [
                tree, copy.arguments[1], .string(StringLiteral(escaped)),
                .string(StringLiteral("__name__")), .string(StringLiteral(".*")),
            ]
            return .call(copy)
        }
    }

    // MARK: - Absence and information

    /// `absent` is asked of the union, once: the members only say whether they have anything.
    private mutating func absence(_ call: Call, on grid: StepGrid) -> PlacedExpression {
        guard let argument = call.arguments.first else { return .constant(.call(call)) }
        let lowered = lower(argument, on: grid)
        guard case .perMember(let part) = lowered else {
            if case .constant = lowered { return .constant(.call(call)) }
            return .global(rebuild(call, [lowered], on: grid))
        }
        note(.call(call), "absence is judged over all members together")
        let isRange = argument.valueType == .rangeVector
        let presence = part.rewritten.enumerated().map { member, tree in
            tree.map { Self.presence(of: $0, isRange: isRange, in: language(of: member)) }
        }
        let id = leaf(.union(fetch(presence, keeping: part.kept, on: grid, form: .steps)), on: grid)
        var local = call
        local.function = .absent
        // The labels of the answer come from the matchers of a selector, so one must stand there.
        switch Self.withoutParens(argument) {
        case .vectorSelector(let selector):
            local.arguments = [.vectorSelector(presenceSelector(id, selector))]
        case .matrixSelector(let matrix):
            local.arguments = [.vectorSelector(presenceSelector(id, matrix.selector))]
        case .number, .string, .paren, .unary, .binary, .aggregation, .call, .subquery:
            let values = LeafSelector(id, .values).selector(range: argument.sourceRange)
            local.arguments = [.vectorSelector(values)]
        }
        return .global(.call(local))
    }

    /// Something where a member has a value, in words that its version knows: `group` came with
    /// 2.20, `last_over_time` with 2.26.
    private static func presence(
        of tree: Expression, isRange: Bool, in version: LanguageVersion?
    ) -> Expression {
        let version = version ?? LanguageVersion(.max, 0)
        if isRange, version < Function.lastOverTime.introduced {
            // The member's own absence, turned round.
            return .binary(
                Binary(
                    .unless, .call(Call(.vector, [.number(NumberLiteral(1))])),
                    .call(Call(.absentOverTime, [tree])),
                    matching: VectorMatching(cardinality: .manyToMany, isOn: true)))
        }
        // Not present_over_time, which drops the name and fails where series of several names then
        // have the same labels.
        let value: Expression = isRange ? .call(Call(.lastOverTime, [tree])) : tree
        let knowsGroup = version >= LanguageVersion(2, 20)
        return .aggregation(Aggregation(knowsGroup ? .group : .count, value))
    }

    /// The leaf already has offset, `@` and window applied.
    private func presenceSelector(
        _ id: Plan.RemoteNodeID, _ original: VectorSelector
    ) -> VectorSelector {
        var plain = original
        plain.offset = nil
        plain.at = nil
        plain.extended = nil
        return LeafSelector.samples(id, keeping: original.matchers, like: plain)
    }

    /// `info` joins on `instance` and `job` only, so that two members' series may meet: the raw
    /// samples of the info series become a leaf of their own and the join runs here, as of the
    /// time the base series are read.
    private mutating func information(_ call: Call, on grid: StepGrid) -> PlacedExpression {
        guard let argument = call.arguments.first else { return .constant(.call(call)) }
        let base = lower(argument, on: grid)
        if case .constant = base { return .constant(.call(call)) }
        note(.call(call), "info() joins series of different members")
        var names: [LabelMatcher] = []
        var data: [LabelMatcher] = []
        if call.arguments.count > 1,
            case .vectorSelector(let written) = Self.withoutParens(call.arguments[1])
        {
            names = written.matchers.filter { $0.name == "__name__" }
            data = written.matchers.filter { $0.name != "__name__" }
        }
        if names.isEmpty {
            names = [LabelMatcher("__name__", .equal, "target_info")]
        } else if names.allSatisfy({ $0.op == .notEqual || $0.op == .regexNoMatch }) {
            names.append(LabelMatcher("__name__", .regexMatch, ".+_info"))
        }
        addInformation(VectorSelector(matchers: names + data), readAs: argument, on: grid)
        var local = call
        local.arguments[0] = self.local(base, on: grid)
        return .global(.call(local))
    }

    private mutating func addInformation(
        _ selector: VectorSelector, readAs argument: Expression, on grid: StepGrid
    ) {
        guard grid.count > 0 else { return }
        let reference = try? Engine.referenceOfFirstSelector(in: argument, on: grid)
        var (first, last) = (grid.start, grid.time(at: grid.count - 1))
        if let fixed = reference?.fixed { (first, last) = (fixed, fixed) }
        let offset = reference?.offset ?? 0
        (first, last) = (first.clampedSum(-offset), last.clampedSum(-offset))
        let joined =
            first == last
            ? StepGrid.instant(last) : StepGrid(start: first, end: last, step: grid.step)
        let window = scope.lookback.clampedSum(last - first)
        let selectors = scope.members.map { rewriting.selector(selector, forMember: $0) }
        let samples = fetch(
            selectors.map { selector in
                selector.map { .matrixSelector(MatrixSelector($0, window: .fixed(window))) }
            }, keeping: added, on: .instant(last), form: .samples)
        let presence = fetch(
            selectors.map { $0.map { .vectorSelector($0) } }, keeping: added, on: joined,
            form: .steps)
        _ = leaf(.information(samples: samples, presence: presence), on: joined)
    }
}

import GoText
import RegularExpressions

/// Reads a query, with the refusals of a real Loki where they are known.
struct LogQLParser {
    let tokens: [PlacedToken]
    var position = 0

    private init(_ text: String) throws(LogQLError) {
        tokens = try LogQLLexer.tokens(text)
    }

    static func query(_ text: String) throws(LogQLError) -> LogQLExpression {
        var parser = try LogQLParser(text)
        if parser.current == .end { throw .invalid("syntax error: unexpected $end") }
        let expression = try parser.expression()
        try parser.expectEnd()
        try parser.check(expression)
        return expression
    }

    /// A query that is nothing but a selector; it may be `{}` where that is allowed.
    static func selector(
        _ text: String, allowsEverything: Bool = false
    ) throws(LogQLError) -> [LogMatcher] {
        var parser = try LogQLParser(text)
        if parser.current == .end { throw .invalid("syntax error: unexpected $end") }
        guard case .lines(let selection) = try parser.expression() else {
            throw LogQLError(text: "only label matchers are supported")
        }
        try parser.expectEnd()
        guard selection.stages.isEmpty else {
            throw LogQLError(text: "only label matchers are supported")
        }
        if !allowsEverything { try parser.check(selection) }
        return selection.matchers
    }

    // MARK: Tokens

    var current: LogQLToken { tokens[position].token }

    func refused(expecting: String = "") -> LogQLError {
        .syntax(tokens[position], expecting: expecting)
    }

    mutating func take(_ word: String) -> Bool {
        guard current == .word(word) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ word: String, among others: String? = nil) throws(LogQLError) {
        if !take(word) { throw refused(expecting: others ?? word) }
    }

    private func expectEnd() throws(LogQLError) {
        if current != .end { throw refused() }
    }

    mutating func identifier(
        _ expecting: String = "IDENTIFIER"
    ) throws(LogQLError) -> String {
        guard case .identifier(let name) = current else { throw refused(expecting: expecting) }
        position += 1
        return name
    }

    mutating func string(_ expecting: String = "STRING") throws(LogQLError) -> String {
        guard case .string(let text) = current else { throw refused(expecting: expecting) }
        position += 1
        return text
    }

    mutating func list<Element>(
        _ element: (inout LogQLParser) throws(LogQLError) -> Element
    ) throws(LogQLError) -> [Element] {
        var elements = [try element(&self)]
        while take(",") { elements.append(try element(&self)) }
        return elements
    }

    // MARK: Operators

    private static let precedence: [String: Int] = [
        "or": 1, "and": 2, "unless": 2, "==": 3, "!=": 3, ">": 3, ">=": 3, "<": 3, "<=": 3, "+": 4,
        "-": 4, "*": 5, "/": 5, "%": 5, "^": 6,
    ]

    private mutating func expression(_ least: Int = 1) throws(LogQLError) -> LogQLExpression {
        var left = try primary()
        while case .word(let operation) = current, let own = Self.precedence[operation],
            own >= least
        {
            position += 1
            var operands = BinaryOperation(operation: operation, left: left, right: .literal(0))
            try modifiers(of: &operands)
            operands.right = try expression(operation == "^" ? own : own + 1)
            for (side, operand) in [("left", left), ("right", operands.right)] {
                guard case .lines(let selection) = operand else { continue }
                let kind = selection.stages.isEmpty ? "MatchersExpr" : "PipelineExpr"
                throw .invalid(
                    "unexpected type for \(side) leg of binary operation (\(operation)): "
                        + "*syntax.\(kind)")
            }
            for (side, operand) in [("left", left), ("right", operands.right)]
            where ["and", "or", "unless"].contains(operation) {
                guard case .literal(let value) = operand else { continue }
                throw .invalid(
                    "unexpected literal for \(side) leg of logical/set binary operation "
                        + "(\(operation)): \(GoFloat.fixed(value))")
            }
            left = .binary(operands)
        }
        return left
    }

    private mutating func modifiers(of operands: inout BinaryOperation) throws(LogQLError) {
        operands.returnsBool = take("bool")
        let isOn = current == .word("on")
        guard isOn || current == .word("ignoring") else { return }
        position += 1
        operands.matching = (isOn, try names())
        if take("group_left") {
            operands.many = .left
        } else if take("group_right") {
            operands.many = .right
        } else {
            return
        }
        if current == .word("(") { operands.included = try names() }
    }

    private mutating func names() throws(LogQLError) -> [String] {
        try expect("(")
        if take(")") { return [] }
        let names = try list { parser throws(LogQLError) in try parser.identifier() }
        try expect(")", among: ", or )")
        return names
    }

    private mutating func primary() throws(LogQLError) -> LogQLExpression {
        switch current {
        case .number(let value):
            position += 1
            return .literal(value)
        case .word("-"), .word("+"):
            let isNegative = current == .word("-")
            position += 1
            guard case .number(let value) = current else { throw refused() }
            position += 1
            return .literal(isNegative ? -value : value)
        case .word("("):
            position += 1
            let inside = try expression()
            try expect(")")
            return inside
        case .word("{"):
            var selection = LogSelection(matchers: try selector())
            selection.stages = try stages()
            return .lines(selection)
        case .word("vector"):
            position += 1
            try expect("(")
            guard case .number(let value) = current else { throw refused(expecting: "NUMBER") }
            position += 1
            try expect(")")
            return .vector(value)
        case .word("label_replace"):
            return try labelReplacement()
        case .word(let name) where LogQLLexer.rangeFunctions.contains(name):
            return try rangeAggregation(name)
        case .word(let name) where LogQLLexer.vectorFunctions.contains(name):
            return try vectorAggregation(name)
        default:
            throw refused()
        }
    }

    // MARK: Aggregations

    private mutating func grouping() throws(LogQLError) -> LogGrouping? {
        let isWithout = current == .word("without")
        guard isWithout || current == .word("by") else { return nil }
        position += 1
        return LogGrouping(isWithout: isWithout, names: try names())
    }

    private mutating func metric() throws(LogQLError) -> LogQLExpression {
        let inside = try expression()
        if case .lines = inside { throw refused() }
        return inside
    }

    private mutating func vectorAggregation(_ name: String) throws(LogQLError) -> LogQLExpression {
        position += 1
        let before = try grouping()
        try expect("(")
        var parameter: Double?
        if ["topk", "bottomk", "approx_topk"].contains(name) {
            guard case .number(let value) = current else {
                throw .invalid("parameter required for operation \(name)")
            }
            position += 1
            try expect(",")
            guard value > 0 else {
                throw .invalid(
                    "invalid parameter (must be greater than 0) \(name)(\(GoFloat.plain(value))")
            }
            parameter = value
        }
        var aggregation = VectorAggregation(
            operation: name, parameter: parameter, grouping: before, operand: try metric())
        try expect(")")
        if before == nil { aggregation.grouping = try grouping() }
        return .aggregation(aggregation)
    }

    private mutating func rangeAggregation(_ name: String) throws(LogQLError) -> LogQLExpression {
        position += 1
        try expect("(")
        var aggregation = RangeAggregation(operation: name, selection: LogSelection(), range: 0)
        if case .number(let value) = current {
            position += 1
            try expect(",")
            aggregation.parameter = value
        }
        let isNested = take("(")
        aggregation.selection.matchers = try selector()
        var hasRange = try range(of: &aggregation)
        aggregation.selection.stages = try stages(allowsUnwrap: true)
        if current == .word("|") {
            position += 2
            aggregation.unwrap = try unwrap()
        }
        if isNested { try expect(")") }
        if !hasRange { hasRange = try range(of: &aggregation) }
        guard hasRange else { throw refused() }
        try expect(")")
        aggregation.grouping = try grouping()
        return .range(aggregation)
    }

    private mutating func range(of aggregation: inout RangeAggregation) throws(LogQLError) -> Bool {
        guard case .range(let length) = current else { return false }
        position += 1
        aggregation.range = length
        if take("offset") {
            let isNegative = take("-")
            guard case .nanoseconds(let offset) = current else {
                throw refused(expecting: "DURATION")
            }
            position += 1
            aggregation.offset = Int64(isNegative ? -offset : offset)
        }
        return true
    }

    private mutating func unwrap() throws(LogQLError) -> Unwrap {
        var unwrap = Unwrap(label: "", conversion: .none)
        if case .word(let name) = current, let conversion = Unwrap.Conversion(rawValue: name) {
            position += 1
            unwrap.conversion = conversion
            try expect("(")
            unwrap.label = try identifier()
            try expect(")")
        } else {
            unwrap.label = try identifier()
        }
        while take("|") { unwrap.filters.append(try labelFilter()) }
        return unwrap
    }

    private mutating func labelReplacement() throws(LogQLError) -> LogQLExpression {
        position += 1
        try expect("(")
        let operand = try metric()
        var texts: [String] = []
        for _ in 0..<4 {
            try expect(",")
            texts.append(try string())
        }
        try expect(")")
        return .labelReplace(
            LabelReplacement(
                operand: operand, destination: texts[0], replacement: texts[1], source: texts[2],
                expression: try Self.compiled(texts[3])))
    }

    // MARK: Checks

    private func check(_ expression: LogQLExpression) throws(LogQLError) {
        switch expression {
        case .literal, .vector: return
        case .lines(let selection): try check(selection)
        case .aggregation(let aggregation): try check(aggregation.operand)
        case .labelReplace(let replacement): try check(replacement.operand)
        case .binary(let operation):
            try check(operation.left)
            try check(operation.right)
        case .range(let aggregation):
            try check(aggregation)
            try check(aggregation.selection)
        }
    }

    private func check(_ selection: LogSelection) throws(LogQLError) {
        let isBounded = selection.matchers.contains { matcher in
            (matcher.relation == .equal || matcher.relation == .matches) && !matcher.accepts("")
        }
        guard isBounded else {
            throw .invalid(
                "queries require at least one regexp or equality matcher that does not have an "
                    + "empty-compatible value. For instance, app=~\".*\" does not meet this "
                    + "requirement, but app=~\".+\" will")
        }
    }

    private static let groupable: Set<String> = [
        "avg_over_time", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time",
        "quantile_over_time", "first_over_time", "last_over_time",
    ]
    private static let needsNoUnwrap: Set<String> = [
        "count_over_time", "bytes_over_time", "bytes_rate", "absent_over_time", "rate",
    ]

    private func check(_ aggregation: RangeAggregation) throws(LogQLError) {
        let name = aggregation.operation
        if name == "quantile_over_time", aggregation.parameter == nil {
            throw .invalid("parameter required for operation \(name)")
        }
        if aggregation.grouping != nil, !Self.groupable.contains(name) {
            throw .invalid("grouping not allowed for \(name) aggregation")
        }
        let takesUnwrap =
            !Self.needsNoUnwrap.contains(name) || name == "rate"
            || name == "absent_over_time"
        if aggregation.unwrap != nil, !takesUnwrap {
            throw .invalid("invalid aggregation \(name) with unwrap")
        }
        if aggregation.unwrap == nil, !Self.needsNoUnwrap.contains(name) {
            throw .invalid("invalid aggregation \(name) without unwrap")
        }
    }
}

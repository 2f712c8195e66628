internal import GoText
import RegularExpressions

extension Parser {
    mutating func number(_ text: String) throws(LogQLError) -> Double {
        guard let value = GoFloat.parse(text) else {
            throw LogQLError(
                "unable to parse float: strconv.ParseFloat: parsing \(GoQuoting.quote(text)): "
                    + "value out of range")
        }
        return value
    }

    mutating func vector() throws(LogQLError) -> Operand {
        try take()
        try expect(.symbol(.openParenthesis))
        let value = try number(try expect(.number).text)
        try expect(.symbol(.closeParenthesis))
        return Operand(.metric(.vector(NumberValue(value))))
    }

    mutating func labelReplace() throws(LogQLError) -> Operand {
        try take()
        try expect(.symbol(.openParenthesis))
        let inner = try metric(try expression())
        var texts: [String] = []
        for _ in 0..<4 {
            guard try accept(.comma) else {
                throw try unexpected(texts.isEmpty ? [] : [.symbol(.comma)])
            }
            texts.append(try expect(.string).text)
        }
        try expect(.symbol(.closeParenthesis))
        let replacement = LabelReplacement(
            inner.expression, target: texts[0], replacement: texts[1], source: texts[2],
            pattern: texts[3])
        return try Operand.above(
            [inner.operand], .labelReplace(replacement), fault: Self.fault(of: replacement))
    }

    /// The expression of an operand, which must be numbers.
    private mutating func metric(
        _ operand: Operand
    ) throws(LogQLError) -> (expression: MetricExpression, operand: Operand) {
        guard case .metric(let expression) = operand.query else { throw try unexpected() }
        return (expression, operand)
    }

    // MARK: - Aggregations

    mutating func vectorAggregation(
        _ op: VectorAggregation.Operator
    ) throws(LogQLError) -> Operand {
        try take()
        var grouping = try self.grouping()
        if grouping == nil {
            try expect(.symbol(.openParenthesis), or: .symbol(.by), .symbol(.without))
        } else {
            try expect(.symbol(.openParenthesis))
        }
        var parameter: String?
        var first: Operand?
        if try peek().kind == .number {
            let text = try take().text
            if try accept(.comma) {
                parameter = text
            } else {
                first = Operand(.metric(.literal(NumberValue(try number(text)))))
            }
        }
        let inner = try metric(try expression(behind: first))
        guard try accept(.closeParenthesis) else { throw try unexpected() }
        if grouping == nil { grouping = try self.grouping() }
        var aggregation = VectorAggregation(op, inner.expression, grouping: grouping)
        let fault = Self.fault(of: &aggregation, parameter)
        return try Operand.above([inner.operand], .aggregation(aggregation), fault: fault)
    }

    mutating func rangeAggregation(
        _ op: RangeAggregation.Operator
    ) throws(LogQLError) -> Operand {
        try take()
        try expect(.symbol(.openParenthesis))
        var parameter: String?
        if try peek().kind == .number {
            parameter = try take().text
            try expect(.symbol(.comma))
        }
        let firsts: [Token.Kind] = [.symbol(.openBrace), .symbol(.openParenthesis)]
        guard firsts.contains(try peek().kind) else {
            throw try unexpected((parameter == nil ? [.number] : []) + firsts)
        }
        let range = try nested { parser throws(LogQLError) in try parser.logRange() }
        guard let window = range.window else { throw try unexpected() }
        try expect(.symbol(.closeParenthesis))
        var aggregation = RangeAggregation(
            op, range.query, window: window, unwrap: range.unwrap, offset: range.offset,
            grouping: try grouping())
        let fault = Self.fault(of: &aggregation, parameter) ?? Self.fault(of: aggregation.query)
        return Operand(.metric(.range(aggregation)), fault: fault)
    }

    /// `by (…)`, `without (…)` or nothing.
    private mutating func grouping() throws(LogQLError) -> Grouping? {
        let word = try peekSymbol()
        guard word == .by || word == .without else { return nil }
        try take()
        return Grouping(try labelList(), isWithout: word == .without)
    }

    // MARK: - Ranges

    struct LogRange {
        var query = LogQuery([])
        var unwrap: Unwrap?
        var window: Nanoseconds?
        var offset = Nanoseconds(0)

        /// Whether a pipeline can follow.
        var isBare: Bool { query.stages.isEmpty && unwrap == nil }
    }

    /// A selector with its pipeline and its window, which may come before or behind the pipeline.
    private mutating func logRange() throws(LogQLError) -> LogRange {
        var range = LogRange()
        if try accept(.openParenthesis) {
            range = try nested { parser throws(LogQLError) in try parser.logRange() }
            guard try accept(.closeParenthesis) else {
                throw try unexpected(range.window == nil ? [] : [.symbol(.closeParenthesis)])
            }
        } else {
            range.query.matchers = try selector()
        }
        while true {
            let next = try peek()
            if next.kind == .range, range.window == nil {
                range.window = try take().length
                if try accept(.offset) { range.offset = try expect(.duration).length }
            } else if case .symbol(let symbol) = next.kind, symbol.beginsStage, range.isBare {
                try pipeline(
                    into: &range.query.stages, unwrap: &range.unwrap, allowsUnwrap: true)
            } else {
                return range
            }
        }
    }

    // MARK: - Faults

    private static func fault(
        of aggregation: inout VectorAggregation, _ parameter: String?
    ) -> LogQLError? {
        let name = aggregation.op.rawValue
        switch aggregation.op {
        case .topk, .bottomk, .approximateTopk:
            guard let parameter else {
                return LogQLError("parameter required for operation \(name)")
            }
            guard let count = Int(parameter) else {
                return LogQLError("invalid parameter \(name)(\(parameter),")
            }
            guard count > 0 else {
                return LogQLError(
                    "invalid parameter (must be greater than 0) \(name)(\(parameter)")
            }
            aggregation.parameter = count
            if aggregation.op == .approximateTopk, aggregation.grouping != nil {
                return LogQLError("grouping not allowed for \(name) aggregation")
            }
        case .sort, .sortDescending:
            if aggregation.grouping.map({ !$0.labels.isEmpty }) == true {
                return LogQLError("sort and sort_desc doesn't allow grouping by ")
            }
            fallthrough
        case .sum, .avg, .max, .min, .count, .stddev, .stdvar:
            guard let parameter else { return nil }
            return LogQLError("unsupported parameter for operation \(name)(\(parameter),")
        }
        return nil
    }

    private static func fault(
        of aggregation: inout RangeAggregation, _ parameter: String?
    ) -> LogQLError? {
        let name = aggregation.op.rawValue
        if aggregation.op == .quantile {
            guard let parameter else {
                return LogQLError("parameter required for operation \(name)")
            }
            guard let value = GoFloat.parse(parameter) else {
                return LogQLError(
                    "invalid parameter for operation \(name): strconv.ParseFloat: parsing "
                        + "\(GoQuoting.quote(parameter)): value out of range")
            }
            aggregation.parameter = NumberValue(value)
        } else if let parameter {
            return LogQLError("parameter \(parameter) not supported for operation \(name)")
        }
        if aggregation.grouping != nil, !aggregation.op.allowsGrouping {
            return LogQLError("grouping not allowed for \(name) aggregation")
        }
        if aggregation.unwrap != nil, !aggregation.op.allowsUnwrap {
            return LogQLError("invalid aggregation \(name) with unwrap")
        }
        if aggregation.unwrap == nil, aggregation.op.needsUnwrap {
            return LogQLError("invalid aggregation \(name) without unwrap")
        }
        return nil
    }

    private static func fault(of replacement: LabelReplacement) -> LogQLError? {
        do throws(RegularExpressionError) {
            _ = try RegularExpression(replacement.pattern)
            return nil
        } catch {
            return LogQLError("invalid regex in label_replace: \(error)")
        }
    }
}

extension RangeAggregation.Operator {
    /// Whether a grouping may follow; that of the others is written around them.
    var allowsGrouping: Bool {
        switch self {
        case .average, .minimum, .maximum, .standardVariance, .standardDeviation, .quantile,
            .first, .last:
            true
        case .count, .rate, .rateCounter, .bytes, .bytesRate, .sum, .absent: false
        }
    }

    var allowsUnwrap: Bool { self != .count && self != .bytes && self != .bytesRate }

    var needsUnwrap: Bool {
        switch self {
        case .count, .rate, .bytes, .bytesRate, .absent: false
        case .rateCounter, .average, .sum, .minimum, .maximum, .standardVariance,
            .standardDeviation, .quantile, .first, .last:
            true
        }
    }
}

extension Operand {
    /// A node on top of its operands.
    static func above(
        _ operands: [Operand], _ expression: MetricExpression, fault: LogQLError?
    ) throws(LogQLError) -> Operand {
        let height = operands.reduce(0) { max($0, $1.height) } + 1
        guard height <= LogQLQuery.maximumDepth else { throw .tooDeep }
        let inner = operands.lazy.compactMap(\.fault).first
        return Operand(.metric(expression), fault: fault ?? inner, height: height)
    }

    /// Two operands and what joins them. Two numbers become one.
    static func joined(
        _ left: Operand, _ op: BinaryOperation.Operator, _ right: Operand, returnsBool: Bool,
        matching: BinaryOperation.Matching
    ) throws(LogQLError) -> Operand {
        let lhs = try left.leg("left", of: op)
        let rhs = try right.leg("right", of: op)
        if case .literal(let first) = lhs, case .literal(let second) = rhs,
            let value = op.value(first.value, second.value)
        {
            return Operand(.metric(.literal(NumberValue(value))), fault: left.fault ?? right.fault)
        }
        let binary = BinaryOperation(
            op, lhs, rhs, returnsBool: returnsBool, matching: matching)
        return try above([left, right], .binary(binary), fault: nil)
    }

    private func leg(
        _ side: String, of op: BinaryOperation.Operator
    ) throws(LogQLError) -> MetricExpression {
        switch query {
        case .log(let query):
            throw LogQLError(
                "unexpected type for \(side) leg of binary operation (\(op.rawValue)): "
                    + "*syntax.\(query.isSelector ? "MatchersExpr" : "PipelineExpr")")
        case .metric(.literal(let number)) where op.isSetOperator:
            throw LogQLError(
                "unexpected literal for \(side) leg of logical/set binary operation "
                    + "(\(op.rawValue)): \(GoFloat.fixed(number.value))")
        case .metric(let expression): return expression
        }
    }
}

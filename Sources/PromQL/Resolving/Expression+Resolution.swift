extension Expression {
    /// The tree with durations that depend on the query, and the functions `start()`, `end()`,
    /// `step()` and `range()`, replaced by their values (seconds). `@ start()` and `@ end()` stay.
    ///
    /// - Throws: `ParseError` in the form `<start>:<end>: duration must be greater than 0`, byte
    ///   offsets into the query.
    public func resolved(in context: QueryContext) throws(ParseError) -> Expression {
        try transformed { (node) throws(ParseError) -> Expression in
            switch node {
            case .call(let call):
                guard let value = call.function.value(in: context) else { return node }
                return .number(NumberLiteral(value, range: call.range))
            case .vectorSelector(var selector):
                selector.offset = try selector.offset?.resolvedOffset(in: context)
                return .vectorSelector(selector)
            case .matrixSelector(var matrix):
                matrix.window = .fixed(try matrix.window.resolved(in: context))
                return .matrixSelector(matrix)
            case .subquery(var subquery):
                subquery.offset = try subquery.offset?.resolvedOffset(in: context)
                if let step = try subquery.step?.resolved(in: context) {
                    // Below a millisecond nothing is left, which means the default.
                    subquery.step = step == 0 ? nil : .fixed(step)
                }
                subquery.window = .fixed(try subquery.window.resolved(in: context))
                return .subquery(subquery)
            case .number, .string, .paren, .unary, .binary, .aggregation, .fragment: return node
            }
        }
    }

    /// The tree with `@ start()` and `@ end()` replaced by times (ms).
    public func withAbsoluteAt(start: Int64, end: Int64) -> Expression {
        func absolute(_ at: AtModifier?) -> AtModifier? {
            switch at {
            case .start: .timestamp(start)
            case .end: .timestamp(end)
            case .timestamp, nil: at
            }
        }
        return transformed { (node) throws(Never) -> Expression in
            switch node {
            case .vectorSelector(var selector):
                selector.at = absolute(selector.at)
                return .vectorSelector(selector)
            case .subquery(var subquery):
                subquery.at = absolute(subquery.at)
                return .subquery(subquery)
            case .number, .string, .paren, .unary, .binary, .aggregation, .call, .matrixSelector,
                .fragment:
                return node
            }
        }
    }
}

extension Function {
    /// The value of a function of the query alone; nil for all others.
    fileprivate func value(in context: QueryContext) -> Double? {
        switch self {
        case .start: Double(context.start) / 1000
        case .end: Double(context.end) / 1000
        case .step: context.stepSeconds
        case .range: context.rangeSeconds
        default: nil
        }
    }
}

extension DurationValue {
    /// Milliseconds of a range or a step.
    fileprivate func resolved(in context: QueryContext) throws(ParseError) -> Int64 {
        switch self {
        case .fixed(let milliseconds): milliseconds
        case .expression(let expression):
            try expression.milliseconds(in: context, allowsNegative: false)
        }
    }

    /// nil for an offset of zero.
    fileprivate func resolvedOffset(
        in context: QueryContext
    ) throws(ParseError) -> DurationValue? {
        switch self {
        case .fixed: return self
        case .expression(let expression):
            let milliseconds = try expression.milliseconds(in: context, allowsNegative: true)
            return milliseconds == 0 ? nil : .fixed(milliseconds)
        }
    }
}

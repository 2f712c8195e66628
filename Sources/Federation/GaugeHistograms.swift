import PromQL

extension Expression {
    /// Whether all native histograms in the value are gauges for certain, that is without looking
    /// at the data: differences are, and what is made of them.
    var givesGaugeHistograms: Bool {
        switch self {
        case .number, .string, .vectorSelector, .matrixSelector, .fragment: false
        case .paren(let paren): paren.expression.givesGaugeHistograms
        case .unary(let unary): unary.op == .minus || unary.operand.givesGaugeHistograms
        case .subquery(let subquery): subquery.expression.givesGaugeHistograms
        case .aggregation(let aggregation): aggregation.expression.givesGaugeHistograms
        case .binary(let binary):
            switch binary.op {
            case .subtract: true
            case .add:
                // A gauge makes the sum one.
                binary.lhs.givesGaugeHistograms || binary.rhs.givesGaugeHistograms
            case .or: binary.lhs.givesGaugeHistograms && binary.rhs.givesGaugeHistograms
            case .and, .unless: binary.lhs.givesGaugeHistograms
            case .multiply, .divide:
                // One side holds the histograms; the other is numbers.
                binary.lhs.givesGaugeHistograms || binary.rhs.givesGaugeHistograms
            default: false
            }
        case .call(let call):
            switch call.function {
            case .rate, .increase, .delta, .irate, .idelta: true
            case .labelReplace, .labelJoin, .sumOverTime, .avgOverTime, .lastOverTime,
                .firstOverTime:
                call.arguments.first?.givesGaugeHistograms ?? false
            default: false
            }
        }
    }
}

import PromQL
import PromQLEngine

extension Expression {
    /// Whether all native histograms in the value are gauges for certain, that is without looking
    /// at the data: differences are, and what is made of them.
    func givesGaugeHistograms(in language: LanguageVersion) -> Bool {
        let marksDifferences = language.marksDifferencesAsGauges
        return switch self {
        case .number, .string, .vectorSelector, .matrixSelector, .fragment: false
        case .paren(let paren): paren.expression.givesGaugeHistograms(in: language)
        case .unary(let unary):
            (unary.op == .minus && marksDifferences)
                || unary.operand.givesGaugeHistograms(in: language)
        case .subquery(let subquery): subquery.expression.givesGaugeHistograms(in: language)
        case .aggregation(let aggregation):
            aggregation.expression.givesGaugeHistograms(in: language)
        case .binary(let binary):
            switch binary.op {
            case .subtract:
                marksDifferences || binary.lhs.givesGaugeHistograms(in: language)
            case .add:
                // A gauge makes the sum one.
                binary.lhs.givesGaugeHistograms(in: language)
                    || binary.rhs.givesGaugeHistograms(in: language)
            case .or:
                binary.lhs.givesGaugeHistograms(in: language)
                    && binary.rhs.givesGaugeHistograms(in: language)
            case .and, .unless: binary.lhs.givesGaugeHistograms(in: language)
            case .multiply, .divide:
                // One side holds the histograms; the other is numbers.
                binary.lhs.givesGaugeHistograms(in: language)
                    || binary.rhs.givesGaugeHistograms(in: language)
            default: false
            }
        case .call(let call):
            switch call.function {
            case .rate, .increase, .delta, .irate, .idelta: true
            case .labelReplace, .labelJoin, .sumOverTime, .avgOverTime, .lastOverTime,
                .firstOverTime:
                call.arguments.first?.givesGaugeHistograms(in: language) ?? false
            default: false
            }
        }
    }
}

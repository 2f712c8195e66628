#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension BinaryOperation.Operator {
    /// The value of two numbers; of a comparison 1 or 0. Nil for set operators, which have none.
    ///
    /// Unlike elsewhere, a division by zero is not a number.
    func value(_ left: Double, _ right: Double) -> Double? {
        switch self {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: right == 0 ? .nan : left / right
        case .modulo: right == 0 ? .nan : fmod(left, right)
        case .power: pow(left, right)
        case .equal: left == right ? 1 : 0
        case .notEqual: left != right ? 1 : 0
        case .greater: left > right ? 1 : 0
        case .greaterOrEqual: left >= right ? 1 : 0
        case .less: left < right ? 1 : 0
        case .lessOrEqual: left <= right ? 1 : 0
        case .or, .and, .unless: nil
        }
    }
}

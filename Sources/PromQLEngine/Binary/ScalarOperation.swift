internal import PromQL
internal import TimeSeries

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Binary operators on floats.
enum ScalarOperation {
    /// Comparisons give 1 or 0.
    static func value(_ op: Binary.Operator, _ a: Double, _ b: Double) -> Double {
        switch op {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .modulo: fmod(a, b)
        case .power: pow(a, b)
        case .atan2: atan2(a, b)
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            holds(op, a, b) ? 1 : 0
        case .and, .or, .unless, .trimUpper, .trimLower: .nan
        }
    }

    static func holds(_ op: Binary.Operator, _ a: Double, _ b: Double) -> Bool {
        switch op {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        case .add, .subtract, .multiply, .divide, .modulo, .power, .atan2, .and, .or, .unless,
            .trimUpper, .trimLower:
            false
        }
    }

    /// A whole column with one number a step.
    static func apply(
        _ op: Binary.Operator, to column: inout [Double], _ numbers: [Double],
        isScalarLeft: Bool, givesBool: Bool
    ) {
        if op.isComparison {
            for step in column.indices where !SampleValue.isAbsent(column[step]) {
                let holds =
                    isScalarLeft
                    ? holds(op, numbers[step], column[step])
                    : holds(op, column[step], numbers[step])
                if givesBool {
                    column[step] = holds ? 1 : 0
                } else if !holds {
                    column[step] = SampleValue.absent
                }
            }
            return
        }
        switch op {
        case .add: apply(&column, numbers, isScalarLeft) { $0 + $1 }
        case .subtract: apply(&column, numbers, isScalarLeft) { $0 - $1 }
        case .multiply: apply(&column, numbers, isScalarLeft) { $0 * $1 }
        case .divide: apply(&column, numbers, isScalarLeft) { $0 / $1 }
        case .modulo: apply(&column, numbers, isScalarLeft) { fmod($0, $1) }
        case .power: apply(&column, numbers, isScalarLeft) { pow($0, $1) }
        case .atan2: apply(&column, numbers, isScalarLeft) { atan2($0, $1) }
        default:
            for step in column.indices { column[step] = SampleValue.absent }
        }
    }

    @inline(__always)
    private static func apply(
        _ column: inout [Double], _ numbers: [Double], _ isScalarLeft: Bool,
        _ operation: (Double, Double) -> Double
    ) {
        for step in column.indices where !SampleValue.isAbsent(column[step]) {
            column[step] =
                isScalarLeft
                ? operation(numbers[step], column[step]) : operation(column[step], numbers[step])
        }
    }
}

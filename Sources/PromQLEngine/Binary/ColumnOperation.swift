internal import PromQL
internal import TimeSeries

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A binary operator on two columns of floats.
enum ColumnOperation {
    /// Sets the steps at which both have a value.
    static func combine(
        _ op: Binary.Operator, _ left: [Double], _ right: [Double], into result: inout [Double],
        givesBool: Bool
    ) {
        switch op {
        case .add: combine(left, right, &result) { $0 + $1 }
        case .subtract: combine(left, right, &result) { $0 - $1 }
        case .multiply: combine(left, right, &result) { $0 * $1 }
        case .divide: combine(left, right, &result) { $0 / $1 }
        case .modulo: combine(left, right, &result) { fmod($0, $1) }
        case .power: combine(left, right, &result) { pow($0, $1) }
        case .atan2: combine(left, right, &result) { atan2($0, $1) }
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            combine(left, right, &result) { a, b in
                let holds = ScalarOperation.holds(op, a, b)
                if givesBool { return holds ? 1 : 0 }
                return holds ? a : SampleValue.absent
            }
        case .and, .or, .unless, .trimUpper, .trimLower: break
        }
    }

    @inline(__always)
    private static func combine(
        _ left: [Double], _ right: [Double], _ result: inout [Double],
        _ operation: (Double, Double) -> Double
    ) {
        for step in result.indices {
            let (a, b) = (left[step], right[step])
            if SampleValue.isAbsent(a) || SampleValue.isAbsent(b) { continue }
            result[step] = operation(a, b)
        }
    }
}

internal import PromQL
internal import TimeSeries

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// One side of an operation at one step.
enum SampleOperand {
    case float(Double)
    case histogram(FloatHistogram)

    var typeName: String {
        switch self {
        case .float: "float"
        case .histogram: "histogram"
        }
    }
}

/// A binary operator on two samples, at least one of which may be a histogram.
struct SampleOperation {
    /// What is to be reported beside the value.
    enum Note: Hashable {
        case incompatibleTypes(left: String, right: String)
        case incompatibleLayouts
        case conflictingResets
        case reconciledBounds
        case unknownBounds
    }

    struct Outcome {
        var value: PointValue
        var note: Note?
    }

    let op: Binary.Operator
    let givesBool: Bool
    let language: LanguageVersion

    init(_ op: Binary.Operator, givesBool: Bool, language: LanguageVersion) {
        self.op = op
        self.givesBool = givesBool
        self.language = language
    }

    func combine(_ left: SampleOperand, _ right: SampleOperand) -> Outcome {
        switch (left, right) {
        case (.float(let a), .float(let b)):
            guard op.isComparison else {
                return op.isArithmetic
                    ? Outcome(value: .float(ScalarOperation.value(op, a, b)))
                    : incompatible(left, right)
            }
            let holds = ScalarOperation.holds(op, a, b)
            if givesBool { return Outcome(value: .float(holds ? 1 : 0)) }
            return Outcome(value: holds ? .float(a) : .none)
        case (.histogram(let a), .float(let b)):
            switch op {
            case .multiply: return Outcome(value: .histogram(hinted(a.scaled(by: b), as: a)))
            case .divide: return Outcome(value: .histogram(hinted(a.divided(by: b), as: a)))
            case .trimUpper: return Outcome(value: .histogram(a.trimmed(upper: b)))
            case .trimLower: return Outcome(value: .histogram(a.trimmed(lower: b)))
            default: return incompatible(left, right)
            }
        case (.float(let a), .histogram(let b)):
            guard op == .multiply else { return incompatible(left, right) }
            return Outcome(value: .histogram(hinted(b.scaled(by: a), as: b)))
        case (.histogram(let a), .histogram(let b)):
            return combine(a, b)
        }
    }

    /// A result that is marked as a gauge for the sake of its sign, which not every version does.
    private func hinted(_ result: FloatHistogram, as operand: FloatHistogram) -> FloatHistogram {
        language.marksDifferencesAsGauges ? result : result.hinted(as: operand)
    }

    private func combine(_ a: FloatHistogram, _ b: FloatHistogram) -> Outcome {
        switch op {
        case .add, .subtract:
            let collision: Bool
            let reconciled: Bool
            var result: FloatHistogram
            do throws(FloatHistogram.LayoutError) {
                if op == .add {
                    (result, collision, reconciled) = try a.adding(
                        b, reconciling: language.reconcilesCustomBounds)
                } else {
                    (result, collision, reconciled) = try a.subtracting(
                        b, reconciling: language.reconcilesCustomBounds)
                    result = hinted(result, as: a)
                }
            } catch {
                return Outcome(
                    value: .none,
                    note: error == .unknownBounds ? .unknownBounds : .incompatibleLayouts)
            }
            if collision, language.judgesConflictingResets {
                return Outcome(value: .none, note: .conflictingResets)
            }
            result = result.compacted()
            return Outcome(
                value: .histogram(result), note: reconciled ? .reconciledBounds : nil)
        case .equal, .notEqual:
            let holds = a.hasSameFields(as: b) == (op == .equal)
            if givesBool { return Outcome(value: .float(holds ? 1 : 0)) }
            return Outcome(value: holds ? .histogram(a) : .none)
        default:
            return incompatible(.histogram(a), .histogram(b))
        }
    }

    private func incompatible(_ left: SampleOperand, _ right: SampleOperand) -> Outcome {
        Outcome(
            value: .none,
            note: .incompatibleTypes(left: left.typeName, right: right.typeName))
    }
}

/// A binary operator on two columns of floats.
enum ColumnOperation {
    /// Sets those of the steps at which both have a value.
    static func combine(
        _ op: Binary.Operator, _ steps: Range<Int>, _ left: [Double], _ right: [Double],
        into result: inout [Double], givesBool: Bool
    ) {
        switch op {
        case .add: combine(steps, left, right, &result) { $0 + $1 }
        case .subtract: combine(steps, left, right, &result) { $0 - $1 }
        case .multiply: combine(steps, left, right, &result) { $0 * $1 }
        case .divide: combine(steps, left, right, &result) { $0 / $1 }
        case .modulo: combine(steps, left, right, &result) { fmod($0, $1) }
        case .power: combine(steps, left, right, &result) { pow($0, $1) }
        case .atan2: combine(steps, left, right, &result) { atan2($0, $1) }
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            combine(steps, left, right, &result) { a, b in
                let holds = ScalarOperation.holds(op, a, b)
                if givesBool { return holds ? 1 : 0 }
                return holds ? a : SampleValue.absent
            }
        case .and, .or, .unless, .trimUpper, .trimLower: break
        }
    }

    @inline(__always)
    private static func combine(
        _ steps: Range<Int>, _ left: [Double], _ right: [Double], _ result: inout [Double],
        _ operation: (Double, Double) -> Double
    ) {
        for step in steps {
            let (a, b) = (left[step], right[step])
            if SampleValue.isAbsent(a) || SampleValue.isAbsent(b) { continue }
            result[step] = operation(a, b)
        }
    }
}

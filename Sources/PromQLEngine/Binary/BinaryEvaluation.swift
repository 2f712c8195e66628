internal import PromQL
internal import TimeSeries

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

extension Evaluator {
    mutating func evaluateUnary(_ unary: Unary) throws(EvaluationError) -> EvaluatedValue {
        let operand = try evaluate(unary.operand)
        if unary.op == .plus { return operand }
        switch operand {
        case .scalar(let values):
            try budget.reserve(values.count)
            return .scalar(values.map { -$0 })
        case .vector(let series):
            return .vector(try negated(series))
        case .string, .range:
            return operand
        }
    }

    /// Apart from the recursion, which has little stack.
    @inline(never)
    private func negated(_ series: [StepSeries]) throws(EvaluationError) -> [StepSeries] {
        try budget.reserve(series.reduce(0) { $0 + $1.cells })
        var work = WorkCounter(budget)
        let negated = try series.map { one throws(EvaluationError) in
            var result = one
            for steps in StepChunks(result.values.count) {
                try work.add(steps.count)
                for step in steps where !SampleValue.isAbsent(one.values[step]) {
                    result.values[step] = -one.values[step]
                }
            }
            try work.add(64 * one.histograms.count)
            result.histograms = one.histograms.mapValues {
                let negative = $0.scaled(by: -1)
                return options.language.marksDifferencesAsGauges
                    ? negative : negative.hinted(as: $0)
            }
            return result
        }
        return try droppingNames(negated)
    }

    mutating func evaluateBinary(_ binary: Binary) throws(EvaluationError) -> EvaluatedValue {
        let lhs = try evaluate(binary.lhs)
        let rhs = try evaluate(binary.rhs)
        switch (lhs, rhs) {
        case (.scalar(let a), .scalar(let b)):
            try budget.reserve(grid.count)
            var result = a
            var work = WorkCounter(budget)
            for steps in StepChunks(result.count) {
                try work.add(steps.count)
                for step in steps {
                    result[step] = ScalarOperation.value(binary.op, a[step], b[step])
                }
            }
            return .scalar(result)
        case (.vector(let series), .scalar(let numbers)):
            return .vector(try combine(series, numbers, binary, isScalarLeft: false))
        case (.scalar(let numbers), .vector(let series)):
            return .vector(try combine(series, numbers, binary, isScalarLeft: true))
        case (.vector(let left), .vector(let right)):
            let matching = binary.matching ?? VectorMatching()
            switch binary.op {
            case .and, .or, .unless:
                return .vector(
                    try SetOperation(binary.op, matching, steps: grid.count)
                        .evaluate(left, right, in: self))
            default:
                return .vector(try matched(left, right, binary, matching))
            }
        default:
            throw .execution("unexpected error: operands must be scalars or instant vectors")
        }
    }

    /// A vector with a scalar. A filter comparison gives the vector's value, on whatever side that
    /// stands.
    private mutating func combine(
        _ series: [StepSeries], _ numbers: [Double], _ binary: Binary, isScalarLeft: Bool
    ) throws(EvaluationError) -> [StepSeries] {
        let op = binary.op
        var result: [StepSeries] = []
        result.reserveCapacity(series.count)
        var work = WorkCounter(budget)
        for one in series {
            let cells = budget.cells
            try budget.reserve(grid.count)
            var output = one
            output.histograms = [:]
            if op.isTrim, !one.values.allSatisfy(SampleValue.isAbsent) {
                note(.incompatibleTypes(left: "float", right: "float"), of: binary)
            }
            for steps in StepChunks(grid.count) {
                try work.add(steps.count)
                ScalarOperation.apply(
                    op, to: &output.values, steps, numbers, isScalarLeft: isScalarLeft,
                    givesBool: binary.returnsBool)
            }
            let operation = SampleOperation(
                op, givesBool: binary.returnsBool, language: options.language)
            for (step, histogram) in one.histograms {
                try work.add(64)
                let number = SampleOperand.float(numbers[step])
                let own = SampleOperand.histogram(histogram)
                let outcome = operation.combine(
                    isScalarLeft ? number : own, isScalarLeft ? own : number)
                note(outcome.note, of: binary)
                switch outcome.value {
                case .none: break
                case .float(let float): output.values[step] = float
                case .histogram(let histogram):
                    try budget.reserve(histogram.cells)
                    output.histograms[step] = histogram
                }
            }
            if output.isEmpty {
                try budget.settle(cells: cells)
                continue
            }
            result.append(output)
        }
        return binary.dropsNames(in: options.dialect) ? try droppingNames(result) : result
    }

    /// Reports what an operation on histograms said; a scalar's side says nothing else.
    mutating func note(_ note: SampleOperation.Note?, of binary: Binary) {
        guard let note else { return }
        let position = position(binary.range)
        let symbol = binary.op.rawValue
        let operation: Annotation.HistogramOperation =
            binary.op == .add ? .addition : .subtraction
        switch note {
        case .incompatibleTypes(let left, let right):
            state.annotations.add(
                .incompatibleTypes(operator: symbol, left: left, right: right), at: position)
        case .incompatibleLayouts:
            state.annotations.add(.incompatibleLayouts(operator: symbol), at: position)
        case .conflictingResets:
            state.annotations.add(.conflictingResets(operation), at: position)
        case .reconciledBounds:
            state.annotations.add(.reconciledBounds(operation), at: position)
        case .unknownBounds: state.annotations.refuseUnknownBounds(at: position)
        }
    }
}

extension Binary {
    /// Whether results lose their metric name.
    func dropsNames(in dialect: EngineOptions.Dialect) -> Bool {
        returnsBool || op.dropsName(in: dialect)
    }
}

extension Binary.Operator {
    /// 2.42 forgot `atan2`.
    func dropsName(in dialect: EngineOptions.Dialect) -> Bool {
        isArithmetic && !(self == .atan2 && dialect == .prometheus2)
    }

    var isTrim: Bool { self == .trimUpper || self == .trimLower }

    var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
        case .add, .subtract, .multiply, .divide, .modulo, .power, .atan2, .and, .or, .unless,
            .trimUpper, .trimLower:
            false
        }
    }

    var isArithmetic: Bool {
        switch self {
        case .add, .subtract, .multiply, .divide, .modulo, .power, .atan2: true
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or,
            .unless, .trimUpper, .trimLower:
            false
        }
    }
}

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

    /// Some steps of a column with one number a step.
    static func apply(
        _ op: Binary.Operator, to column: inout [Double], _ steps: Range<Int>,
        _ numbers: [Double], isScalarLeft: Bool, givesBool: Bool
    ) {
        if op.isComparison {
            for step in steps where !SampleValue.isAbsent(column[step]) {
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
        case .add: apply(&column, steps, numbers, isScalarLeft) { $0 + $1 }
        case .subtract: apply(&column, steps, numbers, isScalarLeft) { $0 - $1 }
        case .multiply: apply(&column, steps, numbers, isScalarLeft) { $0 * $1 }
        case .divide: apply(&column, steps, numbers, isScalarLeft) { $0 / $1 }
        case .modulo: apply(&column, steps, numbers, isScalarLeft) { fmod($0, $1) }
        case .power: apply(&column, steps, numbers, isScalarLeft) { pow($0, $1) }
        case .atan2: apply(&column, steps, numbers, isScalarLeft) { atan2($0, $1) }
        default:
            for step in steps { column[step] = SampleValue.absent }
        }
    }

    @inline(__always)
    private static func apply(
        _ column: inout [Double], _ steps: Range<Int>, _ numbers: [Double],
        _ isScalarLeft: Bool,
        _ operation: (Double, Double) -> Double
    ) {
        for step in steps where !SampleValue.isAbsent(column[step]) {
            column[step] =
                isScalarLeft
                ? operation(numbers[step], column[step]) : operation(column[step], numbers[step])
        }
    }
}

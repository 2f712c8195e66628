internal import GoText
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
    /// Functions of one float at a time. Histograms are left out.
    mutating func elementwise(_ call: Call) throws(EvaluationError) -> [StepSeries] {
        let input = try vector(call.arguments[0])
        let bounds = try call.arguments.dropFirst().map { argument throws(EvaluationError) in
            try scalar(argument)
        }
        let result: [StepSeries]
        switch call.function {
        case .abs: result = try mapping(input) { $0.magnitude }
        case .ceil: result = try mapping(input) { $0.rounded(.up) }
        case .floor: result = try mapping(input) { $0.rounded(.down) }
        case .exp: result = try mapping(input) { exp($0) }
        case .sqrt: result = try mapping(input) { $0.squareRoot() }
        case .ln: result = try mapping(input) { log($0) }
        case .log2: result = try mapping(input) { log2($0) }
        case .log10: result = try mapping(input) { log10($0) }
        case .sin: result = try mapping(input) { sin($0) }
        case .cos: result = try mapping(input) { cos($0) }
        case .tan: result = try mapping(input) { tan($0) }
        case .asin: result = try mapping(input) { asin($0) }
        case .acos: result = try mapping(input) { acos($0) }
        case .atan: result = try mapping(input) { atan($0) }
        case .sinh: result = try mapping(input) { sinh($0) }
        case .cosh: result = try mapping(input) { cosh($0) }
        case .tanh: result = try mapping(input) { tanh($0) }
        case .asinh: result = try mapping(input) { asinh($0) }
        case .acosh: result = try mapping(input) { acosh($0) }
        case .atanh: result = try mapping(input) { atanh($0) }
        case .deg: result = try mapping(input) { $0 * 180 / .pi }
        case .rad: result = try mapping(input) { $0 * .pi / 180 }
        case .sgn: result = try mapping(input) { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 }
        case .round:
            let nearest = bounds.first
            result = try mapping(input) { value, step in
                let inverse = 1.0 / (nearest?[step] ?? 1)
                return (value * inverse + 0.5).rounded(.down) / inverse
            }
        case .clamp:
            let (least, greatest) = (bounds[0], bounds[1])
            result = try mapping(input) { value, step in
                if greatest[step] < least[step] { return SampleValue.absent }
                return GoMath.max(least[step], GoMath.min(greatest[step], value))
            }
        case .clampMin:
            result = try mapping(input) { value, step in GoMath.max(bounds[0][step], value) }
        case .clampMax:
            result = try mapping(input) { value, step in GoMath.min(bounds[0][step], value) }
        default:
            throw .execution("unexpected error: \(call.function.rawValue) is not elementwise")
        }
        return try droppingNames(result)
    }

    func mapping(
        _ input: [StepSeries], _ function: (Double) -> Double
    ) throws(EvaluationError) -> [StepSeries] {
        try mapping(input) { value, _ in function(value) }
    }

    func mapping(
        _ input: [StepSeries], _ function: (_ value: Double, _ step: Int) -> Double
    ) throws(EvaluationError) -> [StepSeries] {
        try budget.reserve(grid.count, columns: input.count)
        var work = WorkCounter(budget)
        return try input.map { series throws(EvaluationError) in
            var output = series
            output.histograms = [:]
            for steps in StepChunks(output.values.count) {
                try work.add(steps.count)
                for step in steps {
                    let value = output.values[step]
                    if !SampleValue.isAbsent(value) { output.values[step] = function(value, step) }
                }
            }
            return output
        }
    }
}

extension Evaluator {
    /// `minute()`, `hour()`, … of the steps' times, or of times in seconds.
    mutating func dateFunction(_ call: Call) throws(EvaluationError) -> [StepSeries] {
        func part(_ date: CivilDate) -> Double {
            switch call.function {
            case .minute: Double(date.minute)
            case .hour: Double(date.hour)
            case .dayOfMonth: Double(date.day)
            case .dayOfWeek: Double(date.weekday)
            case .dayOfYear: Double(date.dayOfYear)
            case .daysInMonth: Double(date.daysInMonth)
            case .month: Double(date.month)
            default: Double(date.year)
            }
        }
        guard let argument = call.arguments.first else {
            try budget.reserve(grid.count)
            var work = WorkCounter(budget)
            let values = try (0..<grid.count).map { step throws(EvaluationError) in
                try work.add()
                return part(CivilDate(seconds: grid.time(at: step).milliseconds / 1000))
            }
            return [StepSeries(labels: .empty, values: values)]
        }
        let input = try vector(argument)
        return try droppingNames(
            try mapping(input) { part(CivilDate(seconds: GoMath.integer($0))) })
    }
}

/// Minimum and maximum as Go's `math.Min` and `math.Max`: an infinity that decides the answer wins
/// over NaN, NaN over everything else, and -0 is less than +0.
enum GoMath {
    static func min(_ a: Double, _ b: Double) -> Double {
        if a == -.infinity || b == -.infinity { return -.infinity }
        if a.isNaN || b.isNaN { return .nan }
        if a == 0, b == 0 { return a.sign == .minus ? a : b }
        return a < b ? a : b
    }

    static func max(_ a: Double, _ b: Double) -> Double {
        if a == .infinity || b == .infinity { return .infinity }
        if a.isNaN || b.isNaN { return .nan }
        if a == 0, b == 0 { return a.sign == .minus ? b : a }
        return a > b ? a : b
    }

    /// Truncates toward zero; NaN and what does not fit give the least integer, as Go's conversion
    /// does on amd64.
    static func integer(_ value: Double) -> Int64 {
        value > -0x1p63 && value < 0x1p63 ? Int64(value) : .min
    }
}

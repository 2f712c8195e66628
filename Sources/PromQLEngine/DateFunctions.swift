internal import GoText
internal import PromQL
internal import TimeSeries

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
            let values = (0..<grid.count).map { step in
                part(CivilDate(seconds: grid.time(at: step) / 1000))
            }
            return [StepSeries(labels: .empty, values: values)]
        }
        let input = try vector(argument)
        return try droppingNames(
            mapping(input) { part(CivilDate(seconds: GoMath.integer($0))) })
    }
}

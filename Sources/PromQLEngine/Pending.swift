internal import PromQL
internal import TimeSeries

extension Expression {
    func resolvedForEvaluation(in query: StepGrid) throws(EvaluationError) -> Expression { self }
}
extension Evaluator {
    mutating func labelReplace(_ arguments: [Expression]) throws(EvaluationError) -> [StepSeries] { [] }
    mutating func labelJoin(_ arguments: [Expression]) throws(EvaluationError) -> [StepSeries] { [] }
    mutating func info(_ arguments: [Expression]) throws(EvaluationError) -> [StepSeries] { [] }
}

internal import PromQL
internal import TimeSeries

extension Expression {
    func resolvedForEvaluation(in query: StepGrid) throws(EvaluationError) -> Expression { self }
}
extension Evaluator {
}

import GoText
import PromQL
import PromQLEngine
import PrometheusWire
import TimeSeries
import Upstream

/// Evaluates fragments here, over the merged samples of replicas.
struct ReplicaEvaluation: Sendable {
    /// Without the rules that follow from the servers' versions.
    var options = EngineOptions()
    /// By the versions of the servers.
    var rules:
        @Sendable ([Member], ContinuousClock.Instant) async -> (
            boundary: EngineOptions.RangeBoundary, language: LanguageVersion
        ) = { _, _ in (.leftOpen, .current) }

    /// How far beyond what is touched samples are read, so that holes are seen that begin before it.
    static let margin: Milliseconds = 600_000

    /// The answer to a question, as a server would give it.
    func answer(
        _ question: FragmentQuestion, _ expression: Expression, _ samples: ReplicaSamples,
        members: [Member], infos: Set<String>
    ) async throws(UpstreamError) -> any FragmentStream {
        var options = options
        options.lookback = question.lookback ?? options.lookback
        options.deadline = question.deadline
        let (boundary, language) = await rules(members, question.deadline)
        options.rangeBoundary = boundary
        options.language = language
        options.dialect = boundary == .closed ? .prometheus2 : .prometheus3
        let engine = Engine(options: options)
        return try await ThreadPool.run { () async throws(UpstreamError) in
            let evaluate = { () throws(EvaluationError) -> QueryResult in
                try engine.evaluate(
                    expression, on: question.grid, query: question.text, source: samples)
            }
            let result: QueryResult
            do {
                result = try await question.work?.compute(evaluate) ?? evaluate()
            } catch let error as EvaluationError {
                throw UpstreamError(kind: UpstreamError.Kind(error))
            } catch let error as NoTurn {
                throw UpstreamError(error)
            } catch {
                throw .unavailable("\(error)")
            }
            return try await Self.stream(result, question, infos: infos)
        }
    }

    /// The result by way of what a server would have sent, so that labels are added as ever.
    private static func stream(
        _ result: QueryResult, _ question: FragmentQuestion, infos: Set<String>
    ) async throws(UpstreamError) -> any FragmentStream {
        let isInstant = question.grid.isInstant
        let time = question.grid.start
        var out = Envelope.head
        switch result.value {
        case .scalar(let values) where isInstant:
            ResultWriter.appendScalar(values.first ?? .nan, at: time, to: &out)
        case .scalar(let values):
            _ = ResultWriter.appendMatrix(
                [StepSeries(labels: .empty, values: values)], on: result.grid, limit: 0, to: &out)
        case .string(let text): ResultWriter.appendString(text, at: time, to: &out)
        case .vector(let series) where isInstant:
            _ = ResultWriter.appendVector(series, at: time, limit: 0, to: &out)
        case .vector(let series):
            _ = ResultWriter.appendMatrix(series, on: result.grid, limit: 0, to: &out)
        case .rangeVector(let series):
            _ = ResultWriter.appendMatrix(series, limit: 0, to: &out)
        }
        out.append(UInt8(ascii: "}"))
        try await Lending.lender?.hold(3 * out.count)
        var scanner = ResponseScanner(
            injecting: question.injection, on: question.grid,
            expecting: isInstant ? question.resultType : .matrix)
        do throws(ScanError) {
            try scanner.append(out)
            var trailer = try scanner.finish()
            // Ten are shown by servers, and all are here.
            trailer.warnings = result.annotations.warnings.sorted()
            trailer.infos = result.annotations.infos.union(infos).sorted()
            trailer.statistics = question.statistics.map {
                SampleStatistics.nothing($0, on: question.grid)
            }
            return HeldStream(scanner.takePages(), trailer, holding: ())
        } catch {
            throw UpstreamError(kind: UpstreamError.Kind(error))
        }
    }
}

extension UpstreamError.Kind {
    /// An evaluation in a server's place that failed.
    fileprivate init(_ error: EvaluationError) {
        switch error {
        case .execution(let text):
            self = .rejectedQuery(status: 422, errorType: "execution", text: text)
        case .timeout: self = .timeout
        case .canceled: self = .cancelled
        case .noMemory: self = .noMemory
        }
    }
}

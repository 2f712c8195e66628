import Foundation
import GoText
import PromQLEngine
import TestSupport
import TimeSeries

/// An answer of the HTTP API, in the engine's own terms.
struct PrometheusAnswer {
    enum Outcome {
        case value(QueryResult.Value)
        case refusal(String)
    }

    let outcome: Outcome
    /// Warnings and infos, as they are worded.
    let annotations: Set<String>

    init(_ body: Data, on grid: StepGrid) throws {
        func unreadable() -> TestFailure {
            TestFailure("not understood: \(String(decoding: body.prefix(300), as: UTF8.self))")
        }
        guard let answer = try JSONSerialization.jsonObject(with: body) as? [String: Any] else {
            throw unreadable()
        }
        annotations = Set(["warnings", "infos"].flatMap { answer[$0] as? [String] ?? [] })
        if let error = answer["error"] as? String {
            outcome = .refusal(error)
            return
        }
        guard let data = answer["data"] as? [String: Any], let result = data["result"] as? [Any]
        else { throw unreadable() }
        switch data["resultType"] as? String {
        case "scalar":
            guard let value = Self.point(result)?.value else { throw unreadable() }
            outcome = .value(.scalar([value]))
        case "vector", "matrix":
            outcome = .value(
                .vector(
                    try result.map { item in
                        guard let series = Self.series(item, on: grid) else { throw unreadable() }
                        return series
                    }))
        default: throw unreadable()
        }
    }

    private static func series(_ item: Any, on grid: StepGrid) -> StepSeries? {
        guard let item = item as? [String: Any], let labels = item["metric"] as? [String: String]
        else { return nil }
        let points = item["values"] as? [[Any]] ?? (item["value"] as? [Any]).map { [$0] } ?? []
        var series = StepSeries(labels: LabelSet(labels), absentFor: grid.count)
        for written in points {
            guard let (time, value) = point(written) else { return nil }
            let step = grid.isInstant ? 0 : Int((time - grid.start) / grid.step)
            guard series.values.indices.contains(step), grid.time(at: step) == time else {
                return nil
            }
            series.values[step] = value
        }
        return series
    }

    private static func point(_ written: [Any]) -> (time: Timestamp, value: Double)? {
        guard written.count == 2, let seconds = written[0] as? Double,
            let text = written[1] as? String
        else { return nil }
        let time = Timestamp(milliseconds: Int64((seconds * 1000).rounded()))
        switch text {
        case "NaN": return (time, SampleValue.normalNaN)
        case "+Inf": return (time, .infinity)
        case "-Inf": return (time, -.infinity)
        default: return Double(text).map { (time, $0) }
        }
    }
}

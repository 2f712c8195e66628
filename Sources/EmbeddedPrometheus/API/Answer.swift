import PromQLEngine
import PrometheusServer
import PrometheusWire
import TimeSeries

/// A successful answer: its data, and what is to be said about them.
struct Answer {
    /// JSON.
    var data: [UInt8]
    var warnings: Set<String> = []
    var infos: Set<String> = []

    var response: PrometheusResponse {
        var body = Envelope.head
        body.append(contentsOf: data)
        Envelope.appendTail(warnings: warnings, infos: infos, to: &body)
        return .json(body)
    }
}

extension Answer {
    init(_ json: JSONValue) { data = json.bytes }

    /// A list, cut to the limit (0 for none).
    init<Element>(
        _ elements: [Element], limit: Int, append: (Element, inout [UInt8]) -> Void
    ) {
        let isTruncated = limit > 0 && elements.count > limit
        data = [UInt8(ascii: "[")]
        for (index, element) in elements.prefix(isTruncated ? limit : .max).enumerated() {
            if index > 0 { data.append(UInt8(ascii: ",")) }
            append(element, &data)
        }
        data.append(UInt8(ascii: "]"))
        if isTruncated { warnings = [RequestLimit.truncationWarning] }
    }

    /// The result of an instant query.
    init(instant result: QueryResult, limit: Int) {
        let time = result.grid.start
        data = []
        warnings = result.annotations.warnings
        infos = result.annotations.infos
        var isTruncated = false
        switch result.value {
        case .scalar(let values):
            ResultWriter.appendScalar(values.first ?? .nan, at: time, to: &data)
        case .string(let text):
            ResultWriter.appendString(text, at: time, to: &data)
        case .vector(let series):
            isTruncated = ResultWriter.appendVector(series, at: time, limit: limit, to: &data)
        case .rangeVector(let series):
            isTruncated = ResultWriter.appendMatrix(series, limit: limit, to: &data)
        }
        if isTruncated { warnings.insert(RequestLimit.truncationWarning) }
    }

    /// The result of a range query, which is a scalar or a vector at every step.
    init(range result: QueryResult, limit: Int) {
        data = []
        warnings = result.annotations.warnings
        infos = result.annotations.infos
        let isTruncated: Bool
        switch result.value {
        case .scalar(let values):
            isTruncated = ResultWriter.appendMatrix(
                [StepSeries(labels: .empty, values: values)], on: result.grid, limit: limit,
                to: &data)
        case .vector(let series):
            isTruncated = ResultWriter.appendMatrix(
                series, on: result.grid, limit: limit, to: &data)
        case .rangeVector(let series):
            isTruncated = ResultWriter.appendMatrix(series, limit: limit, to: &data)
        case .string:
            // Strings are refused before a range query is evaluated.
            isTruncated = ResultWriter.appendMatrix([], limit: limit, to: &data)
        }
        if isTruncated { warnings.insert(RequestLimit.truncationWarning) }
    }
}

extension APIError {
    /// What a failed evaluation means to a client.
    init(_ error: EvaluationError) {
        switch error {
        case .execution(let text): self.init(.execution, text)
        case .timeout(let text): self.init(.timeout, text)
        case .canceled(let text): self.init(.canceled, text)
        case .noMemory: self.init(.unavailable, error.description)
        }
    }
}

import PromQLEngine
import TimeSeries

/// The `data` of a query: `{"resultType":…,"result":…}`.
enum ResultJSON {
    static func instant(_ result: QueryResult, limit: Int) -> Answer {
        let time = result.grid.start
        var json = JSONText()
        var isTruncated = false
        switch result.value {
        case .scalar(let values):
            json.raw("{\"resultType\":\"scalar\",\"result\":")
            scalarPoint(time, NumberText.plain(values.first ?? SampleValue.normalNaN), &json)
        case .string(let text):
            json.raw("{\"resultType\":\"string\",\"result\":[")
            json.raw("\(NumberText.plain(Double(time) / 1000)),")
            json.string(text)
            json.raw("]")
        case .vector(let series):
            json.raw("{\"resultType\":\"vector\",\"result\":")
            let present = series.filter { !isAbsent($0) }
            isTruncated = append(present, limit, to: &json) { json, one in
                json.raw("{\"metric\":")
                json.labels(one.labels)
                if let histogram = one.histograms[0] {
                    json.raw(",\"histogram\":")
                    json.point(time, histogram)
                } else {
                    json.raw(",\"value\":")
                    json.point(time, one.values[0])
                }
                json.raw("}")
            }
        case .rangeVector(let series):
            json.raw("{\"resultType\":\"matrix\",\"result\":")
            isTruncated = append(series, limit, to: &json, matrixElement)
        }
        json.raw("}")
        return answer(json, result.annotations, isTruncated: isTruncated)
    }

    static func range(_ result: QueryResult, limit: Int) -> Answer {
        let series: [SampleSeries]
        switch result.value {
        case .scalar(let values):
            series = [onTimes(StepSeries(labels: .empty, values: values), of: result.grid)]
        case .vector(let all):
            series = all.map { onTimes($0, of: result.grid) }.filter { !$0.times.isEmpty }
        case .rangeVector(let samples):
            series = samples
        case .string:
            // Refused before evaluation.
            series = []
        }
        var json = JSONText()
        json.raw("{\"resultType\":\"matrix\",\"result\":")
        let isTruncated = append(series, limit, to: &json, matrixElement)
        json.raw("}")
        return answer(json, result.annotations, isTruncated: isTruncated)
    }

    private static func answer(
        _ json: JSONText, _ annotations: Annotations, isTruncated: Bool
    ) -> Answer {
        var answer = Answer(
            data: json.bytes, warnings: annotations.warnings, infos: annotations.infos)
        if isTruncated { answer.warnings.insert(RequestLimit.truncationWarning) }
        return answer
    }

    /// Appends as many elements as the limit allows; true when some were left out.
    private static func append<Element>(
        _ elements: [Element], _ limit: Int, to json: inout JSONText,
        _ append: (inout JSONText, Element) -> Void
    ) -> Bool {
        let isTruncated = limit > 0 && elements.count > limit
        json.list(isTruncated ? elements.prefix(limit) : elements[...], append)
        return isTruncated
    }

    private static func isAbsent(_ series: StepSeries) -> Bool {
        series.histograms[0] == nil && series.values.first.map(SampleValue.isAbsent) != false
    }

    private static func scalarPoint(_ time: Int64, _ value: String, _ json: inout JSONText) {
        json.raw("[\(NumberText.plain(Double(time) / 1000)),\"\(value)\"]")
    }

    private static func matrixElement(_ json: inout JSONText, _ series: SampleSeries) {
        json.raw("{\"metric\":")
        json.labels(series.labels)
        let indices = series.times.indices
        let floats = indices.filter { series.histograms[$0] == nil }
        if !floats.isEmpty {
            json.raw(",\"values\":")
            json.list(floats) { $0.point(series.times[$1], series.values[$1]) }
        }
        let histograms = indices.compactMap { index in
            series.histograms[index].map { (series.times[index], $0) }
        }
        if !histograms.isEmpty {
            json.raw(",\"histograms\":")
            json.list(histograms) { $0.point($1.0, $1.1) }
        }
        json.raw("}")
    }

    private static func onTimes(_ series: StepSeries, of grid: StepGrid) -> SampleSeries {
        var out = SampleSeries(labels: series.labels)
        for (step, value) in series.values.enumerated() {
            let histogram = series.histograms[step]
            if histogram == nil, SampleValue.isAbsent(value) { continue }
            if let histogram { out.histograms[out.times.count] = histogram }
            out.times.append(grid.time(at: step))
            out.values.append(value)
        }
        return out
    }
}

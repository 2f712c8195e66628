import GoText

/// Metrics over spans.
extension TempoAnswers {
    private struct MetricQuery {
        var spanset: TraceQLSpanset
        var name: String
        var operand: TraceQLAttribute?
        var by: [TraceQLAttribute]
        /// What is done with the series, in order.
        var rest: [TraceQLStage]
    }

    private struct Series {
        var labels: [TraceAttribute]
        /// What spans count for, at each step.
        var values: [[Double]]
        /// One of each trace: the time of a span, nanoseconds.
        var exemplars: [(trace: [UInt8], time: UInt64, step: Int)] = []
    }

    func metricsRange() throws(TempoRefusal) -> DoubleAnswer {
        let window = try metricsWindow()
        let query = try metricQuery(prefix: "")
        let step = try metricsStep(window)
        let first = window.start.floorDivided(by: step) * step
        let last = -(-window.end).floorDivided(by: step) * step
        let steps = Array(stride(from: first, through: last, by: Int64.Stride(step)))
        let series = self.series(of: query, ends: steps, step: step)
        var rows = series.map { series in
            (
                series: series,
                samples: series.values.map { value(of: query, $0, nanoseconds: step) }
            )
        }
        for stage in query.rest { rows = narrowed(rows, by: stage) }
        return Self.json(
            .object([
                .init(
                    "series",
                    .array(
                        rows.compactMap { row -> JSONNode? in
                            let samples = zip(steps, row.samples).compactMap { time, value in
                                value.map { Self.sample(time / 1_000_000, $0) }
                            }
                            guard !samples.isEmpty else { return nil }
                            var members: [JSONNode.Member] = [
                                .init("labels", TraceEncoding.attributes(row.series.labels)),
                                .init("samples", .array(samples)),
                            ]
                            let exemplars = self.exemplars(of: row.series, row.samples)
                            if !exemplars.isEmpty {
                                members.append(.init("exemplars", .array(exemplars)))
                            }
                            return .object(members)
                        })),
                .init("metrics", .object([])),
            ]))
    }

    func metrics() throws(TempoRefusal) -> DoubleAnswer {
        let window = try metricsWindow()
        let query = try metricQuery(prefix: "compiling query: ")
        let length = window.end - window.start
        var rows = series(of: query, ends: [window.end], step: length).map { series in
            (series: series, samples: [value(of: query, series.values[0], nanoseconds: length)])
        }
        for stage in query.rest { rows = narrowed(rows, by: stage) }
        let series = rows.compactMap { row -> JSONNode? in
            guard let value = row.samples[0] else { return nil }
            let labels = TraceEncoding.attributes(row.series.labels)
            var members: [JSONNode.Member] = [.init("labels", labels)]
            if value != 0 { members.append(.init("value", .number(GoFloat.text(value)))) }
            return .object(members)
        }
        var members: [JSONNode.Member] = series.isEmpty ? [] : [.init("series", .array(series))]
        members.append(.init("metrics", .object([])))
        return Self.json(.object(members))
    }

    // MARK: Parameters

    /// Nanoseconds.
    private func metricsWindow() throws(TempoRefusal) -> (start: Int64, end: Int64) {
        func time(_ name: String) -> Int64? {
            request.parameter(name).flatMap { LokiParameters.time($0) }
        }
        let end = time("end") ?? now * 1_000_000_000
        let since = request.parameter("since").flatMap { Quantities.nanoseconds($0) } ?? 3.6e12
        let start = time("start") ?? end - Int64(since)
        guard end > start else { throw TempoRefusal(text: "end must be greater than start") }
        return (start, end)
    }

    private func metricsStep(_ window: (start: Int64, end: Int64)) throws(TempoRefusal) -> Int64 {
        let seconds = (window.end - window.start) / 1_000_000_000
        guard let text = request.parameter("step") else {
            return max(1, seconds / 60) * 1_000_000_000
        }
        let length = Double(text).map { $0 * 1_000_000_000 } ?? Quantities.nanoseconds(text)
        guard let length, length > 0 else {
            throw TempoRefusal(
                text: "rpc error: code = Code(400) desc = "
                    + "cannot parse \(GoQuoting.quote(text)) to a valid duration")
        }
        let least =
            Int64((Double(window.end - window.start) / 10_000 / 1e6).rounded(.up)) * 1_000_000
        guard Int64(length) >= least else {
            throw TempoRefusal(
                text: "step of \(GoDuration.text(length)) is too small, minimum step for given "
                    + "range is \(GoDuration.text(Double(least)))")
        }
        return Int64(length)
    }

    private func metricQuery(prefix: String) throws(TempoRefusal) -> MetricQuery {
        let text = request.method == "GET" ? request.parameter("q") ?? "" : ""
        let query: TraceQLQuery
        do throws(TraceQLParser.Refusal) {
            query = try TraceQLParser.query(text)
        } catch {
            throw TempoRefusal(text: prefix + error.text)
        }
        for (index, stage) in query.stages.enumerated() {
            guard case .metric(let name, let operand, let by) = stage else { continue }
            return MetricQuery(
                spanset: query.spanset, name: name, operand: operand, by: by,
                rest: Array(query.stages.dropFirst(index + 1)))
        }
        throw TempoRefusal(text: "not a metrics query")
    }

    // MARK: Evaluation

    /// The series with what spans count for at each step, which reaches back by its length.
    private func series(of query: MetricQuery, ends: [Int64], step: Int64) -> [Series] {
        var places: [[TraceAttribute]: Int] = [:]
        var all: [Series] = []
        func place(_ labels: [TraceAttribute]) -> Int {
            let place = places[labels] ?? all.count
            if place == all.count {
                places[labels] = place
                all.append(Series(labels: labels, values: ends.map { _ in [] }))
            }
            return place
        }
        for trace in store.traces {
            let evaluation = TraceQLEvaluation(trace: trace)
            for index in evaluation.spans(query.spanset) {
                let span = trace.spans[index]
                let time = Int64(span.span.start)
                guard let at = ends.firstIndex(where: { time <= $0 && time > $0 - step }),
                    let value = Self.value(of: query, span, evaluation)
                else { continue }
                let own = place(labels(of: query, span, evaluation))
                all[own].values[at].append(value)
                if all[own].exemplars.last?.trace != trace.id {
                    all[own].exemplars.append((trace.id, span.span.start, at))
                }
            }
        }
        if query.by.isEmpty, ["rate", "count_over_time"].contains(query.name) {
            _ = place([TraceAttribute("__name__", .string(query.name))])
        }
        return all.sorted { a, b in
            TraceEncoding.attributes(a.labels).bytes
                .lexicographicallyPrecedes(TraceEncoding.attributes(b.labels).bytes)
        }
    }

    private func labels(
        of query: MetricQuery, _ span: StoredSpan, _ evaluation: TraceQLEvaluation
    ) -> [TraceAttribute] {
        if query.by.isEmpty { return [TraceAttribute("__name__", .string(query.name))] }
        return query.by.map { attribute in
            let value = evaluation.values(of: attribute, span).first ?? .missing
            return TraceAttribute(attribute.text, value.value)
        }
    }

    private static func value(
        of query: MetricQuery, _ span: StoredSpan, _ evaluation: TraceQLEvaluation
    ) -> Double? {
        guard let operand = query.operand else { return 1 }
        let value = evaluation.values(of: operand, span).lazy
            .compactMap { TraceQLEvaluation.number($0) }.first
        let isDuration = operand.scope == .intrinsic && operand.name.hasSuffix("uration")
        return value.map { isDuration ? $0 / 1e9 : $0 }
    }

    private func value(of query: MetricQuery, _ values: [Double], nanoseconds: Int64) -> Double? {
        let sum = values.reduce(0, +)
        switch query.name {
        // In the way a real Tempo rounds.
        case "rate": return sum * (1 / (Double(nanoseconds) / 1e9))
        case "count_over_time": return sum
        default: break
        }
        guard !values.isEmpty else { return nil }
        switch query.name {
        case "sum_over_time": return sum
        case "avg_over_time": return sum / Double(values.count)
        case "min_over_time": return values.min()
        default: return values.max()
        }
    }

    private func narrowed(
        _ rows: [(series: Series, samples: [Double?])], by stage: TraceQLStage
    ) -> [(series: Series, samples: [Double?])] {
        var rows = rows
        switch stage {
        case .compare(let sign, let wanted):
            for index in rows.indices {
                rows[index].samples = rows[index].samples.map { value in
                    value.flatMap { Comparison(sign)?.holds($0, wanted) == true ? $0 : nil }
                }
            }
        case .first(let count, let isTop):
            for step in rows.first?.samples.indices ?? 0..<0 {
                // Of equal values the first are the largest, and the last the least.
                let known = rows.indices.filter { rows[$0].samples[step] != nil }
                let ranked = (isTop ? known : known.reversed())
                    .stablySorted { a, b in
                        let first = rows[a].samples[step] ?? 0
                        let second = rows[b].samples[step] ?? 0
                        return isTop ? first > second : first < second
                    }
                for index in ranked.dropFirst(count) { rows[index].samples[step] = nil }
            }
        default: break
        }
        return rows
    }

    // MARK: JSON

    private static func sample(_ milliseconds: Int64, _ value: Double) -> JSONNode {
        var members: [JSONNode.Member] = [.init("timestampMs", .string(String(milliseconds)))]
        if value != 0 { members.append(.init("value", .number(GoFloat.text(value)))) }
        return .object(members)
    }

    private func exemplars(of series: Series, _ samples: [Double?]) -> [JSONNode] {
        let limit = request.parameter("exemplars").flatMap { Int($0) } ?? 0
        let chosen = series.exemplars.stablySorted { $0.time < $1.time }
            .prefix(limit > 0 ? limit : 100)
        return chosen.compactMap { exemplar -> JSONNode? in
            guard let value = samples[exemplar.step] else { return nil }
            let own = series.labels.filter { $0.key != "__name__" }
            let labels = [TraceAttribute("trace:id", .string(HexText.short(exemplar.trace)))] + own
            return .object([
                .init("labels", TraceEncoding.attributes(labels)),
                .init("value", .number(GoFloat.text(value))),
                .init("timestampMs", .string(String(exemplar.time / 1_000_000))),
            ])
        }
    }
}

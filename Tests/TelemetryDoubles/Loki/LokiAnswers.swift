import GoText

/// The answers of one request to the double of Loki.
struct LokiAnswers {
    let store: LogStore
    let parameters: LokiParameters

    enum Failure: Error {
        case refusal(String)
        case `internal`(String)
        case unanswered
    }

    func answer(_ route: LokiDouble.Route) throws(Failure) -> DoubleAnswer {
        switch route {
        case .queryRange: return try queryRange()
        case .query: return try instantQuery()
        case .labels: return try labels()
        case .values(let name): return try values(of: name)
        case .series: return try series()
        case .stats: return try stats()
        case .volume: return try volume(isRange: false)
        case .volumeRange: return try volume(isRange: true)
        case .patterns: return try patterns()
        case .detectedLabels: return try detectedLabels()
        case .detectedFields: return try detectedFields()
        case .detectedValues(let name): return try detectedValues(of: name)
        case .push: return .unknownPath
        }
    }

    // MARK: What can be refused

    func reading<Value>(
        _ body: () throws(LokiParameters.Refusal) -> Value
    ) throws(Failure) -> Value {
        do {
            return try body()
        } catch {
            throw .refusal(error.text)
        }
    }

    func parsing<Value>(_ body: () throws(LogQLError) -> Value) throws(Failure) -> Value {
        do {
            return try body()
        } catch {
            throw .refusal(error.text)
        }
    }

    var queryText: String { parameters.request.parameter("query") ?? "" }

    private func evaluated(
        _ expression: LogQLExpression, at times: [Int64]
    ) throws(Failure) -> LogValue {
        do {
            return try MetricEvaluator(store: store, times: times).value(of: expression)
        } catch {
            switch error {
            case .query(let refusal): throw .refusal(refusal.text)
            case .internal(let text): throw .internal(text)
            case .unanswered: throw .unanswered
            }
        }
    }

    // MARK: Queries

    private func queryRange() throws(Failure) -> DoubleAnswer {
        if parameters.request.header("Accept") == "application/vnd.apache.parquet" {
            throw .refusal(
                "support for Parquet encoded responses is disabled. "
                    + "Enable with -frontend.support-parquet-encoding=true")
        }
        let limit = try reading(parameters.limit)
        let window = try reading(parameters.queryWindow)
        let isForward = try reading(parameters.isForward)
        let step = try reading { () throws(LokiParameters.Refusal) in try parameters.step(window) }
        let interval = try reading(parameters.interval)
        let text = queryText
        let expression = try parsing { () throws(LogQLError) in try LogQLParser.query(text) }
        guard case .lines(let selection) = expression else {
            return try matrix(of: expression, window, step: step)
        }
        try reading { () throws(LokiParameters.Refusal) in try parameters.checkLines(limit) }
        // From the store a window of no length holds what is at its place.
        let end = window.start == window.end ? window.end + 1 : window.end
        let lines = LineSelection(
            store.streamEntries(of: selection) { $0 >= window.start && $0 < end },
            isForward: isForward, limit: limit, interval: interval)
        let flags = parameters.request.header("X-Loki-Response-Encoding-Flags") ?? ""
        return lines.answer(isCategorized: flags.contains("categorize-labels"))
    }

    private func matrix(
        of expression: LogQLExpression, _ window: (start: Int64, end: Int64), step: Int64
    ) throws(Failure) -> DoubleAnswer {
        // The grid is of multiples of the step.
        let first = window.start.floorDivided(by: step) * step
        let last = -(-window.end).floorDivided(by: step) * step
        let times = Array(stride(from: first, through: last, by: Int64.Stride(step)))
        let samples = try evaluated(expression, at: times).samples(steps: times.count)
        var series: [[String: String]: [JSONNode]] = [:]
        for (time, samples) in zip(times, samples) {
            for sample in samples {
                series[sample.labels, default: []].append(Self.point(time, sample.value))
            }
        }
        return Self.result(
            "matrix",
            series.sorted(byLabels: \.key).map { labels, points in
                .object([.init("metric", JSONNode(labels)), .init("values", .array(points))])
            })
    }

    private func instantQuery() throws(Failure) -> DoubleAnswer {
        let time = try reading(parameters.instant)
        let text = queryText
        let expression = try parsing { () throws(LogQLError) in try LogQLParser.query(text) }
        if case .lines = expression {
            throw .refusal(
                "log queries are not supported as an instant query type, "
                    + "please change your query to a range query type")
        }
        switch try evaluated(expression, at: [time]) {
        case .scalar(let value):
            let pair = JSONNode.array([JSONNode(time / 1_000_000), .string(GoFloat.plain(value))])
            return .json(Self.envelope("scalar", pair))
        case .samples(let steps):
            var samples = steps.first ?? []
            if !Self.isSorted(expression) {
                samples = samples.sorted(byLabels: \.labels)
            }
            return Self.result(
                "vector",
                samples.map { sample in
                    .object([
                        .init("metric", JSONNode(sample.labels)),
                        .init("value", Self.point(time, sample.value)),
                    ])
                })
        }
    }

    private static func isSorted(_ expression: LogQLExpression) -> Bool {
        guard case .aggregation(let aggregation) = expression else { return false }
        return aggregation.operation.hasPrefix("sort")
    }

    // MARK: JSON

    /// Seconds with at most three decimals, and the number without an exponent.
    static func point(_ time: Int64, _ value: Double) -> JSONNode {
        .array([seconds(time), .string(GoFloat.plain(value))])
    }

    static func seconds(_ time: Int64) -> JSONNode {
        let milliseconds = time.floorDivided(by: 1_000_000)
        return .number(GoFloat.plain(Double(milliseconds) / 1000))
    }

    static func result(_ type: String, _ elements: [JSONNode]) -> DoubleAnswer {
        .json(envelope(type, .array(elements)))
    }

    static func envelope(
        _ type: String, _ result: JSONNode, flags: [JSONNode] = []
    ) -> JSONNode {
        var data: [JSONNode.Member] = [.init("resultType", .string(type))]
        if !flags.isEmpty { data.append(.init("encodingFlags", .array(flags))) }
        data.append(.init("result", result))
        data.append(.init("stats", statistics))
        return .object([.init("status", .string("success")), .init("data", .object(data))])
    }

    /// A beginning of what a real Loki tells; nothing is measured.
    private static let statistics: JSONNode = .object([
        .init(
            "summary",
            .object(
                [
                    "bytesProcessedPerSecond", "linesProcessedPerSecond", "totalBytesProcessed",
                    "totalLinesProcessed", "execTime", "queueTime", "subqueries",
                    "totalEntriesReturned", "splits", "shards", "totalPostFilterLines",
                    "totalStructuredMetadataBytesProcessed",
                ].map { .init($0, .number("0")) }))
    ])
}

/// The lines of an answer: the first of all streams together, then thinned, then by stream.
struct LineSelection {
    private var entries: [PipelineEntry]

    init(_ streams: [[PipelineEntry]], isForward: Bool, limit: Int, interval: Int64) {
        // Lines of one time stay in the order of their streams; within a stream they are reversed.
        let ordered =
            isForward
            ? streams.joined().stablySorted { $0.time < $1.time }
            : streams.flatMap { $0.reversed() }.stablySorted { $0.time > $1.time }
        self.entries = Array(ordered.prefix(limit))
        guard interval > 0 else { return }
        var kept: [PipelineEntry] = []
        for entry in self.entries {
            if let last = kept.last, abs(entry.time - last.time) < interval { continue }
            kept.append(entry)
        }
        self.entries = kept
    }

    func answer(isCategorized: Bool) -> DoubleAnswer {
        var streams: [[String: String]: [JSONNode]] = [:]
        for entry in entries {
            var values: [JSONNode] = [.string(String(entry.time)), .string(entry.line)]
            if isCategorized {
                var categories: [JSONNode.Member] = []
                if !entry.metadata.isEmpty {
                    categories.append(.init("structuredMetadata", JSONNode(entry.metadata)))
                }
                if !entry.parsed.isEmpty {
                    categories.append(.init("parsed", JSONNode(entry.parsed)))
                }
                values.append(.object(categories))
            }
            streams[isCategorized ? entry.stream : entry.labels, default: []].append(.array(values))
        }
        let ordered = streams.map { (LogLabels.text($0.key), $0.key, $0.value) }
            .sorted { ByteString($0.0) < ByteString($1.0) }
        let nodes = ordered.map { _, labels, values in
            JSONNode.object([.init("stream", JSONNode(labels)), .init("values", .array(values))])
        }
        return .json(
            LokiAnswers.envelope(
                "streams", .array(nodes),
                flags: isCategorized ? [.string("categorize-labels")] : []))
    }
}

import GoText

/// Names, values, series, and how much there is of them.
extension LokiAnswers {
    /// The streams of a request with a selector that may be left out.
    private func listedStreams() throws(Failure) -> [LogStore.Stream] {
        let window = try reading(parameters.window)
        guard window.start <= window.end else {
            throw .refusal(
                "this data is no longer available, it is past now - max_query_lookback (0s)")
        }
        var matchers: [LogMatcher] = []
        if !queryText.isEmpty {
            let text = queryText
            matchers = try parsing { () throws(LogQLError) in try LogQLParser.selector(text) }
        }
        return store.streams(matching: matchers, in: window.start...window.end)
    }

    private func list(_ names: Set<String>) -> DoubleAnswer {
        var members: [JSONNode.Member] = [.init("status", .string("success"))]
        if !names.isEmpty {
            let sorted = names.sorted { ByteString($0) < ByteString($1) }
            members.append(.init("data", .array(sorted.map(JSONNode.string))))
        }
        return .json(.object(members))
    }

    func labels() throws(Failure) -> DoubleAnswer {
        list(Set(try listedStreams().flatMap { Array($0.labels.keys) }))
    }

    func values(of name: String) throws(Failure) -> DoubleAnswer {
        list(Set(try listedStreams().compactMap { $0.labels[name] }))
    }

    func series() throws(Failure) -> DoubleAnswer {
        let window = try reading(parameters.window)
        let texts = parameters.request.parameters
            .filter { $0.name == "match[]" || $0.name == "match" }.map(\.value)
        var found: Set<[String: String]> = []
        for text in texts.isEmpty ? ["{}"] : texts {
            let matchers = try parsing { () throws(LogQLError) in
                try LogQLParser.selector(text, allowsEverything: true)
            }
            guard window.start <= window.end else { continue }
            for stream in store.streams(matching: matchers, in: window.start...window.end) {
                found.insert(stream.labels)
            }
        }
        let sorted = found.sorted(byLabels: \.self)
        return .json(
            .object([
                .init("status", .string("success")),
                .init("data", .array(sorted.map { JSONNode($0) })),
            ]))
    }

    /// The streams of a window, each with its lines in it.
    private func measuredStreams(
        allowsEverything: Bool
    ) throws(Failure) -> (streams: [LogStore.Stream], matchers: [LogMatcher]) {
        let window = try reading(parameters.queryWindow)
        let text = queryText
        let matchers = try parsing { () throws(LogQLError) in
            try LogQLParser.selector(text, allowsEverything: allowsEverything)
        }
        let streams = store.streams(matching: matchers, in: window.start...window.end)
        return (
            streams.map { stream in
                var stream = stream
                stream.entries.removeAll { $0.time < window.start || $0.time > window.end }
                return stream
            }, matchers
        )
    }

    /// Counted here, while a real Loki estimates.
    func stats() throws(Failure) -> DoubleAnswer {
        let streams = try measuredStreams(allowsEverything: false).streams
        let entries = streams.flatMap(\.entries)
        return .json(
            .object([
                .init("streams", JSONNode(streams.count)),
                .init("chunks", JSONNode(streams.count)),
                .init("bytes", JSONNode(entries.reduce(0) { $0 + $1.line.utf8.count })),
                .init("entries", JSONNode(entries.count)),
            ]))
    }

    // MARK: Volume

    func volume(isRange: Bool) throws(Failure) -> DoubleAnswer {
        let window = try reading(parameters.queryWindow)
        let step = try reading { () throws(LokiParameters.Refusal) in try parameters.step(window) }
        let aggregation = parameters.request.parameter("aggregateBy") ?? "series"
        guard aggregation == "series" || aggregation == "labels" else {
            throw .refusal("invalid aggregation option")
        }
        let (streams, matchers) = try measuredStreams(allowsEverything: true)
        var targets =
            parameters.request.parameter("targetLabels")?
            .split(separator: ",").map(String.init) ?? []
        if targets.isEmpty { targets = matchers.map(\.name) }
        var volumes: [[String: String]: Int] = [:]
        // A stream that lacks one of the labels is not counted.
        for stream in streams where targets.allSatisfy({ stream.labels[$0] != nil }) {
            let size = Self.kibibytes(stream) * 1024
            if aggregation == "labels" {
                for name in stream.labels.keys { volumes[[name: ""], default: 0] += size }
            } else {
                let labels =
                    targets.isEmpty
                    ? stream.labels : stream.labels.filter { targets.contains($0.key) }
                volumes[labels, default: 0] += size
            }
        }
        let largest = volumes.sorted(byLabels: \.key).stablySorted { $0.value > $1.value }.prefix(
            parameters.count("limit", default: 100))
        guard isRange, !largest.isEmpty else {
            return Self.result(
                "vector",
                largest.map { labels, size in
                    .object([
                        .init("metric", JSONNode(labels)),
                        .init("value", Self.point(window.end, Double(size))),
                    ])
                })
        }
        return Self.result(
            "matrix",
            largest.map { labels, size in
                .object([
                    .init("metric", JSONNode(labels)),
                    .init("values", .array(Self.spread(size, over: window, step: step))),
                ])
            })
    }

    /// A stream is measured by the sizes of its chunks, which are known in whole kibibytes.
    private static func kibibytes(_ stream: LogStore.Stream) -> Int {
        let bytes = stream.entries.reduce(0) { $0 + $1.line.utf8.count }
        return Int((Double(bytes) / 1024).rounded())
    }

    /// The size in equal parts, as an estimate by the length of each part: but for the last they end
    /// a millisecond before the next begins, and their whole seconds count.
    private static func spread(
        _ size: Int, over window: (start: Int64, end: Int64), step: Int64
    ) -> [JSONNode] {
        let second: Int64 = 1_000_000_000
        var points: [JSONNode] = []
        var start = window.start
        while start < window.end {
            let isLast = start + step >= window.end
            let end = isLast ? window.end : start + step - 1_000_000
            let share =
                Double((end - start) / second) / Double((window.end - window.start) / second)
            points.append(point(end, (Double(size) * share).rounded(.down)))
            start += step
        }
        return points
    }
}

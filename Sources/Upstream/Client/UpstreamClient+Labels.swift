import GoText
import PrometheusWire
public import TimeSeries

/// Which series are asked about.
public struct SeriesSelection: Sendable {
    /// Selectors in the member's own names; none for everything.
    public var matchers: [String]
    /// Nil for as far as there is data.
    public var start: Timestamp?
    public var end: Timestamp?
    /// The most elements worth sending; nil for all.
    public var limit: Int?
    /// Elements that are read; an answer that has more is left off behind them.
    public var maximum: Int
    /// When the answer is of no more use.
    public var deadline: ContinuousClock.Instant?

    public init(
        matchers: [String] = [], start: Timestamp? = nil, end: Timestamp? = nil, limit: Int? = nil,
        maximum: Int = .max - 1, deadline: ContinuousClock.Instant? = nil
    ) {
        self.matchers = matchers
        self.start = start
        self.end = end
        self.limit = limit
        self.maximum = maximum
        self.deadline = deadline
    }

    var parameters: Parameters {
        var parameters = Parameters()
        for matcher in matchers { parameters.add("match[]", matcher) }
        parameters.add("start", time: start)
        parameters.add("end", time: end)
        if let limit { parameters.add("limit", String(limit)) }
        return parameters
    }
}

extension UpstreamClient {
    /// The label sets of the selected series, as the member orders them. Without selectors, all.
    public func series(
        _ selection: SeriesSelection
    ) async throws(UpstreamError) -> ListStream<LabelSet> {
        var selection = selection
        // The path takes no request without a selector.
        if selection.matchers.isEmpty { selection.matchers = ["{__name__=~\".+\"}"] }
        let request = UpstreamRequest(path: "/api/v1/series", parameters: selection.parameters)
        let answer = try await open(request, deadline: selection.deadline)
        // Coroot writes no series so.
        return ListStream(
            answer, scanner: DataListScanner(takesNull: isCoroot, read: Self.labelSet))
    }

    /// The names of labels, as the member orders them. Members without such an endpoint are asked
    /// for their series instead.
    public func labels(
        _ selection: SeriesSelection = SeriesSelection()
    ) async throws(UpstreamError) -> UpstreamList<String> {
        try await answer(of: .labelNames) { mayBeMissing async throws(UpstreamError) in
            try await names(
                UpstreamRequest(
                    path: "/api/v1/labels", parameters: selection.parameters,
                    mayBeMissing: mayBeMissing), selection)
        } emulated: { () async throws(UpstreamError) in
            try await ofSeries(selection) { labels in labels.pairs.map(\.name) }
        }
    }

    /// The values of a label, as the member orders them. Members without such an endpoint are asked
    /// for their series instead.
    public func labelValues(
        _ name: String, _ selection: SeriesSelection = SeriesSelection()
    ) async throws(UpstreamError) -> UpstreamList<String> {
        try await answer(of: .labelValues) { mayBeMissing async throws(UpstreamError) in
            let path = "/api/v1/label/\(LabelNamePath.segment(name))/values"
            return values(
                in: try await names(
                    UpstreamRequest(
                        path: path, parameters: selection.parameters, method: .get,
                        mayBeMissing: mayBeMissing), selection))
        } emulated: { () async throws(UpstreamError) in
            try await ofSeries(selection) { labels in
                labels.pairs.filter { $0.name.utf8.elementsEqual(name.utf8) }.map(\.value)
            }
        }
    }

    private func names(
        _ request: UpstreamRequest, _ selection: SeriesSelection
    ) async throws(UpstreamError) -> UpstreamList<String> {
        let answer = try await open(request, deadline: selection.deadline)
        let scanner = DataListScanner(takesNull: isCoroot) { (cursor) throws(JSONCursor.Failure) in
            try cursor.string()
        }
        return try await ListStream(answer, scanner: scanner).collect(atMost: selection.maximum)
    }

    /// The different texts that the labels of the selected series hold, in byte order.
    private func ofSeries(
        _ selection: SeriesSelection, _ texts: @Sendable (LabelSet) -> [String]
    ) async throws(UpstreamError) -> UpstreamList<String> {
        var everything = selection
        everything.limit = nil
        let stream = try await series(everything)
        // By bytes: text that Unicode calls equal may be two names.
        var found: Set<[UInt8]> = []
        while found.count <= selection.maximum, let some = try await stream.next() {
            for labels in some {
                for text in texts(labels) { found.insert(Array(text.utf8)) }
            }
        }
        var all = found.sorted { $0.lexicographicallyPrecedes($1) }
        if let limit = selection.limit, limit > 0 { all = Array(all.prefix(limit)) }
        return UpstreamList(
            elements: all.map { String(decoding: $0, as: UTF8.self) },
            warnings: await stream.warnings, infos: await stream.infos,
            partiality: await stream.partiality)
    }

    private static let labelSet: DataListScanner<LabelSet>.Read = {
        (cursor) throws(JSONCursor.Failure) in
        var pairs: [(name: String, value: String)] = []
        try cursor.object { (name, cursor) throws(JSONCursor.Failure) in
            pairs.append((name, try cursor.string()))
        }
        let labels = LabelSet(pairs)
        guard labels.pairs.count == pairs.count(where: { !$0.value.isEmpty }) else {
            throw .malformed(0, "a series has a label twice")
        }
        return labels
    }
}

/// A label name as a path segment. Names of letters, digits and underscores stand as they are; any
/// other is written with `U__`, each `_` doubled and each other character as `_hex_`, as Prometheus
/// 3.x reads it (`model.UnescapeName`).
enum LabelNamePath {
    static func segment(_ name: String) -> String {
        let isPlain = name.unicodeScalars.enumerated().allSatisfy { index, scalar in
            isWord(scalar) && (index > 0 || !("0"..."9").contains(scalar))
        }
        if isPlain, !name.isEmpty { return name }
        var out = "U__"
        for scalar in name.unicodeScalars {
            if scalar == "_" {
                out += "__"
            } else if isWord(scalar) {
                out.unicodeScalars.append(scalar)
            } else {
                out += "_\(String(scalar.value, radix: 16))_"
            }
        }
        return out
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }
}

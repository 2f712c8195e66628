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
    /// Whether a list in order that goes on behind `limit` is left off there, and its transfer ended:
    /// some servers know no `limit`. What such a member says behind the list is not known then.
    public var cutsAtLimit: Bool
    /// Bytes of a list in order behind which the rest is left to be read as it arrives; nil where all
    /// is read before.
    public var heldBytes: Int?
    /// Elements that are read; an answer that has more is left off behind them.
    public var maximum: Int
    /// When the answer is of no more use.
    public var deadline: ContinuousClock.Instant?
    /// Whether nothing of other series may be in the answer: not every server that lists names and
    /// values looks at the selectors.
    public var isRestricted: Bool

    public init(
        matchers: [String] = [], start: Timestamp? = nil, end: Timestamp? = nil, limit: Int? = nil,
        cutsAtLimit: Bool = false, heldBytes: Int? = nil, maximum: Int = .max - 1,
        deadline: ContinuousClock.Instant? = nil, isRestricted: Bool = false
    ) {
        self.isRestricted = isRestricted
        self.cutsAtLimit = cutsAtLimit
        self.heldBytes = heldBytes
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
    /// The label sets of the selected series, sorted. Without selectors, of all.
    ///
    /// - Parameter injection: labels that they get; nil for none.
    public func series(
        _ selection: SeriesSelection, injecting injection: LabelInjection? = nil
    ) async throws(UpstreamError) -> UpstreamList {
        try await stream(selection, injection).collect(selection)
    }

    /// The names of labels, sorted. Members without such an endpoint are asked for their series
    /// instead.
    ///
    /// - Parameter injection: the labels beside which they are shown.
    public func labels(
        _ selection: SeriesSelection = SeriesSelection(), beside injection: LabelInjection = .none
    ) async throws(UpstreamError) -> UpstreamList {
        try await answer(of: .labelNames, mustEmulate: await passesOver(selection)) {
            mayBeMissing async throws(UpstreamError) in
            var selection = selection
            // The hidden one may be among the first.
            if hiddenLabel != nil, let limit = selection.limit, limit > 0 {
                selection.limit = limit &+ 1
            }
            return try await texts(
                .names(shown(injection)),
                UpstreamRequest(
                    path: "/api/v1/labels", parameters: selection.parameters,
                    mayBeMissing: mayBeMissing), selection)
        } emulated: { () async throws(UpstreamError) in
            try await ofSeries(selection) { labels in
                labels.pairs.map(\.name)
            } shown: {
                injection.visibleName(of: $0)
            }
        }
    }

    /// The values of a label, sorted. Members without such an endpoint are asked for their series
    /// instead.
    public func labelValues(
        _ name: String, _ selection: SeriesSelection = SeriesSelection()
    ) async throws(UpstreamError) -> UpstreamList {
        if let hiddenLabel, hiddenLabel.utf8.elementsEqual(name.utf8) {
            return UpstreamList(elements: ElementList([]), warnings: [], infos: [])
        }
        return try await answer(of: .labelValues, mustEmulate: await passesOver(selection)) {
            mayBeMissing async throws(UpstreamError) in
            let path = "/api/v1/label/\(LabelNamePath.segment(name))/values"
            var selection = selection
            // "" may be among the first of a Coroot, and is left out.
            if isCoroot, let limit = selection.limit { selection.limit = limit &+ 1 }
            return try await texts(
                .values(leavingOutEmpty: isCoroot),
                UpstreamRequest(
                    path: path, parameters: selection.parameters, method: .get,
                    mayBeMissing: mayBeMissing), selection)
        } emulated: { () async throws(UpstreamError) in
            try await ofSeries(selection) { labels in
                labels.pairs.filter { $0.name.utf8.elementsEqual(name.utf8) }.map(\.value)
            } shown: {
                $0
            }
        }
    }

    /// Whether the member lists names and values of other series than the selected ones, where that
    /// must not be: Prometheus looks at the selectors from 2.24 on, and of Coroot it is not known.
    private func passesOver(_ selection: SeriesSelection) async -> Bool {
        guard selection.isRestricted else { return false }
        if isCoroot { return true }
        guard let language = await capabilities(deadline: selection.deadline).language else {
            return false
        }
        return (language.major, language.minor) < (2, 24)
    }

    /// Types, units and help texts of metrics, as `FamilyMerge` merges them.
    ///
    /// - Parameters:
    ///   - metric: the one that is wanted; nil for all.
    ///   - selection: of which the bounds alone are used.
    public func metadata(
        metric: String? = nil, _ selection: SeriesSelection = SeriesSelection()
    ) async throws(UpstreamError) -> UpstreamList {
        var parameters = Parameters()
        if let metric, !isCoroot { parameters.add("metric", metric) }
        let request = UpstreamRequest(
            path: "/api/v1/metadata", parameters: parameters, method: .get)
        return try await texts(
            .families(named: metric.map { Array($0.utf8) }), request, selection)
    }

    private func stream(
        _ selection: SeriesSelection, _ injection: LabelInjection?
    ) async throws(UpstreamError) -> ListStream {
        var selection = selection
        // The path takes no request without a selector.
        if selection.matchers.isEmpty { selection.matchers = ["{__name__=~\".+\"}"] }
        let request = UpstreamRequest(path: "/api/v1/series", parameters: selection.parameters)
        return try await list(.series(shown(injection)), request, selection)
    }

    private func texts(
        _ kind: ListReader.Kind, _ request: UpstreamRequest, _ selection: SeriesSelection
    ) async throws(UpstreamError) -> UpstreamList {
        try await list(kind, request, selection).collect(selection)
    }

    private func list(
        _ kind: ListReader.Kind, _ request: UpstreamRequest, _ selection: SeriesSelection
    ) async throws(UpstreamError) -> ListStream {
        let answer = try await open(request, deadline: selection.deadline)
        // A Coroot that has none writes no list.
        return ListStream(answer, scanner: DataListScanner(kind, takesNull: isCoroot))
    }

    /// The different texts that the labels of the selected series hold.
    ///
    /// - Parameter shown: what the answer has in the place of a text.
    private func ofSeries(
        _ selection: SeriesSelection, _ texts: @Sendable (LabelSet) -> [String],
        shown: @Sendable (String) -> String
    ) async throws(UpstreamError) -> UpstreamList {
        var everything = selection
        everything.limit = nil
        let stream = try await stream(everything, nil)
        // By bytes: text that Unicode calls equal may be two names.
        var found: Set<[UInt8]> = []
        while found.count <= selection.maximum, let some = try await stream.nextElements() {
            var bytes = 0
            some.forEachLabelSet { labels in
                for text in texts(labels) where found.insert(Array(text.utf8)).inserted {
                    bytes += text.utf8.count + Self.perText
                }
            }
            do throws(UpstreamError.Kind) {
                try await Lending.hold(bytes)
            } catch {
                throw UpstreamError(kind: error)
            }
        }
        var all = found.sorted { $0.lexicographicallyPrecedes($1) }
        if let limit = selection.limit, limit > 0 { all = Array(all.prefix(limit)) }
        let names = all.map { shown(String(decoding: $0, as: UTF8.self)) }
        return await stream.list(of: ElementList(names))
    }

    /// What a text takes in a set besides its bytes.
    private static let perText = 128
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

import GoText
public import PrometheusWire

/// What one target did with the requests it was sent.
public struct TargetFigures: Sendable {
    /// How one request ended.
    public enum Ending: Sendable, Equatable {
        case answer(status: Int, bytes: Int)
        /// No answer, or none that was whole, by the kind of error of the transport.
        case failure(kind: String, isTimeout: Bool)
        /// The replay was ended before.
        case brokenOff
    }

    public private(set) var answered = 0
    public private(set) var brokenOff = 0
    /// Answers by HTTP status.
    public private(set) var statuses: [Int: Int] = [:]
    /// Requests without an answer, by kind.
    public private(set) var errors: [String: Int] = [:]
    /// Of bodies, as they came over the wire.
    public private(set) var bytes = 0
    /// From the time that requests were due, where they were due at times of their own; else as
    /// `service`.
    public private(set) var latency = LatencyHistogram()
    /// From the time that requests were sent.
    public private(set) var service = LatencyHistogram()

    public init() {}

    /// Requests that got no answer, or one with a status that does not speak of the query: all but
    /// 2xx, 400 and 422.
    public var failed: Int {
        errors.values.reduce(0, +)
            + statuses.filter { !(200..<300).contains($0.key) && $0.key != 400 && $0.key != 422 }
            .values.reduce(0, +)
    }

    /// Notes the end of a request. What timed out has a latency, what failed otherwise has none: to
    /// be refused at once is not to be fast.
    public mutating func note(_ ending: Ending, latency: Duration, service: Duration) {
        switch ending {
        case .answer(let status, let size):
            answered += 1
            statuses[status, default: 0] += 1
            bytes += size
        case .failure(let kind, let isTimeout):
            errors[kind, default: 0] += 1
            if !isTimeout { return }
        case .brokenOff:
            brokenOff += 1
            return
        }
        self.latency.record(latency)
        self.service.record(service)
    }
}

/// How the answers of two targets compare.
public struct ComparisonFigures: Sendable {
    /// One of the differences that are shown.
    public struct Shown: Sendable {
        public var request: RecordedRequest
        public var difference: AnswerDifference
    }

    public private(set) var compared = 0
    public private(set) var different = 0
    /// Requests that could not be compared, by the reason.
    public private(set) var notCompared: [String: Int] = [:]
    public private(set) var shown: [Shown] = []
    private let most: Int

    /// - Parameter most: How many differences are kept to be shown.
    public init(showing most: Int) { self.most = most }

    public mutating func note(_ difference: AnswerDifference?, of request: RecordedRequest) {
        compared += 1
        guard let difference else { return }
        different += 1
        if shown.count < most { shown.append(Shown(request: request, difference: difference)) }
    }

    public mutating func noteNotCompared(_ reason: String) {
        notCompared[reason, default: 0] += 1
    }
}

/// What a replay came to.
public struct ReplayReport: Sendable {
    public struct Target: Sendable {
        public var url: String
        public var figures: TargetFigures

        public init(url: String, figures: TargetFigures) {
            self.url = url
            self.figures = figures
        }
    }

    public var recording: String
    public var format: RecordingFormat
    public var leftOut: [LeftOut: Int] = [:]
    public var pace: Pace
    public var elapsed: Duration
    /// Whether it was ended before its time.
    public var wasInterrupted = false
    /// The one that is tried, then the reference if there is one.
    public var targets: [Target]
    /// Nil where there is one target.
    public var comparison: ComparisonFigures?

    public init(
        recording: String, format: RecordingFormat, pace: Pace, elapsed: Duration,
        targets: [Target]
    ) {
        self.recording = recording
        self.format = format
        self.pace = pace
        self.elapsed = elapsed
        self.targets = targets
    }

    /// Whether every target answered, no request failed, and all answers were compared and equal.
    public var isGood: Bool {
        targets.allSatisfy { $0.figures.answered > 0 && $0.figures.failed == 0 }
            && comparison.map {
                $0.different == 0 && $0.compared > 0 && $0.notCompared.isEmpty
            } ?? true
    }

    static let quantiles = [
        ("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999),
    ]

    private var paceText: String {
        switch pace {
        case .rate(let rate): "open, \(Self.short(rate)) requests a second"
        case .speed(let speed): "open, at \(Self.short(speed)) times the recorded speed"
        case .clients(let count): "closed loop, \(count) client\(count == 1 ? "" : "s")"
        }
    }

    private func perSecond(_ figures: TargetFigures) -> Double {
        elapsed > .zero ? Double(figures.answered) / (elapsed / .seconds(1)) : 0
    }
}

// MARK: - For people

extension ReplayReport {
    /// Some lines: what was played, a table of the targets, and the differences.
    public var text: String {
        var lines = ["\(recording) (\(format.rawValue)), \(paceText), \(Self.shown(elapsed))"]
        if wasInterrupted {
            lines.append("ended before its time; figures are of what was answered")
        }
        for reason in LeftOut.allCases {
            if let count = leftOut[reason] { lines.append("left out \(count): \(reason.rawValue)") }
        }
        lines.append("")
        lines += table
        lines.append(
            pace.isOpen
                ? "due: latency from when a request was due; sent: from when it was sent"
                : "latency from when a request was sent; a slow answer delays the next request, and "
                    + "that delay is not in it")
        for target in targets { lines += Self.endings(target) }
        if let comparison { lines += Self.lines(comparison, targets) }
        return lines.joined(separator: "\n")
    }

    private var table: [String] {
        var rows = [
            ["target", "from", "answers", "failed", "/s", "mean"] + Self.quantiles.map(\.0) + [
                "max"
            ]
        ]
        for target in targets {
            let figures = target.figures
            let counts = [
                String(figures.answered), String(figures.failed), Self.short(perSecond(figures)),
            ]
            rows.append(
                [target.url, pace.isOpen ? "due" : "sent"] + counts + Self.cells(figures.latency))
            if pace.isOpen {
                rows.append(["", "sent", "", "", ""] + Self.cells(figures.service))
            }
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let blanks = String(repeating: " ", count: widths[column] - row[column].count)
                return column < 2 ? row[column] + blanks : blanks + row[column]
            }.joined(separator: "  ")
        }
    }

    private static func cells(_ histogram: LatencyHistogram) -> [String] {
        ([histogram.mean] + quantiles.map { histogram.quantile($0.1) } + [histogram.maximum])
            .map { $0.map { shown($0) } ?? "-" }
    }

    private static func endings(_ target: Target) -> [String] {
        let figures = target.figures
        var parts = figures.statuses.sorted { $0.key < $1.key }.map { "\($0.value) of \($0.key)" }
        parts += figures.errors.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        if figures.brokenOff > 0 { parts.append("\(figures.brokenOff) broken off at the end") }
        return parts.isEmpty ? [] : ["\(target.url): \(parts.joined(separator: ", "))"]
    }

    private static func lines(_ comparison: ComparisonFigures, _ targets: [Target]) -> [String] {
        var lines = ["compared \(comparison.compared), different \(comparison.different)"]
        for (reason, count) in comparison.notCompared.sorted(by: { $0.key < $1.key }) {
            lines.append("not compared \(count): \(reason)")
        }
        for (number, shown) in comparison.shown.enumerated() {
            lines.append("")
            lines.append("difference \(number + 1): \(cut(shown.difference.what))")
            lines.append("    \(shown.request.method.rawValue) \(cut(shown.request.line))")
            if let query = shown.request["query"] { lines.append("    query: \(cut(query))") }
            let answers = [shown.difference.answer, shown.difference.reference]
            for (target, answer) in zip(targets, answers) where !answer.isEmpty {
                lines.append("    \(target.url): \(cut(answer))")
            }
        }
        let hidden = comparison.different - comparison.shown.count
        if hidden > 0 { lines += ["", "\(hidden) more differences are not shown"] }
        return lines
    }

    /// The beginning of what servers and recordings say, which may be as long as they like.
    private static func cut(_ text: String) -> String {
        text.count > 1000 ? text.prefix(1000) + "…" : text
    }

    /// Three digits that mean something, with a unit.
    static func shown(_ length: Duration) -> String {
        let microseconds = length / .microseconds(1)
        if microseconds < 1000 { return "\(short(microseconds))us" }
        if microseconds < 1_000_000 { return "\(short(microseconds / 1000))ms" }
        return "\(short(microseconds / 1_000_000))s"
    }

    /// Up to two decimals, fewer where the number is large.
    private static func short(_ number: Double) -> String {
        let scale = number < 10 ? 100.0 : number < 100 ? 10 : 1
        let rounded = (number * scale).rounded() / scale
        return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
    }
}

// MARK: - For programs

extension ReplayReport {
    /// The same as JSON; lengths of time are in seconds.
    public var json: JSONValue {
        var pairs: [(key: String, value: JSONValue)] = [
            ("recording", .string(recording)), ("format", .string(format.rawValue)),
            ("pace", .string(paceText)),
            ("latencyFrom", .string(pace.isOpen ? "due" : "sent")),
            ("elapsed", Self.seconds(elapsed)),
            ("interrupted", .bool(wasInterrupted)), ("good", .bool(isGood)),
            (
                "leftOut",
                .object(
                    LeftOut.allCases.map { ("\($0)", .integer(Int64(leftOut[$0] ?? 0))) })
            ),
            ("targets", .array(targets.map { json($0) })),
        ]
        if let comparison { pairs.append(("comparison", Self.json(comparison))) }
        return .object(pairs)
    }

    private func json(_ target: Target) -> JSONValue {
        let figures = target.figures
        var pairs: [(key: String, value: JSONValue)] = [
            ("url", .string(target.url)), ("answered", .integer(Int64(figures.answered))),
            ("failed", .integer(Int64(figures.failed))),
            ("brokenOff", .integer(Int64(figures.brokenOff))),
            ("perSecond", Self.number(perSecond(figures))),
            ("bytes", .integer(Int64(figures.bytes))),
            ("statuses", Self.counts(figures.statuses.map { (String($0.key), $0.value) })),
            ("errors", Self.counts(figures.errors.map { ($0.key, $0.value) })),
            ("latency", Self.json(figures.latency)),
        ]
        if pace.isOpen { pairs.append(("service", Self.json(figures.service))) }
        return .object(pairs)
    }

    private static func json(_ histogram: LatencyHistogram) -> JSONValue {
        let named =
            [("min", histogram.minimum), ("mean", histogram.mean)]
            + quantiles.map { ($0.0, histogram.quantile($0.1)) } + [("max", histogram.maximum)]
        return .object(
            [("count", .integer(Int64(histogram.count)))]
                + named.map { ($0.0, $0.1.map { seconds($0) } ?? .null) })
    }

    private static func json(_ comparison: ComparisonFigures) -> JSONValue {
        let shown = comparison.shown.map { shown in
            JSONValue.object([
                ("what", .string(cut(shown.difference.what))),
                ("method", .string(shown.request.method.rawValue)),
                ("request", .string(shown.request.line)),
                ("answer", .string(cut(shown.difference.answer))),
                ("reference", .string(cut(shown.difference.reference))),
            ])
        }
        return .object([
            ("compared", .integer(Int64(comparison.compared))),
            ("different", .integer(Int64(comparison.different))),
            ("notCompared", counts(comparison.notCompared.map { ($0.key, $0.value) })),
            ("differences", .array(shown)),
        ])
    }

    private static func counts(_ counts: [(String, Int)]) -> JSONValue {
        .sortedObject(counts.map { ($0.0, .integer(Int64($0.1))) })
    }

    private static func seconds(_ length: Duration) -> JSONValue { number(length / .seconds(1)) }

    private static func number(_ value: Double) -> JSONValue {
        var digits: [UInt8] = []
        GoFloat.appendJSON((value * 1e6).rounded() / 1e6, to: &digits)
        return .number(String(decoding: digits, as: UTF8.self))
    }
}

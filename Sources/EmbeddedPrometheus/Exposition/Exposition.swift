import GoText
public import TimeSeries

/// The contents of a page of metrics: Prometheus text 0.0.4 or OpenMetrics 1.0 text.
public struct Exposition: Sendable {
    public enum Format: Sendable, Hashable {
        /// Timestamps in ms; lines starting `#` that are neither HELP nor TYPE are comments.
        case prometheus
        /// Timestamps in seconds; ends with `# EOF`; may carry exemplars, which are left out.
        case openMetrics
    }

    public struct Sample: Sendable {
        public var labels: LabelSet
        public var value: Double
        /// Nil when none was written.
        public var time: Timestamp?
    }

    public struct Family: Sendable, Equatable {
        public var name: String
        public var metadata: MetricMetadata
    }

    /// In the order written.
    public private(set) var samples: [Sample] = []
    /// What TYPE, HELP and UNIT lines said, in the order of first mention.
    public private(set) var families: [Family] = []

    /// - Parameter format: nil to tell by the `# EOF` that OpenMetrics ends with.
    public init(parsing text: [UInt8], format: Format? = nil) throws(ExpositionError) {
        let format = format ?? Self.format(of: text)
        var number = 0
        var ended = false
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            var cursor = ExpositionCursor(line, lineNumber: number)
            if cursor.isAtEnd { continue }
            if ended { throw cursor.error("unexpected text after # EOF") }
            if cursor.skip(UInt8(ascii: "#")) {
                ended = try readComment(&cursor, format)
            } else {
                samples.append(try Self.sample(&cursor, format))
            }
        }
        if format == .openMetrics, !ended {
            throw ExpositionError(line: number, problem: "text does not end with # EOF")
        }
    }

    private static func format(of text: [UInt8]) -> Format {
        let end = text.last == UInt8(ascii: "\n") ? text.dropLast() : text[...]
        let isEOF = end.suffix(5).elementsEqual("# EOF".utf8)
        let startsLine = end.count == 5 || end.dropLast(5).last == UInt8(ascii: "\n")
        return isEOF && startsLine ? .openMetrics : .prometheus
    }

    // MARK: Lines

    /// Returns true at the end marker.
    private mutating func readComment(
        _ cursor: inout ExpositionCursor, _ format: Format
    ) throws(ExpositionError) -> Bool {
        cursor.skipBlanks()
        let keyword = cursor.word()
        switch keyword {
        case "EOF" where format == .openMetrics:
            return true
        case "HELP":
            let name = try cursor.metricName()
            cursor.skipBlanks()
            let help = cursor.helpText()
            describe(name) { $0.help = help }
        case "TYPE":
            let name = try cursor.metricName()
            cursor.skipBlanks()
            let written = cursor.word()
            guard let type = Self.typeNames[written] else {
                throw cursor.error("invalid metric type \"\(written)\"")
            }
            describe(name) { $0.type = type }
        case "UNIT" where format == .openMetrics:
            let name = try cursor.metricName()
            cursor.skipBlanks()
            let unit = cursor.word()
            describe(name) { $0.unit = unit }
        default:
            if format == .openMetrics { throw cursor.error("invalid comment \"# \(keyword)\"") }
        }
        return false
    }

    private static let typeNames = [
        "counter": "counter", "gauge": "gauge", "histogram": "histogram",
        "gaugehistogram": "gaugehistogram", "summary": "summary", "info": "info",
        "stateset": "stateset", "unknown": "unknown", "untyped": "unknown",
    ]

    private mutating func describe(_ name: String, _ change: (inout MetricMetadata) -> Void) {
        // A family's lines stand together, so the last one is nearly always the right one.
        let index =
            families.lastIndex { $0.name.utf8.elementsEqual(name.utf8) }
            ?? {
                families.append(Family(name: name, metadata: MetricMetadata()))
                return families.count - 1
            }()
        change(&families[index].metadata)
    }

    private static func sample(
        _ cursor: inout ExpositionCursor, _ format: Format
    ) throws(ExpositionError) -> Sample {
        let labels = try cursor.series()
        cursor.skipBlanks()
        let written = cursor.word()
        if written.isEmpty { throw cursor.error("expected a value after the series") }
        guard var value = number(written) else {
            throw cursor.error("invalid value \"\(written)\"")
        }
        if value.isNaN { value = SampleValue.normalNaN }
        cursor.skipBlanks()
        var time: Timestamp?
        if !cursor.isAtEnd, !cursor.isAt(UInt8(ascii: "#")) {
            let text = cursor.word()
            guard let parsed = timestamp(text, format) else {
                throw cursor.error("invalid timestamp \"\(text)\"")
            }
            time = parsed
            cursor.skipBlanks()
        }
        if format == .openMetrics, cursor.skip(UInt8(ascii: "#")) { cursor.skipToEnd() }
        guard cursor.isAtEnd else { throw cursor.error("unexpected text after the sample") }
        return Sample(labels: labels, value: value, time: time)
    }

    /// Swift reads more spellings than Go does: only Go's are let through.
    private static func number(_ text: String) -> Double? {
        if text.contains("(") { return nil }
        return Double(text)
    }

    private static func timestamp(_ text: String, _ format: Format) -> Timestamp? {
        switch format {
        case .prometheus:
            return Int64(text).map(Timestamp.init(milliseconds:))
        case .openMetrics:
            // Truncated, as Prometheus `model/textparse/openmetricsparse.go` does.
            guard let seconds = number(text), abs(seconds) < 9e15 else { return nil }
            return Timestamp(seconds: seconds)
        }
    }
}

/// What is wrong with an exposition, and where.
public struct ExpositionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Counted from 1.
    public var line: Int
    public var problem: String

    public init(line: Int, problem: String) {
        self.line = line
        self.problem = problem
    }

    public var description: String { "line \(line): \(problem)" }
}

/// What an exposition says of one metric family, as `/api/v1/metadata` gives it.
public struct MetricMetadata: Sendable, Hashable {
    /// As in OpenMetrics: counter, gauge, histogram, gaugehistogram, summary, info, stateset or
    /// unknown.
    public var type: String
    public var unit: String
    public var help: String

    public init(type: String = "unknown", unit: String = "", help: String = "") {
        self.type = type
        self.unit = unit
        self.help = help
    }
}

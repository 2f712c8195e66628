import GoText
public import TimeSeries

/// `metric{label="value"}` and the points after it.
enum SeriesNotation {
    static func read(_ line: some StringProtocol) throws(NotationError) -> SeriesDescription {
        var scanner = NotationScanner(line)
        let labels = try readLabels(&scanner)
        let values = try SequenceNotation.read(&scanner)
        return SeriesDescription(labels: labels, values: values)
    }

    /// Reads a metric; anything may follow.
    static func readLabels(_ scanner: inout NotationScanner) throws(NotationError) -> LabelSet {
        var pairs: [(name: String, value: String)] = []
        let name = scanner.identifier(colons: true)
        if !name.isEmpty { pairs.append(("__name__", name)) }
        let afterName = scanner
        scanner.skipSpace()
        guard scanner.starts(with: "{"), !scanner.starts(with: "{{") else {
            guard !name.isEmpty else { throw NotationError("expected a metric") }
            scanner = afterName
            return LabelSet(pairs)
        }
        _ = scanner.skip("{")
        while true {
            scanner.skipSpace()
            if scanner.skip("}") { break }
            if let pair = try readPair(&scanner) { pairs.append(pair) }
            scanner.skipSpace()
            guard scanner.skip(",") || scanner.starts(with: "}") else {
                throw NotationError("expected \",\" or \"}\" before \"\(scanner.rest)\"")
            }
        }
        return LabelSet(pairs)
    }

    /// `name="value"`, or a quoted string alone, which is the metric's name.
    private static func readPair(
        _ scanner: inout NotationScanner
    ) throws(NotationError) -> (name: String, value: String)? {
        let isQuoted = scanner.next.map { [0x22, 0x27, 0x60].contains($0) } ?? false
        let name = isQuoted ? try scanner.quotedString() : scanner.identifier()
        scanner.skipSpace()
        guard scanner.skip("=") else {
            guard isQuoted else { throw NotationError("expected = before \"\(scanner.rest)\"") }
            return ("__name__", name)
        }
        scanner.skipSpace()
        return (name, try scanner.quotedString())
    }
}

/// The points of a series: `1 2+3x4 _ _x2 stale {{schema:0 count:1}}x3`.
enum SequenceNotation {
    /// Reads up to the end of the line.
    static func read(_ scanner: inout NotationScanner) throws(NotationError) -> [SequenceValue] {
        var values: [SequenceValue] = []
        scanner.skipSpace()
        while !scanner.isAtEnd {
            try readItem(&scanner, into: &values)
            guard scanner.isAtEnd || scanner.next == 0x20 || scanner.next == 0x09 else {
                throw NotationError("unexpected \"\(scanner.rest)\" in series values")
            }
            scanner.skipSpace()
        }
        return values
    }

    private static func readItem(
        _ scanner: inout NotationScanner, into values: inout [SequenceValue]
    ) throws(NotationError) {
        if scanner.skip("_") {
            let count = scanner.skip("x") ? try scanner.repetitions() : 1
            values.append(contentsOf: repeatElement(.omitted, count: count))
        } else if scanner.starts(with: "{{") {
            try readHistograms(&scanner, into: &values)
        } else if scanner.skip("stale") {
            values.append(.float(SampleValue.stale))
        } else {
            try readFloats(&scanner, into: &values)
        }
    }

    private static func readFloats(
        _ scanner: inout NotationScanner, into values: inout [SequenceValue]
    ) throws(NotationError) {
        var value = try scanner.number()
        values.append(.float(value))
        var step = 0.0
        if scanner.next == UInt8(ascii: "+") || scanner.next == UInt8(ascii: "-") {
            step = try scanner.number()
            guard scanner.starts(with: "x") else { throw NotationError("expected x<count>") }
        }
        guard scanner.skip("x") else { return }
        // Added one by one, as the points of a counter are: the rounding shows in the values.
        for _ in 0..<(try scanner.repetitions()) {
            value += step
            values.append(.float(value))
        }
    }

    private static func readHistograms(
        _ scanner: inout NotationScanner, into values: inout [SequenceValue]
    ) throws(NotationError) {
        var (histogram, hintIsGiven) = try HistogramNotation.read(&scanner)
        values.append(.histogram(histogram, hintIsGiven: hintIsGiven))
        var step: FloatHistogram?
        var subtracts = false
        if scanner.starts(with: "+{{") || scanner.starts(with: "-{{") {
            subtracts = !scanner.skip("+") && scanner.skip("-")
            step = try HistogramNotation.read(&scanner).histogram
            guard scanner.starts(with: "x") else { throw NotationError("expected x<count>") }
        }
        guard scanner.skip("x") else { return }
        for _ in 0..<(try scanner.repetitions()) {
            if let step { histogram = try moved(histogram, by: step, subtracts: subtracts) }
            values.append(.histogram(histogram, hintIsGiven: hintIsGiven))
        }
    }

    private static func moved(
        _ histogram: FloatHistogram, by step: FloatHistogram, subtracts: Bool
    ) throws(NotationError) -> FloatHistogram {
        do throws(FloatHistogram.LayoutError) {
            let addend = subtracts ? step.scaled(by: -1) : step
            var moved = try histogram.adding(addend).sum
            moved.counterResetHint = histogram.counterResetHint
            return moved
        } catch {
            throw NotationError("histograms with exponential and custom buckets in one series")
        }
    }
}

/// One place in a series as scripts write it.
public enum SequenceValue: Sendable, Equatable {
    /// `_`
    case omitted
    case float(Double)
    /// `hintIsGiven`: the script names a counter reset hint, so that it is compared too.
    case histogram(FloatHistogram, hintIsGiven: Bool)

    public static func == (lhs: SequenceValue, rhs: SequenceValue) -> Bool {
        switch (lhs, rhs) {
        case (.omitted, .omitted): true
        case (.float(let a), .float(let b)): a.bitPattern == b.bitPattern
        case (.histogram(let a, let aGiven), .histogram(let b, let bGiven)):
            a.hasSameFields(as: b) && a.counterResetHint == b.counterResetHint && aGiven == bGiven
        default: false
        }
    }
}

/// Labels and values of one line of a script.
public struct SeriesDescription: Sendable, Equatable {
    public var labels: LabelSet
    public var values: [SequenceValue]

    public init(labels: LabelSet, values: [SequenceValue]) {
        self.labels = labels
        self.values = values
    }
}

/// `metric@st -30s-1mx2 _ 0`: start times as offsets from the samples' times.
enum StartTimeNotation {
    /// Whether a line gives start times: its first word ends in `@st`.
    static func isStartTimeLine(_ line: some StringProtocol) -> Bool {
        guard let space = line.firstIndex(where: { $0 == " " || $0 == "\t" }) else { return false }
        return line[..<space].hasSuffix("@st")
    }

    /// The metric's text ("" for a line that applies to all series after it) and an offset
    /// for each point, nil for none.
    static func read(
        _ line: some StringProtocol
    ) throws(NotationError) -> (metric: String, offsets: [Milliseconds?]) {
        let words = line.split { $0 == " " || $0 == "\t" }
        guard let first = words.first, first.hasSuffix("@st") else {
            throw NotationError("invalid @st line")
        }
        var offsets: [Milliseconds?] = []
        for word in words.dropFirst() { try readItem(String(word), into: &offsets) }
        return (String(first.dropLast(3)), offsets)
    }

    private static func readItem(
        _ word: String, into offsets: inout [Milliseconds?]
    ) throws(NotationError) {
        var scanner = NotationScanner(word)
        if scanner.skip("_") {
            let count = scanner.skip("x") ? try scanner.repetitions() : 1
            offsets.append(contentsOf: repeatElement(nil, count: count))
            return
        }
        var offset: Milliseconds
        if scanner.skip("*") {
            offset = offsets.last { $0 != nil }.flatMap { $0 } ?? 0
        } else {
            offset = try readDuration(&scanner)
        }
        offsets.append(offset)
        var step: Milliseconds = 0
        if scanner.next == UInt8(ascii: "+") || scanner.next == UInt8(ascii: "-") {
            step = try readDuration(&scanner)
        }
        if scanner.skip("x") {
            for _ in 0..<(try scanner.repetitions()) {
                offset &+= step
                offsets.append(offset)
            }
        }
        guard scanner.isAtEnd else { throw NotationError("invalid start time \"\(word)\"") }
    }

    private static func readDuration(
        _ scanner: inout NotationScanner
    ) throws(NotationError) -> Milliseconds {
        let isNegative = scanner.skip("-")
        if !isNegative { _ = scanner.skip("+") }
        let digits = scanner.word(while: NotationScanner.isDigit)
        let unit = scanner.word { NotationScanner.isLetter($0) && $0 != UInt8(ascii: "x") }
        let length = try DurationNotation.length(digits + unit)
        return isNegative ? -length : length
    }
}

/// `{{schema:1 sum:3 count:22 buckets:[5 10 7]}}`: a native histogram as scripts write it.
enum HistogramNotation {
    /// Reads the histogram that begins at the scanner's position.
    static func read(
        _ scanner: inout NotationScanner
    ) throws(NotationError) -> (histogram: FloatHistogram, hintIsGiven: Bool) {
        try scanner.expect("{{")
        var histogram = FloatHistogram()
        var hintIsGiven = false
        var offset: Int32 = 0
        var negativeOffset: Int32 = 0
        var seen: Set<String> = []
        while true {
            scanner.skipSpace()
            if scanner.skip("}}") { break }
            let key = scanner.identifier()
            scanner.skipSpace()
            try scanner.expect(":")
            scanner.skipSpace()
            guard seen.insert(key).inserted else {
                throw NotationError("duplicate key \"\(key)\" in histogram")
            }
            switch key {
            case "schema": histogram.schema = try integer(&scanner)
            case "sum": histogram.sum = try scanner.number()
            case "count": histogram.count = try scanner.number()
            case "z_bucket": histogram.zeroCount = try scanner.number()
            case "z_bucket_w": histogram.zeroThreshold = try scanner.number()
            case "custom_values": histogram.customValues = try list(&scanner)
            case "buckets": histogram.positiveBuckets = try list(&scanner)
            case "offset": offset = try integer(&scanner)
            case "n_buckets": histogram.negativeBuckets = try list(&scanner)
            case "n_offset": negativeOffset = try integer(&scanner)
            case "counter_reset_hint":
                let name = scanner.identifier()
                guard let hint = FloatHistogram.CounterResetHint(rawValue: name) else {
                    throw NotationError("unknown counter reset hint \"\(name)\"")
                }
                histogram.counterResetHint = hint
                hintIsGiven = true
            default: throw NotationError("unknown key \"\(key)\" in histogram")
            }
        }
        histogram.positiveSpans = spans(offset, histogram.positiveBuckets)
        histogram.negativeSpans = spans(negativeOffset, histogram.negativeBuckets)
        return (histogram, hintIsGiven)
    }

    private static func spans(_ offset: Int32, _ buckets: [Double]) -> [FloatHistogram.Span] {
        buckets.isEmpty ? [] : [.init(offset: offset, length: UInt32(clamping: buckets.count))]
    }

    private static func integer(_ scanner: inout NotationScanner) throws(NotationError) -> Int32 {
        let value = try scanner.number()
        guard let integer = Int32(exactly: value) else {
            throw NotationError("\(value) is no integer")
        }
        return integer
    }

    private static func list(_ scanner: inout NotationScanner) throws(NotationError) -> [Double] {
        try scanner.expect("[")
        var values: [Double] = []
        while true {
            scanner.skipSpace()
            if scanner.skip("]") { return values }
            values.append(try scanner.number())
        }
    }
}

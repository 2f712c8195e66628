/// Reads a member's answer to `query` or `query_range` as it arrives, and hands on its series in
/// pages: label bytes edited, sample bytes validated and copied, never decoded.
///
/// Prometheus's own spelling is scanned fast; white space, other key orders, unknown keys,
/// histograms and escapes go through an exact walker of the same grammar. What leaves is always
/// Prometheus's spelling.
public struct ResponseScanner {
    public struct Limits: Sendable {
        /// Bytes of one series, and of an answer whose spelling allows no streaming.
        public var element = 64 << 20
        /// Bytes before the first and behind the last series.
        public var frame = 4 << 20
        /// Bytes of a page before it is handed on.
        public var page = 256 << 10

        public init() {}
    }

    /// What an answer says besides its series.
    public struct Trailer: Sendable, Equatable {
        /// `matrix`, `vector`, `scalar` or `string`.
        public var resultType = ""
        public var warnings: [String] = []
        public var infos: [String] = []
        public var seriesCount = 0
        /// The value of a scalar or string answer.
        public var plain: String?

        public init() {}
    }

    enum State {
        case head
        /// Before an element, or before the end of the result when `mayEnd`.
        case element(mayEnd: Bool)
        /// In an element's `values`.
        case samples
        /// In an element, behind its `values` or `value`.
        case rest
        /// Behind an element.
        case separator
        case tail
        /// The spelling allows no streaming: the whole answer is read first.
        case whole
    }

    let limits: Limits
    let editor: MetricEditor
    /// Data, then `SampleScan.guardCount` zero bytes.
    var pending: [UInt8]
    var count = 0
    var position = 0
    var state = State.head
    var page = SeriesPage()
    var ready: [SeriesPage] = []
    var element = OpenElement()
    var trailer = Trailer()

    /// Where the element being read stands in the page.
    struct OpenElement {
        var bytes = 0
        var keys = 0
        var samples = 0
        var hasHistograms = false
    }

    /// Without an injection, label sets pass as they are.
    public init(injecting injection: LabelInjection? = nil, limits: Limits = Limits()) {
        self.limits = limits
        editor = MetricEditor(injection)
        pending = [UInt8](repeating: 0, count: SampleScan.guardCount)
    }

    /// Takes the next bytes of the body. Full pages are then in `takePages()`.
    public mutating func append(_ chunk: some Sequence<UInt8>) throws(ScanError) {
        pending.removeLast(SampleScan.guardCount)
        if position > 0 {
            pending.removeSubrange(0..<position)
            position = 0
        }
        pending.append(contentsOf: chunk)
        count = pending.count
        pending.append(contentsOf: repeatElement(0, count: SampleScan.guardCount))
        try advance()
    }

    /// The pages that are full.
    public mutating func takePages() -> [SeriesPage] {
        defer { ready = [] }
        return ready
    }

    /// Ends the body. Remaining series are then in `takePages()`.
    public mutating func finish() throws(ScanError) -> Trailer {
        switch state {
        case .whole: try readWhole()
        case .tail: try readTail()
        case .head:
            // Small answers and errors may stand here wholly; so may nothing at all.
            if position >= count { throw .malformed("the body is empty") }
            state = .whole
            try readWhole()
        case .element, .samples, .rest, .separator: throw .truncated
        }
        flush()
        return trailer
    }

    mutating func flush() {
        guard !page.series.isEmpty else { return }
        ready.append(page)
        page = SeriesPage()
    }

    // MARK: - The state machine

    private mutating func advance() throws(ScanError) {
        while true {
            let goesOn: Bool
            switch state {
            case .head: goesOn = try readHead()
            case .element(let mayEnd): goesOn = try readElement(mayEnd: mayEnd)
            case .samples: goesOn = try readSamples()
            case .rest: goesOn = try readRest()
            case .separator: goesOn = try readSeparator()
            case .tail:
                guard count - position <= limits.frame else {
                    throw .tooLarge("more than \(limits.frame) bytes behind the last series")
                }
                return
            case .whole:
                guard count <= limits.element else {
                    throw .tooLarge(
                        "an answer of more than \(limits.element) bytes in a spelling that allows "
                            + "no streaming")
                }
                return
            }
            if !goesOn { return }
        }
    }

    /// Runs the walker; nil when the buffer ends too early, within the limit.
    mutating func walk<T>(
        limit: Int, _ read: (inout JSONCursor) throws(JSONCursor.Failure) -> T
    ) throws(ScanError) -> T? {
        var cursor = JSONCursor(pending, from: position, to: count)
        do throws(JSONCursor.Failure) {
            let value = try read(&cursor)
            position = cursor.position
            return value
        } catch {
            switch error {
            case .malformed(_, let reason): throw .malformed(reason)
            case .incomplete:
                guard count - position <= limit else {
                    throw .tooLarge("a part of the answer is larger than \(limit) bytes")
                }
                return nil
            }
        }
    }

    private mutating func readHead() throws(ScanError) -> Bool {
        var first = position
        while first < count, [0x20, 0x09, 0x0A, 0x0D].contains(pending[first]) { first += 1 }
        guard first < count else { return false }
        guard pending[first] == UInt8(ascii: "{") else {
            throw .notJSON(startingWith: pending[first..<count])
        }
        enum Outcome {
            case streams(String)
            case whole
        }
        let outcome = try walk(limit: limits.frame) { (cursor) throws(JSONCursor.Failure) in
            try cursor.expect(UInt8(ascii: "{"))
            while true {
                if try cursor.peek() != UInt8(ascii: "\"") { return Outcome.whole }
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                if key == "data", try cursor.peek() == UInt8(ascii: "{") {
                    try cursor.expect(UInt8(ascii: "{"))
                    var resultType = ""
                    while true {
                        if try cursor.peek() != UInt8(ascii: "\"") { return Outcome.whole }
                        let key = try cursor.string()
                        try cursor.expect(UInt8(ascii: ":"))
                        if key == "result" {
                            guard resultType == "matrix" || resultType == "vector",
                                try cursor.peek() == UInt8(ascii: "[")
                            else { return Outcome.whole }
                            try cursor.expect(UInt8(ascii: "["))
                            return Outcome.streams(resultType)
                        }
                        if key == "resultType" {
                            resultType = try cursor.string()
                        } else {
                            try cursor.skip()
                        }
                        guard try cursor.accept(UInt8(ascii: ",")) else { return Outcome.whole }
                    }
                }
                if key == "status" {
                    guard try cursor.string() == "success" else { return Outcome.whole }
                } else if key == "data" {
                    return Outcome.whole
                } else {
                    try cursor.skip()
                }
                guard try cursor.accept(UInt8(ascii: ",")) else { return Outcome.whole }
            }
        }
        switch outcome {
        case nil: return false
        case .whole?:
            position = 0
            state = .whole
        case .streams(let resultType)?:
            trailer.resultType = resultType
            state = .element(mayEnd: true)
        }
        return true
    }

    private mutating func readSeparator() throws(ScanError) -> Bool {
        let next = try walk(limit: limits.frame) { (cursor) throws(JSONCursor.Failure) in
            try cursor.peek()
        }
        guard let next else { return false }
        switch next {
        case UInt8(ascii: ","):
            position += 1
            state = .element(mayEnd: false)
        case UInt8(ascii: "]"):
            position += 1
            state = .tail
        default: throw .malformed("expected ',' or ']' between series")
        }
        return true
    }

    private mutating func readTail() throws(ScanError) {
        var found = trailer
        var status: String?
        let done = try walk(limit: limits.frame) { (cursor) throws(JSONCursor.Failure) in
            // What remains of the data object, then of the whole.
            while try cursor.accept(UInt8(ascii: ",")) {
                _ = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                try cursor.skip()
            }
            try cursor.expect(UInt8(ascii: "}"))
            while try cursor.accept(UInt8(ascii: ",")) {
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                switch key {
                case "warnings": found.warnings = try cursor.strings()
                case "infos": found.infos = try cursor.strings()
                case "status": status = try cursor.string()
                default: try cursor.skip()
                }
            }
            try cursor.expect(UInt8(ascii: "}"))
            cursor.skipSpace()
            return true
        }
        guard done != nil else { throw .truncated }
        guard position == count else { throw .malformed("something follows the answer") }
        if let status, status != "success" { throw .malformed("status \(status) after the data") }
        trailer = found
    }
}

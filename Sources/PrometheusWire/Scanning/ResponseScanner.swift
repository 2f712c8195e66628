import GoText
public import TimeSeries

/// Reads a member's answer to `query` or `query_range` as it arrives, and hands on its series in
/// pages: label bytes edited, sample bytes validated and copied, never decoded.
///
/// Prometheus's own spelling is scanned fast; white space, other key orders, unknown keys,
/// histograms and other spellings of numbers go through an exact walker of the same grammar. What
/// leaves is always Prometheus's spelling, with samples in ascending order of time. Series without
/// any sample are left out.
public struct ResponseScanner {
    public struct Limits: Sendable {
        /// Bytes of one series, and of an answer whose spelling allows no streaming.
        public var element = 64 << 20
        /// Bytes before the first and behind the last series.
        public var frame = 4 << 20
        /// Bytes of a page before it is handed on.
        public var page = 256 << 10
        /// The same of the first page, so that its reader knows soon that the answer is long.
        public static let firstPage = 32 << 10
        /// Labels of one series.
        public var labels = 1 << 10
        /// Bytes of the labels of one series.
        public var metric = 16 << 20

        public init() {}
    }

    /// What an answer says besides its series.
    public struct Trailer: Sendable, Equatable {
        /// `matrix`, `vector`, `scalar` or `string`.
        public var resultType = ""
        public var warnings: [String] = []
        public var infos: [String] = []
        /// Whether it calls itself partial, in a field of its own.
        public var isPartial = false
        public var seriesCount = 0
        /// What the member counted, if it was asked to and does.
        public var statistics: SampleStatistics?
        /// The value of a scalar or string answer.
        public var plain: String?

        public init() {}

        /// Whether the answer says nothing but its series. Of a warning it would be hard to say which
        /// steps it is about.
        public var isPlain: Bool {
            warnings.isEmpty && infos.isEmpty && !isPartial && plain == nil
        }

        /// Why data is missing in the answer, as it says itself; nil of a whole one.
        public var partiality: String? {
            Partiality.cause(isPartial: isPartial, warnings: warnings)
        }
    }

    /// What an answer holds, for those who want that and nothing else.
    public enum ResultType: String, Sendable {
        case matrix, vector
    }

    /// Which of the two readers of the one grammar are in use.
    enum Speed {
        case fast
        /// The walker alone: the reference that tests compare with.
        case exact
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
    /// Where samples may stand; nil for anywhere.
    let grid: StepGrid?
    /// nil for an answer of any type.
    let expected: ResultType?
    let editor: MetricEditor
    let speed: Speed
    /// Data, then `SampleScan.guardCount` zero bytes.
    var pending: [UInt8]
    var count = 0
    var position = 0
    var state = State.head
    var shape = SlowPathElement.Shape.matrix
    var page = SeriesPage()
    var ready: [SeriesPage] = []
    var element = OpenElement()
    var labels: [PlainLabel] = []
    /// The last series of the page handed on last.
    var lastKey: [UInt8] = []
    var trailer = Trailer()
    var status: String?
    /// Bytes that must be there before the next attempt; grows by doubling, so that a large part
    /// that arrives in small chunks is not read anew with every one.
    private var wanted = 0
    private var isEnding = false

    /// Where the element being read stands in the page.
    struct OpenElement {
        var bytes = 0
        var keys = 0
        var samples = 0
        var clock = SampleClock()
        var hasHistograms = false
    }

    /// Without an injection, label sets pass as they are.
    ///
    /// - Parameters:
    ///   - grid: the steps that were asked for: a sample anywhere else ends the answer with
    ///     `ScanError.offGrid`. In a matrix that answers an instant query, which is raw samples, they
    ///     may stand anywhere. nil takes samples at any time.
    ///   - expected: what the answer must be: one of another type is malformed. nil takes any.
    public init(
        injecting injection: LabelInjection? = nil, on grid: StepGrid? = nil,
        expecting expected: ResultType? = nil, limits: Limits = Limits()
    ) {
        self.init(
            injecting: injection, on: grid, expecting: expected, limits: limits, speed: .fast)
    }

    init(
        injecting injection: LabelInjection?, on grid: StepGrid? = nil,
        expecting expected: ResultType? = nil, limits: Limits, speed: Speed
    ) {
        self.limits = limits
        self.grid = grid
        self.expected = expected
        self.speed = speed
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
        // Exactly: what doubles is twice as large as is needed, in every stream.
        pending.reserveCapacity(
            pending.count + chunk.underestimatedCount + SampleScan.guardCount)
        pending.append(contentsOf: chunk)
        count = pending.count
        pending.append(contentsOf: repeatElement(0, count: SampleScan.guardCount))
        try advance()
    }

    /// What was read of the trailer before the first series.
    public var beginning: Trailer { trailer }

    /// The pages that are full.
    public mutating func takePages() -> [SeriesPage] {
        defer { ready = [] }
        return ready
    }

    /// Ends the body. Remaining series are then in `takePages()`.
    public mutating func finish() throws(ScanError) -> Trailer {
        isEnding = true
        try advance()
        switch state {
        case .whole: try readWhole()
        case .tail: try readTail()
        case .head:
            let isEmpty = pending[position..<count].allSatisfy { $0 <= 0x20 }
            throw isEmpty ? .malformed("the body is empty") : .truncated
        case .element, .samples, .rest, .separator: throw .truncated
        }
        flush()
        return trailer
    }

    mutating func flush() {
        guard let last = page.series.last else { return }
        lastKey = Array(page.keys[last.key])
        ready.append(page)
        page = SeriesPage()
    }

    /// The clock of a series in an answer of such a shape.
    static func clock(_ shape: SlowPathElement.Shape, on grid: StepGrid?) -> SampleClock {
        switch shape {
        case .vector: SampleClock(grid)
        case .matrix: SampleClock(grid.flatMap { $0.isInstant ? nil : $0 })
        }
    }

    // MARK: - The state machine

    private mutating func advance() throws(ScanError) {
        if count - position < wanted, !isEnding { return }
        wanted = 0
        var goesOn = true
        while goesOn {
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
                goesOn = false
            case .whole:
                guard count <= limits.element else {
                    throw .tooLarge(
                        "an answer of more than \(limits.element) bytes in a spelling that allows "
                            + "no streaming")
                }
                goesOn = false
            }
        }
    }

    /// Waits for more bytes of a part that may have `limit` of them. Always false.
    mutating func wait(
        within limit: Int, of part: String = "a part of the answer is"
    ) throws(ScanError) -> Bool {
        let have = count - position
        guard have <= limit else { throw .tooLarge("\(part) larger than \(limit) bytes") }
        wanted = min(2 * have, limit + 1)
        return false
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
            case .tooMany(let reason): throw .tooLarge(reason)
            case .offGrid(let time): throw .offGrid(time, grid ?? .instant(time))
            case .incomplete:
                _ = try wait(within: limit)
                return nil
            }
        }
    }

    private mutating func readSeparator() throws(ScanError) -> Bool {
        if position < count, pending[position] == UInt8(ascii: ",") {
            position += 1
            state = .element(mayEnd: false)
            return true
        }
        let next = try walk(limit: limits.frame) { (cursor) throws(JSONCursor.Failure) in
            let next = try cursor.peek()
            cursor.position += 1
            return next
        }
        guard let next else { return false }
        switch next {
        case UInt8(ascii: ","): state = .element(mayEnd: false)
        case UInt8(ascii: "]"): state = .tail
        default: throw .malformed("expected ',' or ']' between series")
        }
        return true
    }
}

/// Some series of an answer, as they go to the client: one run of bytes, and where in it each
/// series stands.
public struct SeriesPage: Sendable {
    public struct Extent: Sendable {
        /// The series' ordered key (`LabelSet.key`), in `keys`.
        public var key: Range<Int>
        /// The whole JSON object of the series, in `bytes`.
        public var element: Range<Int>
        /// From the first byte after the `metric` object's comma to the closing brace, in `bytes`.
        public var samples: Range<Int>
        public var hasHistograms: Bool
    }
    /// Elements in the order of arrival, each followed by a comma.
    public var bytes: [UInt8] = []
    public var keys: [UInt8] = []
    public var series: [Extent] = []

    public init() {}
}

/// Why a member's answer cannot be used; `description` is for people.
public enum ScanError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The body is no JSON object; its first bytes, made printable.
    case notJSON(String)
    /// JSON, but not an answer of the Prometheus API, or none at all.
    case malformed(String)
    /// The body ends too early.
    case truncated
    /// The member answered with an error of its own.
    case refused(errorType: String, error: String)
    /// Something is larger than allowed.
    case tooLarge(String)
    /// A sample at this time, which is no step of the grid that was asked for.
    case offGrid(Timestamp, StepGrid)
    /// The answer lacks data, as it says itself, where only a whole one will do.
    case partial(String)

    public var description: String {
        switch self {
        case .notJSON(let start): "not a Prometheus API answer: it begins with \(start)"
        case .malformed(let reason): "malformed answer: \(reason)"
        case .truncated: "the answer ends in the middle"
        case .refused(let errorType, let error): "\(errorType): \(error)"
        case .tooLarge(let reason): reason
        case .offGrid(let time, let grid): Self.offGrid(time, grid)
        case .partial(let reason): reason
        }
    }

    private static func offGrid(_ time: Timestamp, _ grid: StepGrid) -> String {
        // The step that it stands for, if it was moved back.
        var wanted = grid.start
        if grid.step > 0, time > wanted {
            let last = grid.time(at: grid.count - 1)
            let steps = (min(time, last) - wanted) / grid.step
            wanted = min(last, wanted + grid.step * (steps + 1))
        }
        return "it answers \(grid.isInstant ? "at a time" : "on a step grid") of its own ("
            + "\(TimestampText.parameter(time)) instead of \(TimestampText.parameter(wanted)))"
    }

    /// One label set, two series: no answer of Prometheus has that.
    public static func duplicate(_ labels: LabelSet) -> ScanError {
        .malformed("two series with the labels \(labels.quotedText)")
    }

    /// As above, of the second of the two.
    public static func duplicate(of element: SeriesElement) -> ScanError {
        duplicate(LabelSet(key: Array(element.key)))
    }

    /// A native histogram whose buckets are none that Prometheus prints.
    public static let unrecognizableHistogram = ScanError.malformed(
        "a native histogram with buckets of no layout")

    /// The beginning of a body that is no JSON.
    static func notJSON(startingWith bytes: some Sequence<UInt8>) -> ScanError {
        let shown = bytes.prefix(80).map { $0 >= 0x20 && $0 < 0x7F ? $0 : UInt8(ascii: "?") }
        return .notJSON("\"\(String(decoding: shown, as: UTF8.self))\"")
    }
}

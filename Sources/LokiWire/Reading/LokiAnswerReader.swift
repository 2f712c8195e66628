import GoText
import PrometheusWire
public import TimeSeries

/// Reads a member's answer to `query` or `query_range` as it arrives, in pieces of any size.
///
/// Lines leave in pages, series whole. What is held is the one line or label set that has not arrived
/// wholly yet, the series that is open, and what was not taken. The spelling that Loki writes is
/// scanned fast; any other spelling of the same JSON goes through an exact walker. Fields that are
/// unknown do no harm, wherever they stand.
public struct LokiAnswerReader: Sendable {
    public struct Limits: Sendable {
        /// Bytes of one line, label set or unknown field, with all that is around it.
        public var element = 64 << 20
        /// Labels of one stream or series, of one line's structured metadata and of what was parsed.
        public var labels = 1 << 10

        public init() {}
    }

    /// What an answer holds.
    public enum ResultType: String, Sendable {
        case streams, matrix, vector, scalar
    }

    /// What an answer says besides its lines and series.
    public struct Trailer: Sendable, Equatable {
        public var resultType: ResultType
        /// Whether the member says of each line which labels are structured metadata and which were
        /// parsed. Otherwise all of them are among the labels of streams.
        public var isCategorized = false
        public var warnings: [String] = []
        /// nil where the member counts nothing.
        public var statistics: QueryStatistics?
        /// The value of a scalar.
        public var scalar: Double?
    }

    /// Where reading is, and whether a comma must come before what follows.
    enum State: Equatable {
        case head
        case root(isFirst: Bool)
        case data(isFirst: Bool)
        case elements(isFirst: Bool)
        case element(isFirst: Bool)
        case values(isFirst: Bool)
        case end
    }

    let limits: Limits
    let expected: [ResultType]
    let grid: StepGrid?
    let keepsEmptyLabels: Bool
    var pending: [UInt8] = []
    var position = 0
    var state = State.head
    /// Bytes that must be there before the next attempt. It doubles, so that a large part that arrives
    /// in small pieces is not read anew with each of them.
    private var wanted = 0

    var page = LinePage()
    /// Of streams and series that began.
    var elementCount: Int32 = 0
    var lineLabels = LineLabelsReader()
    var open = OpenElement()
    var series: [SampleSeries] = []

    var status: String?
    var failure: String?
    var declaredType: ResultType?
    var content: Content?
    var hasMatrix = false
    var isCategorized = false
    var warnings: [String] = []
    var statistics: QueryStatistics?
    var scalar: Double?

    /// The stream or the series that is being read.
    struct OpenElement {
        var hasLabels = false
        /// Of a series.
        var labels = LabelSet.empty
        var times: [Timestamp] = []
        var values: [Double] = []
    }

    enum Content {
        case lines, series, scalar
    }

    /// - Parameters:
    ///   - expected: the types that an answer may have; none for any.
    ///   - grid: where samples may stand; nil for anywhere.
    ///   - keepsEmptyLabels: whether label sets keep labels without a value, which mean something in
    ///     volumes.
    public init(
        expecting expected: [ResultType] = [], on grid: StepGrid? = nil,
        keepsEmptyLabels: Bool = false, limits: Limits = Limits()
    ) {
        self.expected = expected
        self.grid = grid
        self.keepsEmptyLabels = keepsEmptyLabels
        self.limits = limits
    }

    /// Takes what came next.
    public mutating func append(_ bytes: some Collection<UInt8>) throws(LokiAnswerError) {
        pending.append(contentsOf: bytes)
        guard pending.count - position >= wanted else { return }
        while true {
            guard try step() else { break }
            if let failure = typeFailure { throw failure }
        }
        pending.removeSubrange(..<position)
        position = 0
        guard pending.count <= limits.element else {
            throw .tooLarge("one part of it has more than \(limits.element) bytes")
        }
        wanted = pending.count < 1 << 12 ? 0 : min(2 * pending.count, limits.element + 1)
    }

    /// The lines that were read since the last time; nil for none.
    public mutating func takeLines() -> LinePage? {
        guard !page.isEmpty else { return nil }
        defer { page = LinePage() }
        lineLabels.forget()
        return page
    }

    /// The series that were read since the last time, on the grid that was given; those of a vector
    /// have its one step.
    public mutating func takeSteps() -> [StepSeries] {
        guard let grid else { return [] }
        return takeSeries().map { $0.onGrid(grid) }
    }

    mutating func takeSeries() -> [SampleSeries] {
        defer { series = [] }
        return series
    }

    /// Takes the end of the answer. Lines and series must be taken afterwards once more.
    public mutating func finish() throws(LokiAnswerError) -> Trailer {
        if wanted > 0 {
            wanted = 0
            try append([])
        }
        if let failure { throw .refused(failure) }
        if let status, status != "success" { throw .refused("its status is \(status)") }
        guard state == .end else { throw .incomplete }
        guard let type = declaredType ?? contentType else { throw .malformed("no result") }
        return Trailer(
            resultType: type, isCategorized: isCategorized, warnings: warnings,
            statistics: statistics, scalar: scalar)
    }

    /// The type of what was found, where none was declared.
    private var contentType: ResultType? {
        switch content {
        case .lines: .streams
        case .series: hasMatrix ? .matrix : .vector
        case .scalar: .scalar
        case nil: nil
        }
    }

    /// What is wrong with the types that were declared and found so far.
    private var typeFailure: LokiAnswerError? {
        if let declaredType, let content {
            let fits =
                switch content {
                case .lines: declaredType == .streams
                case .series: declaredType == .matrix || declaredType == .vector
                case .scalar: declaredType == .scalar
                }
            if !fits { return .malformed("a result that is no \(declaredType.rawValue)") }
        }
        guard let type = declaredType ?? contentType, !expected.isEmpty, !expected.contains(type)
        else { return nil }
        return .unexpectedType(type.rawValue)
    }
}

extension LokiAnswerError {
    init(_ failure: JSONCursor.Failure) {
        switch failure {
        case .incomplete: self = .incomplete
        case .malformed(_, let reason): self = .malformed(reason)
        case .tooMany(let reason): self = .tooLarge(reason)
        case .offGrid(let time): self = .offGrid(time)
        }
    }
}

public import TimeSeries

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
    /// A sample at this time, in milliseconds, which is no step of the grid that was asked for.
    case offGrid(Int64, StepGrid)
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

    private static func offGrid(_ time: Int64, _ grid: StepGrid) -> String {
        // The step that it stands for, if it was moved back.
        var wanted = grid.start
        if grid.step > 0, time > wanted {
            let last = grid.time(at: grid.count - 1)
            let steps = (min(time, last) - wanted) / grid.step
            wanted = min(last, wanted + (steps + 1) * grid.step)
        }
        return "it answers \(grid.isInstant ? "at a time" : "on a step grid") of its own ("
            + "\(TimestampText.parameter(time)) instead of \(TimestampText.parameter(wanted)))"
    }

    /// One label set, two series: no answer of Prometheus has that.
    static func duplicate(_ labels: LabelSet) -> ScanError {
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

/// Lengths of time such as `1h30m`, as `model.Duration` of Prometheus reads and writes them: each
/// unit at most once, from the largest to the smallest; a year has 365 days.
public enum DurationText {
    /// Why a text is no duration.
    public enum Failure: Error, Sendable, Equatable {
        case empty
        case invalid
        case unknownUnit(String)
        /// Longer than `limit`.
        case outOfRange

        /// Prometheus's words, without a position.
        public func description(of text: String) -> String {
            switch self {
            case .empty: "empty duration string"
            case .invalid: "not a valid duration string: \(GoQuoting.quote(text))"
            case .unknownUnit(let unit):
                "unknown unit \(GoQuoting.quote(unit)) in duration \(GoQuoting.quote(text))"
            case .outOfRange: "duration out of range"
            }
        }
    }

    private static let units: [(name: String, milliseconds: UInt64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000),
        ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// The longest duration, about 292 years: where nanoseconds in 64 bits end.
    public static let limit = Milliseconds(Int64.max / 1_000_000)

    /// The length of time that a text says.
    public static func length(_ text: String) throws(Failure) -> Milliseconds {
        if text == "0" { return 0 }
        var rest = text.utf8[...]
        var total: UInt64 = 0
        var nextUnit = 0
        guard !rest.isEmpty else { throw .empty }
        while !rest.isEmpty {
            let digits = rest.prefix(while: isDigit)
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !isDigit($0) }
            rest = rest.dropFirst(unit.count)
            guard !digits.isEmpty, !unit.isEmpty else { throw .invalid }
            guard let count = UInt64(Substring(digits)) else { throw .invalid }
            let name = String(Substring(unit))
            guard let index = units.firstIndex(where: { $0.name == name }) else {
                throw .unknownUnit(name)
            }
            guard index >= nextUnit else { throw .invalid }
            nextUnit = index + 1
            let (product, isTooLarge) = count.multipliedReportingOverflow(
                by: units[index].milliseconds)
            guard !isTooLarge, product <= limit.count, total + product <= limit.count else {
                throw .outOfRange
            }
            total += product
        }
        return Milliseconds(Int64(total))
    }

    /// The canonical text; years and weeks only where the whole value divides.
    public static func text(_ length: Milliseconds) -> String {
        if length == .zero { return "0s" }
        var rest = length.count.magnitude
        var out = length < .zero ? "-" : ""
        for unit in units {
            if unit.name == "y" || unit.name == "w", rest % unit.milliseconds != 0 { continue }
            let count = rest / unit.milliseconds
            if count > 0 { out += "\(count)\(unit.name)" }
            rest -= count * unit.milliseconds
        }
        return out
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
}

import GoText
import PrometheusWire

/// What members count of a query: the `stats` of an answer, a tree of numbers. `summary` is what users
/// are shown.
public struct QueryStatistics: Sendable, Equatable {
    /// An object.
    private var tree: JSONValue

    /// Nothing counted.
    public init() { tree = .object([("summary", .object([]))]) }

    /// nil for what is no object.
    init?(_ tree: JSONValue) {
        guard case .object = tree else { return nil }
        self.tree = tree
    }

    /// Numbers are added one by one, and so are those below; of times that pass at all members at once
    /// the longest counts, and what is per second is counted anew.
    public mutating func add(_ other: QueryStatistics) {
        tree = Self.sum(tree, other.tree)
        guard case .object(let pairs)? = tree["summary"] else { return }
        let seconds = tree["summary"]?["execTime"].flatMap(Self.number) ?? 0
        let rated = pairs.map { pair -> (key: String, value: JSONValue) in
            guard let total = Self.totals[pair.key], seconds > 0 else { return pair }
            let count = tree["summary"]?[total].flatMap(Self.number) ?? 0
            return (pair.key, .number(GoFloat.plain((count / seconds).rounded(.down))))
        }
        tree = tree.changing("summary") { _ in .object(rated) }
    }

    /// The same, with so many lines in the answer.
    func returning(lines: Int) -> QueryStatistics {
        var copy = self
        copy.tree = tree.changing("summary") {
            $0.changing("totalEntriesReturned") { _ in .integer(Int64(lines)) }
        }
        return copy
    }

    func append(to out: inout [UInt8]) { tree.append(to: &out) }

    // MARK: - Adding

    /// What is per second, and of what.
    private static let totals = [
        "bytesProcessedPerSecond": "totalBytesProcessed",
        "linesProcessedPerSecond": "totalLinesProcessed",
    ]
    /// Of the summary: they pass at all members at once.
    private static let longest: Set<String> = ["execTime", "queueTime"]

    private static func sum(_ a: JSONValue, _ b: JSONValue, key: String = "") -> JSONValue {
        switch (a, b) {
        case (.object(var pairs), .object(let others)):
            for other in others {
                let place = pairs.firstIndex { $0.key.utf8.elementsEqual(other.key.utf8) }
                if let place {
                    pairs[place].value = sum(pairs[place].value, other.value, key: other.key)
                } else {
                    pairs.append(other)
                }
            }
            return .object(pairs)
        case (.bool(let one), .bool(let other)): return .bool(one || other)
        case (.number, .number):
            if longest.contains(key) {
                return (number(a) ?? 0) < (number(b) ?? 0) ? b : a
            }
            if let one = a.integer, let other = b.integer {
                return .integer(one.addingReportingOverflow(other).partialValue)
            }
            var text: [UInt8] = []
            GoFloat.appendJSON((number(a) ?? 0) + (number(b) ?? 0), to: &text)
            return .number(String(decoding: text, as: UTF8.self))
        default: return a
        }
    }

    private static func number(_ value: JSONValue) -> Double? {
        if case .number(let digits) = value { Double(digits) } else { nil }
    }
}

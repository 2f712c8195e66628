public import Answers
import GoText
import PrometheusWire

/// Answers as `promtool query` of Prometheus 3.5 prints them.
public enum PromtoolText {
    /// A vector in the order given, or a matrix in the order of its label sets.
    public static func text(_ series: [QueryAnswer.Series], isMatrix: Bool) -> String {
        guard isMatrix else {
            return series.map { one in
                "\(metric(one.labels)) => \(one.points.map(point).joined())"
            }.joined(separator: "\n")
        }
        return series.map { (key: SortedLabels($0.labels), $0) }
            .sorted { $0.key.isBefore($1.key) }
            .map { _, one in
                "\(metric(one.labels)) =>\n\(one.points.map(point).joined(separator: "\n"))"
            }.joined(separator: "\n")
    }

    /// A scalar with its time, or a string alone.
    static func scalar(time: String, value: String) -> String {
        // Both are a pair of texts. A string that reads as a number is printed as a scalar.
        guard let number = GoFloat.parse(value) else { return value }
        return "scalar: \(GoFloat.plain(number)) @[\(shown(time))]"
    }

    /// A series as `promtool query series` prints it, its name as a label.
    public static func labelSet(_ labels: [(name: String, value: String)]) -> String {
        let sorted = labels.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return "{\(sorted.map(pair).joined(separator: ", "))}"
    }

    /// A series as `promtool query instant` prints it: the name, then the labels in braces.
    static func metric(_ labels: [(name: String, value: String)]) -> String {
        let name = labels.first { $0.name == "__name__" }?.value
        let rest = labels.filter { $0.name != "__name__" }.map(pair).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        if rest.isEmpty { return name ?? "{}" }
        return "\(name ?? ""){\(rest.joined(separator: ", "))}"
    }

    private static func pair(_ label: (name: String, value: String)) -> String {
        "\(label.name)=\(GoQuoting.quote(label.value))"
    }

    private static func point(_ point: (time: String, value: String)) -> String {
        "\(value(point.value)) @[\(shown(point.time))]"
    }

    private static func value(_ text: String) -> String {
        if text.hasPrefix("{"), let histogram = try? JSONValue(parsing: Array(text.utf8)) {
            return self.histogram(histogram)
        }
        return GoFloat.parse(text).map(GoFloat.plain) ?? text
    }

    /// `Count: 2.000000, Sum: 3.000000, Buckets: [(1,2]:2]`
    private static func histogram(_ histogram: JSONValue) -> String {
        func number(_ value: JSONValue?) -> Double {
            switch value {
            case .string(let text), .number(let text): GoFloat.parse(text) ?? .nan
            default: .nan
            }
        }
        let buckets = histogram["buckets"]?.items.map(\.items).map { bucket in
            let boundaries = bucket.first?.integer ?? 0
            let (lower, upper) = (
                number(bucket.dropFirst().first), number(bucket.dropFirst(2).first)
            )
            let opening = boundaries == 1 || boundaries == 3 ? "[" : "("
            let closing = boundaries == 0 || boundaries == 3 ? "]" : ")"
            let count = GoFloat.plain(number(bucket.dropFirst(3).first))
            return
                "\(opening)\(GoFloat.general(lower)),\(GoFloat.general(upper))\(closing):\(count)"
        }
        let (count, sum) = (number(histogram["count"]), number(histogram["sum"]))
        return "Count: \(GoFloat.fixed(count)), Sum: \(GoFloat.fixed(sum)), "
            + "Buckets: [\((buckets ?? []).joined(separator: " "))]"
    }

    private static func shown(_ time: String) -> String {
        Double(time).map(GoFloat.plain) ?? time
    }
}

/// Labels in the order that `model.Metric.Before` of Prometheus gives: fewer labels first, then by
/// names and values.
private struct SortedLabels {
    private let pairs: [(name: String, value: String)]

    init(_ labels: [(name: String, value: String)]) {
        pairs = labels.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    func isBefore(_ other: SortedLabels) -> Bool {
        if pairs.count != other.pairs.count { return pairs.count < other.pairs.count }
        for (mine, theirs) in zip(pairs, other.pairs) {
            // The first name that only one of them has: the one without it is before the other.
            if !mine.name.utf8.elementsEqual(theirs.name.utf8) {
                return theirs.name.utf8.lexicographicallyPrecedes(mine.name.utf8)
            }
            if !mine.value.utf8.elementsEqual(theirs.value.utf8) {
                return mine.value.utf8.lexicographicallyPrecedes(theirs.value.utf8)
            }
        }
        return false
    }
}

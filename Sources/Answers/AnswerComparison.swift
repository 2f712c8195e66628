import PrometheusWire

/// How far two numbers may be apart that say the same.
public struct Tolerance: Sendable {
    /// Of the larger one.
    public var relative: Double
    /// Whatever their size.
    public var absolute: Double

    public init(relative: Double, absolute: Double) {
        self.relative = relative
        self.absolute = absolute
    }

    public static let none = Tolerance(relative: 0, absolute: 0)

    /// Whether the numbers are that near. An infinity is near to itself alone, and so is NaN.
    public func allows(_ x: Double, _ y: Double) -> Bool {
        if x.isNaN || y.isNaN { return x.isNaN && y.isNaN }
        if x == y { return true }
        guard x.isFinite, y.isFinite else { return false }
        return abs(x - y) <= relative * max(abs(x), abs(y)) || abs(x - y) < absolute
    }
}

/// Compares the series of two answers, each with the one of the same name.
public struct SeriesComparison<Series, Name: Hashable & Comparable> {
    private let isInOrder: Bool
    private let name: (Series) -> Name
    private let difference: (_ expected: Series, _ actual: Series) -> String?

    /// - Parameters:
    ///   - inOrder: whether the order of the series must be the same.
    ///   - difference: of two series of one name, in words.
    public init(
        inOrder: Bool, by name: @escaping (Series) -> Name,
        difference: @escaping (_ expected: Series, _ actual: Series) -> String?
    ) {
        isInOrder = inOrder
        self.name = name
        self.difference = difference
    }

    /// The first difference, in words, or nil.
    public func difference(_ expected: [Series], _ actual: [Series]) -> String? {
        let (expected, actual) = (ordered(expected), ordered(actual))
        let (wanted, given) = (expected.map(name), actual.map(name))
        guard wanted == given else {
            let missing = Set(wanted).subtracting(given).sorted()
            let extra = Set(given).subtracting(wanted).sorted()
            if given.count == wanted.count, missing.isEmpty, extra.isEmpty {
                return "order of series"
            }
            return "\(given.count) series for \(wanted.count); missing \(missing.prefix(2)), "
                + "extra \(extra.prefix(2))"
        }
        for (x, y) in zip(expected, actual) {
            if let difference = difference(x, y) { return difference }
        }
        return nil
    }

    private func ordered(_ series: [Series]) -> [Series] {
        isInOrder ? series : series.sorted { name($0) < name($1) }
    }
}

/// Says where two answers to one query differ.
///
/// Labels, times, types and statuses must be equal; values too, unless the query does arithmetic
/// whose rounding depends on the order of its steps. Warnings, infos and the words of errors are not
/// compared.
public struct AnswerComparison: Sendable {
    private let query: String

    public init(query: String) { self.query = query }

    private static let inexact: Set<String> = [
        "sum", "avg", "stddev", "stdvar", "quantile", "exp", "ln", "log2", "log10", "sin", "atan",
        "atan2", "rad", "deg", "deriv", "predict_linear", "histogram_quantile",
        "sum_over_time", "avg_over_time", "stddev_over_time", "stdvar_over_time",
        "quantile_over_time", "rate", "increase", "delta", "double_exponential_smoothing",
    ]

    private var words: Set<String> {
        Set(
            query.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
    }

    private var isExact: Bool {
        words.isDisjoint(with: Self.inexact) && !query.contains("^")
    }

    /// Sorting and ranking functions give a vector an order that means something.
    private var isOrdered: Bool {
        ["sort", "topk", "bottomk"].contains { query.hasPrefix($0) }
    }

    /// The first difference, in words, or nil.
    public func difference(_ answer: QueryAnswer, from reference: QueryAnswer) -> String? {
        switch (answer.outcome, reference.outcome) {
        case (.error(let ours, _), .error(let theirs, _)):
            // The words of errors changed between versions of Prometheus; their nature did not.
            if answer.status != reference.status {
                return "status \(answer.status), not \(reference.status)"
            }
            return ours == theirs ? nil : "error type \(ours), not \(theirs)"
        case (.error, _): return "refused, and not by the reference"
        case (_, .error): return "not refused, as the reference does"
        case (.scalar(let ourTime, let ours), .scalar(let time, let theirs)):
            if ourTime != time { return "time \(ourTime), not \(time)" }
            return areEqual(ours, theirs) ? nil : "value \(ours), not \(theirs)"
        case (.series(let ourType, let ours), .series(let type, let theirs)):
            if ourType != type { return "result type \(ourType), not \(type)" }
            return type == "matrix"
                ? differenceOfMatrices(ours, theirs) : differenceOfVectors(ours, theirs)
        case (.scalar, .series), (.series, .scalar): return "result type"
        }
    }

    private func differenceOfMatrices(
        _ ours: [QueryAnswer.Series], _ theirs: [QueryAnswer.Series]
    ) -> String? {
        SeriesComparison(inOrder: true, by: \QueryAnswer.Series.key) { their, our in
            differenceOfPoints(our, their)
        }.difference(theirs, ours)
    }

    private func differenceOfVectors(
        _ ours: [QueryAnswer.Series], _ theirs: [QueryAnswer.Series]
    ) -> String? {
        let series = SeriesComparison(inOrder: false, by: \QueryAnswer.Series.key) { their, our in
            differenceOfPoints(our, their)
        }
        if let difference = series.difference(theirs, ours) { return difference }
        if query.hasPrefix("sort_by_label"), ours.map(\.key) != theirs.map(\.key) {
            return "order of labels"
        }
        if isOrdered {
            let (ourGroups, theirGroups) = (valuesByGroup(ours), valuesByGroup(theirs))
            for (group, values) in theirGroups
            where !zip(ourGroups[group] ?? [], values).allSatisfy({ areEqual($0, $1) }) {
                return "order of elements"
            }
        }
        return nil
    }

    /// The values of each group in their order. Of equal values any may come first, so labels are
    /// not compared; and the order of groups follows series that are not in the answer at all.
    private func valuesByGroup(_ series: [QueryAnswer.Series]) -> [String: [String]] {
        let head = query.prefix { $0 != ")" }
        let list = head.drop { $0 != "(" }.dropFirst()
        let names = list.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
        var groups: [String: [String]] = [:]
        for one in series {
            let labels: [(name: String, value: String)]
            if head.contains(" by (") {
                labels = one.labels.filter { names.contains($0.name) }
            } else if head.contains(" without (") {
                labels = one.labels.filter { !names.contains($0.name) && $0.name != "__name__" }
            } else {
                labels = []
            }
            groups["\(labels)", default: []] += one.points.map(\.value)
        }
        return groups
    }

    private func differenceOfPoints(
        _ our: QueryAnswer.Series, _ their: QueryAnswer.Series
    ) -> String? {
        if our.points.map(\.time) != their.points.map(\.time) {
            return "times of \(our.key): \(our.points.count), not \(their.points.count) points"
        }
        for (ourPoint, theirPoint) in zip(our.points, their.points)
        where !areEqual(ourPoint.value, theirPoint.value) {
            return
                "value of \(our.key) at \(ourPoint.time): \(ourPoint.value), not \(theirPoint.value)"
        }
        return nil
    }

    private func areEqual(_ ours: String, _ theirs: String) -> Bool {
        if ours == theirs { return true }
        guard !isExact else { return false }
        // A variance of large, nearly equal numbers keeps few digits in every computation.
        let isVariance = !words.isDisjoint(with: ["stddev", "stdvar"])
        // Differences of nearly equal numbers are near nothing: so much is allowed of any size.
        let bound = isVariance ? 1e-6 : 1e-9
        let tolerance = Tolerance(relative: bound, absolute: bound)
        guard ours.hasPrefix("{"), theirs.hasPrefix("{") else {
            return Self.areNear(ours[...], theirs[...], tolerance)
        }
        // Of a histogram all numbers are strings but the kinds of bounds, which are digits.
        let (our, their) = (ours.split(separator: "\""), theirs.split(separator: "\""))
        return our.count == their.count
            && zip(our, their).allSatisfy { $0 == $1 || Self.areNear($0, $1, tolerance) }
    }

    private static func areNear(_ x: Substring, _ y: Substring, _ tolerance: Tolerance) -> Bool {
        guard let x = Double(x), let y = Double(y) else { return false }
        return tolerance.allows(x, y)
    }
}

/// Says where two answers differ that are no results of queries: names and values of labels,
/// series, metadata, exemplars. The order of lists is not compared.
public enum ListComparison {
    /// The first difference, in words, or nil.
    public static func difference(
        _ answer: (status: Int, body: [UInt8]), from reference: (status: Int, body: [UInt8])
    ) -> String? {
        if answer.status != reference.status {
            return "status \(answer.status), not \(reference.status)"
        }
        guard let ours = try? JSONValue(parsing: answer.body),
            let theirs = try? JSONValue(parsing: reference.body)
        else { return answer.body == reference.body ? nil : "an answer is no JSON" }
        for key in ["status", "errorType"] where ours[key] != theirs[key] { return key }
        let (given, wanted) = (entries(of: ours["data"]), entries(of: theirs["data"]))
        if given == wanted { return nil }
        let missing = wanted.subtracting(given).sorted().prefix(2)
        let extra = given.subtracting(wanted).sorted().prefix(2)
        return "\(given.count) entries for \(wanted.count); missing \(Array(missing)), "
            + "extra \(Array(extra))"
    }

    /// The elements of a list, or the pairs of an object, as texts that do not depend on an order.
    private static func entries(of data: JSONValue?) -> Set<String> {
        switch data {
        case .array(let elements): Set(elements.map { text(ordered($0)) })
        case .object(let pairs): Set(pairs.map { text(ordered(.object([$0]))) })
        case .none, .null: []
        case .some(let other): [text(other)]
        }
    }

    private static func ordered(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements):
            .array(
                elements.map { ordered($0) }.sorted {
                    $0.bytes.lexicographicallyPrecedes($1.bytes)
                })
        case .object(let pairs): .sortedObject(pairs.map { ($0.key, ordered($0.value)) })
        case .null, .bool, .number, .string, .labels: value
        }
    }

    private static func text(_ value: JSONValue) -> String {
        String(decoding: value.bytes, as: UTF8.self)
    }
}

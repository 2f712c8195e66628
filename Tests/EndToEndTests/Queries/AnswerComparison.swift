import TestSupport

/// Says where two answers to one query differ.
///
/// Labels, times, types and statuses must be equal; values too, unless the gateway had to do
/// arithmetic whose rounding depends on the order of its steps.
struct AnswerComparison: Sendable {
    let query: String
    /// Whether the oracle is of 3.5: then warnings and infos are compared too.
    var annotations = false

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

    /// The values of each group in their order. Of equal values any may come first, so labels are
    /// not compared; and the order of groups follows series that are not in the answer at all.
    private func valuesByGroup(_ series: [QueryAnswer.Series]) -> [String: [String]] {
        let head = query.prefix { $0 != ")" }
        let list = head.drop { $0 != "(" }.dropFirst()
        let names = list.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
        var groups: [String: [String]] = [:]
        for one in series {
            let labels: [JSONValue.Member]
            if head.contains(" by (") {
                labels = one.labels.filter { names.contains($0.key) }
            } else if head.contains(" without (") {
                labels = one.labels.filter { !names.contains($0.key) && $0.key != "__name__" }
            } else {
                labels = []
            }
            groups["\(labels)", default: []] += one.points.map(\.value)
        }
        return groups
    }

    func difference(gateway: QueryAnswer, oracle: QueryAnswer) -> String? {
        if annotations, Release35.confuses(query, isRange: oracle.isRange) { return nil }
        if let difference = differenceOfOutcomes(gateway: gateway, oracle: oracle) {
            return difference
        }
        guard annotations, oracle.status == 200 else { return nil }
        let comparison = AnnotationComparison(federating: query)
        return comparison.difference(gateway.warnings, oracle.warnings).map { "warnings: \($0)" }
            ?? comparison.difference(gateway.infos, oracle.infos).map { "infos: \($0)" }
    }

    private func differenceOfOutcomes(gateway: QueryAnswer, oracle: QueryAnswer) -> String? {
        switch (gateway.outcome, oracle.outcome) {
        case (.error(let ours, _), .error(let theirs, _)):
            // The words of errors changed between versions of Prometheus; their nature did not.
            if gateway.status != oracle.status { return "status" }
            return ours == theirs ? nil : "error type"
        case (.error(_, let text), _):
            if annotations, Release35.overlooks(text, of: query) { return nil }
            return "gateway refuses"
        case (_, .error(_, let text)):
            // A selector that `project` leaves to nobody makes a join empty before its other side
            // is looked at; the oracle looks, and may find duplicates there.
            let isAboutDuplicates = [
                "many-to-many", "multiple matches", "duplicate", "same labelset",
            ]
            .contains { text.contains($0) }
            if isAboutDuplicates, query.contains("{project") { return nil }
            return "oracle refuses"
        case (.scalar(let ourTime, let ours), .scalar(let time, let theirs)):
            if ourTime != time { return "time" }
            return areEqual(ours, theirs) ? nil : "value"
        case (.series(let ourType, let ours), .series(let type, let theirs)):
            if ourType != type { return "result type" }
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
        guard !isExact, let our = Double(ours), let their = Double(theirs) else { return false }
        // A variance of large, nearly equal numbers keeps few digits, whoever computes it.
        let isVariance = !words.isDisjoint(with: ["stddev", "stdvar"])
        // Differences of nearly equal numbers are near nothing: so much is allowed of any size.
        let tolerance = isVariance ? 1e-6 : 1e-9
        return Tolerance(relative: tolerance, absolute: tolerance).allows(our, their)
    }
}

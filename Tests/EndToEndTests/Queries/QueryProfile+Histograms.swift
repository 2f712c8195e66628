import TestSupport

extension QueryProfile {
    /// Queries over native histograms, and over floats among them: every function and operator that
    /// takes them, within members and across members, nested and in subqueries.
    static var ofHistograms: QueryProfile {
        var profile = QueryProfile(
            members: HistogramData.members, features: [.histograms, .release35])
        let names = HistogramData.generatedMetrics + ["native", "native", "spread"]
        profile.metrics = names + ["native", "custom"]
        profile.histograms = ["native", "custom"] + names
        profile.ranged = profile.histograms
        profile.blended = "blended"
        addMatchers(to: &profile)
        profile.groupings = ["job", "instance", "project", "schema", "nolabel"]
        profile.labelFunctions = .init(
            targets: ["new", "project"], sources: ["project"], others: ["job"],
            replacements: ["$1", "x-$1"], patterns: ["(.*)", "(e.)"])
        profile.rangeFunctions =
            Array(repeating: "rate", count: 4) + [
                "increase", "absent_over_time", "delta", "irate", "idelta", "resets", "changes",
                "sum_over_time", "avg_over_time", "count_over_time", "last_over_time",
                "present_over_time", "ts_of_last_over_time",
            ]
        profile.numberFunctions = [
            "deriv", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time",
            "mad_over_time", "ts_of_max_over_time", "quantile_over_time",
        ]
        profile.elementwise = ["abs", "ceil", "sqrt", "sgn", "hour"]
        profile.aggregations = ["sum", "sum", "avg"]
        profile.subqueryFunctions = [
            "sum_over_time", "avg_over_time", "last_over_time", "count_over_time", "rate",
            "increase", "delta", "changes", "resets", "max_over_time", "present_over_time",
            "irate", "idelta",
        ]
        profile.scalars = ["1", "2", "0.5", "10", "0", "-1", "100"]
        profile.windows = ["1m", "2m", "5m", "100s", "47s"]
        profile.offsets = [" offset 1m", " offset 17s", " offset -30s"]
        profile.fixed = [" @ 1700000700", " @ end()"]
        profile.subqueryRanges = ["2m", "3m", "61s"]
        profile.subquerySteps = ["30s", "1m", "7s", ""]
        profile.productions = [
            (2, { generator, _ in generator.selector() }),
            (4, { $0.rangeFunction($1) }),
            (7, { $0.aggregation($1) }),
            (4, { $0.ofHistograms($1) }),
            (3, { $0.arithmeticOfHistograms($1) }),
            (1, { $0.comparisonOfHistograms($1) }),
            (2, { $0.setOperator($1) }),
            (1, { $0.labelFunction($1) }),
            (1, { $0.subquery($1) }),
            (
                1,
                { generator, depth in
                    generator.random.oneIn(4)
                        ? generator.sorted(depth) : generator.elementwise(depth)
                }
            ),
            (
                1,
                { generator, depth in
                    generator.random.oneIn(3)
                        ? generator.vectorOfScalar(depth) : generator.absence(depth)
                }
            ),
        ]
        return profile
    }

    /// Now and then of labels that the metric does not have.
    private static func addMatchers(to profile: inout QueryProfile) {
        let usual = [
            "project=\"eu\"", "project!=\"us\"", "project=~\"eu|us\"", "job=\"api\"",
            "job=~\"api|db\"",
        ]
        let rare = ["project=\"nobody\"", "schema=~\"-.*\"", "instance=\"h1\""]
        func matchers(_ own: [String]) -> [Matchers] {
            let choices = Array(repeating: usual + own, count: 8).flatMap { $0 } + rare
            return [Matchers(oneIn: 1, choices)]
        }
        profile.matchers = matchers(["instance=\"h1\""])
        profile.ownMatchers["spread"] = matchers(["schema=~\"-.*\"", "schema=~\"[0-4]\""])
    }
}

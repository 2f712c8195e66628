public import TestSupport

extension GeneratedData {
    /// What a judge of queries over such data can take.
    public struct Language: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// What 3.5 knows, its experimental functions too.
        public static let release35 = Language(rawValue: 1)
        /// What later releases know.
        public static let later = Language(rawValue: 2)
        /// Native histograms are among the data.
        public static let histograms = Language(rawValue: 4)
        /// Functions whose sums depend on the order of addition.
        public static let arithmetic = Language(rawValue: 8)
    }

    /// Queries over generated data, for a judge that knows what they promise (`AnswerJudgement`).
    public static func profile(members: [String], _ language: Language) -> QueryProfile {
        var profile = QueryProfile(members: members, features: .judged)
        if language.contains(.release35) {
            profile.features.formUnion([.version3, .release35, .durationExpressions])
        }
        addNames(to: &profile)
        addWords(to: &profile, language)
        profile.windows = ["1m", "2m", "5m", "47s", "97s"]
        profile.offsets = [
            " offset 1m", " offset -30s", " offset 7s", " offset 13s", " offset -45s",
        ]
        profile.fixed = [" @ 1700000600", " @ start()", " @ end()", " @ 1700000333.5"]
        profile.subqueryRanges = ["2m", "3m", "5m", "61s", "97s"]
        profile.subquerySteps = ["30s", "15s", "1m", "", "7s"]
        profile.productions = [
            (4, { generator, _ in generator.selector() }),
            (5, { $0.rangeFunction($1) }),
            (2, { $0.elementwise($1) }),
            (9, { $0.aggregation($1) }),
            (2, { $0.joinWithinMembers($1) }),
            (3, { $0.joinAcrossMembers($1) }),
            (2, { $0.withScalar($1) }),
            (1, { $0.labelFunction($1) }),
            (1, { $0.setOperator($1) }),
            (1, { $0.absence($1) }),
            (1, { $0.subquery($1) }),
            (1, { $0.quantileOfBuckets($1) }),
            (1, { $0.rankedAndReduced($1) }),
            (1, { $0.nested($1) }),
            (1, { $0.odd($1) }),
            (1, { $0.vectorOfScalar($1) }),
            (1, { $0.sorted($1) }),
        ]
        if language.contains(.histograms) {
            profile.ask(1) { $0.histograms($1) }
            profile.ask(1) { $0.ofHistograms($1) }
            profile.ask(1) { $0.arithmeticOfHistograms($1) }
        }
        if language.contains(.release35) { profile.ask(1) { $0.information($1) } }
        if language.contains(.later) { profile.ask(1) { $0.later($1) } }
        return profile
    }

    private static func addNames(to profile: inout QueryProfile) {
        profile.metrics = [
            "requests_total", "temperature", "memory", "limit", "lonely", "latency_bucket", "mixed",
            "temperature", "requests_total", "memory", "memory", "nope",
        ]
        profile.ranged = ["requests_total", "temperature", "memory", "limit", "mixed"]
        profile.wholes = [
            "{project=\"<member>\"}", "{__name__=~\".*total|lim.*\", project!~\"zz\"}",
        ]
        profile.matchers = [
            .init(
                oneIn: 2,
                [
                    "project=\"<member>\"", "project!=\"<member>\"", "project=~\"<member>|zz\"",
                    "project!~\"<member>.*\"", "project=~\".+\"", "project=\"\"",
                    "project!=\"\"", "project=\"zz\"", "project=~\"<member>.?\"",
                ]),
            .init(oneIn: 3, ["job=\"api\"", "job!=\"db\"", "job=~\"a.*|web\""]),
            .init(oneIn: 5, ["code=\"200\"", "code!~\"5..\"", "zone=\"\""]),
            .init(
                oneIn: 8,
                [
                    "exported_project=\"own\"", "exported_project=\"\"",
                    "exported_project!=\"own\"", "exported_exported_project=\"deep\"",
                ]),
        ]
        profile.groupings = [
            "job", "instance", "project", "code", "exported_project", "le", "zone", "nolabel",
        ]
        profile.distinct = ["temperature", "memory", "limit"]
        profile.single = ["temperature", "memory", "requests_total"]
        profile.pairs = [
            ["temperature", "memory"], ["temperature", "temperature"], ["memory", "memory"],
            ["requests_total", "requests_total"], ["limit", "limit"],
        ]
        profile.presences = ["(temperature{project=\"<member>\"} > 0)"]
        profile.labelFunctions = .init(
            targets: ["new", "project", "job", "exported_project"],
            sources: ["job", "project", "instance", "exported_project"],
            others: ["instance", "project"], replacements: ["$1", "x-$1", "const", ""],
            patterns: ["(.*)", "(a).*", "(.+)"])
        profile.absent = ["absent(nope{job=\"api\", project=\"<member>\"})"]
        profile.histograms = ["durations", "durations", "durations", "mixed"]
        profile.informed = ["temperature", "temperature", "requests_total"]
        profile.informedShifts = [
            "", "", " offset 1m", " offset -30s", " @ 300", " @ start()",
        ]
        profile.informedBy = ["{version=~\".+\"}"]
    }

    private static func addWords(to profile: inout QueryProfile, _ language: Language) {
        profile.rangeFunctions = [
            "rate", "increase", "delta", "irate", "idelta", "resets", "changes", "deriv",
            "sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "count_over_time",
            "last_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time",
        ]
        if language.contains(.release35) {
            profile.rangeFunctions += [
                "mad_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
                "ts_of_last_over_time",
            ]
        }
        if language.contains(.arithmetic) {
            profile.smoothing =
                language.contains(.release35) ? "double_exponential_smoothing" : "holt_winters"
        }
        profile.elementwise = ["abs", "ceil", "floor", "sgn", "sqrt", "hour", "minute"]
        if language.contains(.arithmetic) {
            profile.elementwise += [
                "exp", "ln", "log2", "log10", "sin", "atan", "deg", "day_of_year",
            ]
        }
        profile.aggregations = [
            "sum", "sum", "sum", "sum", "count", "count", "max", "max", "min", "avg", "avg",
            "group",
        ]
        profile.subqueryFunctions = [
            "max_over_time", "sum_over_time", "avg_over_time", "last_over_time", "delta", "changes",
            "count_over_time",
        ]
        profile.scalars = ["1", "2", "0.5", "10", "0", "-1", "100", "time()", "Inf", "NaN"]
        profile.varyingQuantile = ("scalar(limit)" as QueryNode).as(.scalar)
        profile.varyingCount = ("scalar(count(limit))" as QueryNode).as(.scalar)
    }
}

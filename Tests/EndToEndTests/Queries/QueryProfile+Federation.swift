import TestSupport

extension QueryProfile {
    /// Queries over `FederationData`. Without `version3`, only what Prometheus 2.42 evaluates as
    /// current ones do: the oracle is the judge.
    ///
    /// - Parameter hasInfo: whether `info` is asked, whose results 3.5 gives their names back where
    ///   it removes names late.
    static func federation(_ features: Features, hasInfo: Bool = false) -> QueryProfile {
        var profile = QueryProfile(members: FederationData.members, features: features)
        profile.addNamesOfFederation()
        profile.addWordsOfFederation()
        profile.addTimesOfFederation()
        profile.productions = [
            (3, { generator, _ in generator.selector() }),
            (5, { $0.rangeFunction($1) }),
            (3, { $0.elementwise($1) }),
            (10, { $0.aggregation($1) }),
            (2, { $0.ranking($1) }),
            (4, { $0.withScalar($1) }),
            (4, { $0.joinWithinMembers($1) }),
            (4, { $0.joinAcrossMembers($1) }),
            (3, { $0.setOperator($1) }),
            (2, { $0.labelFunction($1) }),
            (2, { $0.absence($1) }),
            (1, { $0.sorted($1) }),
            (1, { $0.quantileOfBuckets($1) }),
            (1, { $0.vectorOfScalar($1) }),
            (2, { $0.subquery($1) }),
            (1, { $0.odd($1) }),
        ]
        if features.contains(.release35) { profile.ask(2) { $0.rangeFunction($1) } }
        if features.contains(.version3) { profile.ask(3) { $0.inQuotes($1) } }
        if hasInfo { profile.ask(1) { $0.information($1) } }
        return profile
    }

    private mutating func addNamesOfFederation() {
        metrics = [
            "requests_total", "requests_total", "temperature", "temperature", "memory", "memory",
            "team_limit", "lonely", "latency_bucket", "odd_gauge", "up", "build_info", "trap",
            "trap", "escaped", "nope",
        ]
        ranged = [
            "requests_total", "requests_total", "temperature", "memory", "team_limit", "trap",
            "latency_bucket", "up",
        ]
        wholes = [
            "{project=\"<member>\", __name__=~\"(memory|trap|temperature)\"}",
            "{project=\"<member>\", job=\"api\", __name__!~\"odd.*\"}",
        ]
        matchers = [
            .init(
                oneIn: 2,
                [
                    "project=\"<member>\"", "project!=\"<member>\"", "project=~\"<member>|zz\"",
                    "project=~\"<member>|<other>\"", "project!~\"<member>.*\"",
                    "project=~\".+\"", "project=\"\"", "project!=\"\"", "project=\"zz\"",
                    "project=~\"<member>.?\"", "project!~\"\"", "project=~\"[ab].*\"",
                ]),
            .init(oneIn: 12, ["project!=\"<member>\""]),
            .init(oneIn: 3, ["job=\"api\"", "job!=\"db\"", "job=~\"a.*|web\"", "job!~\"w.*\""]),
            .init(
                oneIn: 5,
                ["code=\"200\"", "code!~\"5..\"", "zone=\"\"", "a=\"1\"", "le=\"1.0\""]),
            .init(
                oneIn: 8,
                [
                    "exported_project=\"own\"", "exported_project=\"\"",
                    "exported_project!=\"own\"", "exported_project=~\"o.*\"",
                    "exported_exported_project=\"deep\"", "exported_exported_project!=\"\"",
                ]),
        ]
        // 2.x treats a metric name in `without` as it treats any label, and drops it anyway.
        groupings = [
            "job", "instance", "project", "code", "exported_project", "le", "zone", "a",
            "__name__", "nolabel",
        ]
        distinct = ["temperature", "memory", "team_limit", "trap"]
        single = ["temperature", "up", "build_info", "memory", "trap"]
        pairs = [
            ["temperature", "memory"], ["temperature", "temperature"], ["up", "build_info"],
            ["temperature", "up"], ["trap", "trap"], ["team_limit", "team_limit"],
            ["memory", "memory"],
        ]
        limit = "team_limit"
        presences = ["(up{project=\"<member>\"} == 1)"]
        exact = ["up", "build_info", "round(memory, 25)", "trap"]
        // Of three labels and more, 2.42 loses some after the first step of a range.
        countedBy = [
            "", " by (job)", " by (project)", " by (job, project)", " by (instance)",
            " without (instance)", " without (project, a)", " by (exported_project)",
        ]
        labelFunctions = .init(
            targets: ["new", "new", "project", "job", "exported_project", "instance"],
            sources: ["job", "project", "instance", "exported_project", "nolabel"],
            others: ["instance", "project"],
            replacements: ["$1", "x-$1", "const", "", "${1}y", "$2", "$$"],
            patterns: ["(.*)", "(a).*", "(.+)", "", "b-(..)", "([a-c]).*"])
        absent = [
            "absent(nope{job=\"api\", project=\"<member>\"})",
            "absent(nope{job=\"api\", job=\"db\", project!=\"<member>\", x=~\"y\"})",
            "sum(absent(lonely{project=\"<member>\"}))",
            "absent_over_time(nope{project=\"<member>\", a=\"b\"}[5m])",
        ]
        informed = ["ticks_total", "ticks_total", "up"]
        informedBy = [
            "{version=~\".+\"}", "{cluster_name=~\"k.*\", version!=\"v1\"}",
            "{__name__=\"target_info\"}",
        ]
    }

    private mutating func addWordsOfFederation() {
        rangeFunctions =
            Array(repeating: "rate", count: 8) + Array(repeating: "increase", count: 3) + [
                "delta", "irate", "idelta", "resets", "changes", "deriv", "sum_over_time",
                "avg_over_time", "min_over_time", "max_over_time", "count_over_time",
                "last_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time",
            ]
        if features.contains(.release35) {
            rangeFunctions += [
                "mad_over_time", "mad_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
                "ts_of_last_over_time",
            ]
            smoothing = "double_exponential_smoothing"
        }
        elementwise = [
            "abs", "ceil", "floor", "sgn", "sqrt", "exp", "ln", "log2", "log10", "hour",
            "minute", "day_of_week", "days_in_month", "month", "year", "sin", "atan", "deg",
            "rad", "round",
        ]
        aggregations = [
            "sum", "sum", "sum", "count", "count", "min", "max", "max", "avg", "avg", "group",
        ]
        // Counter functions are left out where 2.x extrapolates them a little differently, and here
        // our own engine computes them.
        subqueryFunctions = [
            "max_over_time", "min_over_time", "sum_over_time", "avg_over_time", "last_over_time",
            "changes", "count_over_time", "delta", "present_over_time", "quantile_over_time",
        ]
        if features.contains(.version3) {
            subqueryFunctions += ["rate", "increase", "irate", "idelta", "resets", "deriv"]
        }
        if features.contains(.delayedNames) {
            subqueryFunctions.removeAll { $0 == "last_over_time" }
        }
        scalars = [
            "1", "2", "0.5", "10", "0", "-1", "100", "1e3", "0x10", "time()", "Inf", "pi()",
        ]
        let up: QueryNode = "scalar(up{project=\"a\",job=\"api\",instance=\"h1:9\"})"
        varyingQuantile = up.as(.scalar)
    }

    private mutating func addTimesOfFederation() {
        let isOffEdges = features.contains(.offEdges)
        windows = ["1m", "2m", "3m", "5m", "47s", "97s", "20m"]
        offsets = [" offset 1m", " offset -30s", " offset 7s", " offset 12m"]
        fixed = [
            isOffEdges ? " @ 1700001800.25" : " @ 1700001800", " @ start()", " @ end()",
            isOffEdges ? " @ 1700000333.25" : " @ 1700000333.5",
        ]
        // Ranges that begin at no multiple of fifteen seconds when they end at one.
        subqueryRanges =
            isOffEdges ? ["97s", "187s", "307s"] : ["2m", "3m", "5m", "61s", "97s", "10m"]
        subquerySteps = ["30s", "15s", "1m", isOffEdges ? "" : "7s", ""]
    }
}

extension QueryProfile {
    /// Also asks for the static labels of the scene that has some.
    mutating func askForStaticLabels() {
        staticLabels = ["region", "cluster", "env", "zone", "region", "cluster"]
        groupings += ["region", "cluster", "env", "exported_zone"]
        countedBy += [" by (region)", " by (cluster)", " without (project, region)"]
        matchers.append(
            .init(
                oneIn: 3,
                [
                    "region=\"eu\"", "region!=\"eu\"", "region=~\"eu|us\"", "region!~\"e.\"",
                    "region=\"\"", "region!=\"\"", "cluster=\"k1\"", "cluster!=\"k0\"",
                    "env=~\"p.*|\"", "env=\"\"", "zone=\"z1\"", "exported_zone=\"z0\"",
                ]))
    }
}

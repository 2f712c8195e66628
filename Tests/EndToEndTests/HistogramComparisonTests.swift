import Testing

/// What may differ is excused narrowly: each excuse is given where it is due, and nowhere else.
struct HistogramComparisonTests {
    private static func answer(
        warnings: [String] = [], infos: [String] = [], value: String = "1"
    ) throws -> JSONValue {
        func list(_ texts: [String]) -> String {
            let quoted = texts.map { "\"\($0.replacing("\"", with: "\\\""))\"" }
            return "[\(quoted.joined(separator: ","))]"
        }
        let text =
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,""#
            + value + #""]}]},"warnings":"# + list(warnings) + #","infos":"# + list(infos) + "}"
        return try JSONValue(parsing: Array(text.utf8))
    }

    private func isExcused(
        _ query: String, isExact: Bool, _ ours: JSONValue, _ theirs: JSONValue
    ) -> Bool {
        switch HistogramComparison(query: query, isExact: isExact).verdict(ours, theirs) {
        case .equal, .otherLayout, .ofRelease: true
        case .different: false
        }
    }

    @Test("Warnings that stand on hints may differ in two steps, over subqueries")
    func hints() throws {
        let warned = try Self.answer(
            warnings: ["PromQL warning: this native histogram metric is not a gauge: \"\" (1:8)"])
        let silent = try Self.answer()
        let subquery = "idelta((sum(gauges))[2m:])"
        #expect(isExcused(subquery, isExact: false, warned, silent))
        #expect(isExcused(subquery, isExact: false, silent, warned))
        #expect(!isExcused(subquery, isExact: true, warned, silent))
        #expect(!isExcused("idelta(gauges[2m])", isExact: false, warned, silent))
    }

    @Test("Of operands that do not go together any pair may be told beside the last one")
    func incompatibleTypes() throws {
        func infos(_ pairs: String...) throws -> JSONValue {
            try Self.answer(
                infos: pairs.map {
                    "PromQL info: incompatible sample types encountered for binary operator \($0) "
                        + "(1:1)"
                })
        }
        let one = try infos("\"<=\": float <= histogram")
        let both = try infos("\"<=\": float <= histogram", "\"<=\": histogram <= float")
        let other = try infos("\"<=\": float <= histogram", "\"+\": histogram + float")
        for isExact in [false, true] {
            #expect(isExcused("a <= b", isExact: isExact, both, one))
            #expect(!isExcused("a <= b", isExact: isExact, one, both))
            #expect(!isExcused("a <= b", isExact: isExact, other, one))
            #expect(try !isExcused("a <= b", isExact: isExact, one, Self.answer()))
        }
    }

    @Test("Names of metrics in annotations may be missing in two steps, or be empty in 3.5")
    func names() throws {
        func warning(_ text: String) throws -> JSONValue {
            try Self.answer(warnings: ["PromQL warning: \(text) (1:1)"])
        }
        let mix = "vector contains a mix of histograms with exponential and custom buckets schemas"
        let named = try warning(mix + " for metric name \"x\"")
        let nameless = try warning(mix + " for metric name \"\"")
        #expect(isExcused("sum(x)", isExact: false, nameless, named))
        #expect(!isExcused("sum(x)", isExact: true, nameless, named))
        let bucket = "bucket label \"le\" is missing or has a malformed value of \"\""
            .replacing("\"", with: "'")
        #expect(
            try isExcused(
                "x", isExact: true, warning(bucket), warning(bucket + " for metric name \"\"")))
        #expect(
            try !isExcused(
                "x", isExact: false, warning(bucket), warning(bucket + " for metric name \"x\"")))
    }

    @Test("Values may differ where 3.5 reads buckets by the place of the selector")
    func buckets() throws {
        let warnings = [
            "PromQL warning: this native histogram metric is not a counter: \"gauges\" (1:20)"
        ]
        let query = "1 + (histogram_sum(rate(gauges[47s])))"
        let ours = try Self.answer(warnings: warnings, value: "0.125")
        let theirs = try Self.answer(warnings: warnings, value: "0.3")
        #expect(isExcused(query, isExact: true, ours, theirs))
        #expect(!isExcused("rate(gauges[47s])", isExact: true, ours, theirs))
        #expect(
            try !isExcused(
                query, isExact: true, Self.answer(value: "0.125"), Self.answer(value: "0.3")))
    }

    @Test("Only variances of times may be off by one part in a million")
    func variances() throws {
        let ours = try Self.answer(value: "6513.573848942567")
        let theirs = try Self.answer(value: "6513.573838904973")
        let query = "stdvar(timestamp(native))"
        #expect(isExcused(query, isExact: false, ours, theirs))
        #expect(isExcused(query, isExact: true, ours, theirs))
        #expect(!isExcused("stdvar(histogram_sum(native))", isExact: false, ours, theirs))
        #expect(!isExcused("sum(timestamp(native))", isExact: false, ours, theirs))
    }

    @Test("As stored, histograms may differ in the zero bucket alone")
    func zeroBuckets() throws {
        func histogram(_ count: Int, _ buckets: [(Int, Double, Double, Int)]) throws -> JSONValue {
            let list = buckets.map { #"[\#($0.0),"\#($0.1)","\#($0.2)","\#($0.3)"]"# }
            let text =
                #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"#
                + #""histogram":[1,{"count":"\#(count)","sum":"3","buckets":["#
                + list.joined(separator: ",") + "]}]}]}}"
            return try JSONValue(parsing: Array(text.utf8))
        }
        let narrow = try histogram(9, [(3, -0.5, 0.5, 2), (0, 0.5, 1, 3), (0, 1, 2, 4)])
        let wide = try histogram(9, [(3, -1, 1, 5), (0, 1, 2, 4)])
        let coarse = try histogram(9, [(3, -0.5, 0.5, 2), (0, 0.5, 2, 7)])
        let beside = try histogram(9, [(3, -0.5, 0.5, 2), (0, 0.5, 1, 8), (0, 1, 2, 4)])
        let beyond = try histogram(9, [(3, -0.5, 0.5, 2), (0, 0.5, 1, 3), (0, 1, 2, 9)])
        let twice = try histogram(9, [(3, -1, 1, 8), (0, 1, 2, 4)])
        for isExact in [false, true] {
            #expect(isExcused("sum(x)", isExact: isExact, narrow, wide))
            #expect(isExcused("sum(x)", isExact: isExact, narrow, twice))
        }
        #expect(isExcused("sum(x)", isExact: false, narrow, coarse))
        #expect(!isExcused("sum(x)", isExact: true, narrow, coarse))
        #expect(isExcused("sum(x)", isExact: true, narrow, beside))
        #expect(!isExcused("sum(x)", isExact: true, beside, narrow))
        #expect(!isExcused("sum(x)", isExact: true, narrow, beyond))
        #expect(!isExcused("sum(x)", isExact: true, twice, coarse))
    }

    @Test("Resets of averages, and quantiles of averaged differences, may turn on the last digits")
    func means() throws {
        let (ours, theirs) = (try Self.answer(value: "7.7"), try Self.answer(value: "9.6"))
        #expect(isExcused("rate((avg(x))[3m:30s])", isExact: true, ours, theirs))
        #expect(!isExcused("rate((sum(x))[3m:30s])", isExact: false, ours, theirs))
        #expect(
            isExcused("histogram_quantile(0.9, avg(delta(x[3m])))", isExact: true, ours, theirs))
        #expect(!isExcused("histogram_quantile(0.9, avg(x))", isExact: true, ours, theirs))
        #expect(!isExcused("avg(rate(x[3m]))", isExact: false, ours, theirs))
    }
}

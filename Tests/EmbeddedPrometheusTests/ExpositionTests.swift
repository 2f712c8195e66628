import EmbeddedPrometheus
import GoText
import PromQL
import Testing
import TimeSeries

@Suite("Exposition text")
struct ExpositionTests {
    /// One sample, written out so that rows read as statements.
    static func text(_ sample: Exposition.Sample) -> String {
        let labels = sample.labels.pairs.filter { $0.name != "__name__" }
            .map { "\($0.name)=<\($0.value)>" }.joined(separator: ",")
        let time = sample.time.map { "@\($0)" } ?? ""
        let value = sample.value.isNaN ? "nan" : "\(sample.value)"
        return "\(sample.labels.metricName){\(labels)} \(value)\(time)"
    }

    @Test(
        "Prometheus text: names, labels, escapes, values, times in milliseconds",
        arguments: [
            ("", []),
            ("\n\n  \n", []),
            ("up 1", ["up{} 1.0"]),
            ("up 1\n", ["up{} 1.0"]),
            ("up\t1\r\n", ["up{} 1.0"]),
            ("  up   1  1600000000123 ", ["up{} 1.0@1600000000123"]),
            ("up 1 -5", ["up{} 1.0@-5"]),
            ("a:b_c9{} 2", ["a:b_c9{} 2.0"]),
            ("a{x=\"1\"} 2", ["a{x=<1>} 2.0"]),
            ("a { x = \"1\" , y=\"2\", } 2", ["a{x=<1>,y=<2>} 2.0"]),
            ("a{y=\"2\",x=\"1\"} 2", ["a{x=<1>,y=<2>} 2.0"]),
            ("a{x=\"\"} 2", ["a{} 2.0"]),
            (#"a{x="q\"b\\s\nn\t"} 2"#, ["a{x=<q\"b\\s\nn\\t>} 2.0"]),
            ("a{x=\"}, #\"} 2", ["a{x=<}, #>} 2.0"]),
            ("a{x=\"é😀\"} 2", ["a{x=<é😀>} 2.0"]),
            ("{\"my.metric\",\"a b\"=\"1\"} 2", ["my.metric{a b=<1>} 2.0"]),
            ("{__name__=\"n\",a=\"1\"} 2", ["n{a=<1>} 2.0"]),
            (
                "a +Inf\na -Inf\na NaN\na 1e3\na 0x10\na .5",
                [
                    "a{} inf", "a{} -inf", "a{} nan", "a{} 1000.0", "a{} 16.0", "a{} 0.5",
                ]
            ),
            ("# just a comment\n#\n# TYPE a counter\na 1\n# EOFx", ["a{} 1.0"]),
            (
                "h_bucket{le=\"+Inf\"} 3\nh_sum 1.5\nh_count 3",
                [
                    "h_bucket{le=<+Inf>} 3.0", "h_sum{} 1.5", "h_count{} 3.0",
                ]
            ),
        ] as [(String, [String])])
    func prometheus(_ page: String, _ samples: [String]) throws {
        let exposition = try Exposition(parsing: Array(page.utf8))
        #expect(exposition.samples.map(Self.text) == samples)
    }

    @Test(
        "OpenMetrics: told by its end, times in seconds, exemplars left out",
        arguments: [
            ("# EOF", []),
            ("# EOF\n", []),
            ("a_total 1 1520879607.789\n# EOF\n", ["a_total{} 1.0@1520879607789"]),
            ("a 1 -1.5\n# EOF", ["a{} 1.0@-1500"]),
            ("a 1 1e3\n# EOF", ["a{} 1.0@1000000"]),
            (
                "a_bucket{le=\"1\"} 2 # {trace_id=\"x\"} 0.7 1520879607.789\n# EOF",
                [
                    "a_bucket{le=<1>} 2.0"
                ]
            ),
            ("a_total 2 5 # {t=\"}\"} 1\n# EOF", ["a_total{} 2.0@5000"]),
        ] as [(String, [String])])
    func openMetrics(_ page: String, _ samples: [String]) throws {
        let exposition = try Exposition(parsing: Array(page.utf8))
        #expect(exposition.samples.map(Self.text) == samples)
    }

    @Test("TYPE, HELP and UNIT describe families")
    func families() throws {
        let page = """
            # HELP http_seconds Time \\\\ taken.\\nTwo lines.
            # TYPE http_seconds histogram
            # UNIT http_seconds seconds
            # TYPE odd untyped
            # EOF
            """
        let exposition = try Exposition(parsing: Array(page.utf8))
        #expect(exposition.families.count == 2)
        #expect(
            exposition.families[0].metadata
                == MetricMetadata(
                    type: "histogram", unit: "seconds", help: "Time \\ taken.\nTwo lines."))
        #expect(exposition.families[1].name == "odd")
        #expect(exposition.families[1].metadata.type == "unknown")
    }

    @Test(
        "Errors name the line and the problem",
        arguments: [
            ("up 1\nup", "line 2: expected a value after the series"),
            ("up x", "line 1: invalid value \"x\""),
            ("up nan(1)", "line 1: invalid value \"nan(1)\""),
            ("up 1 2 3", "line 1: unexpected text after the sample"),
            ("up 1 1.5", "line 1: invalid timestamp \"1.5\""),
            ("\n\na{b} 1", "line 3: expected = after label \"b\""),
            ("a{b=c} 1", "line 1: expected a quoted value for label \"b\""),
            ("a{b=\"c} 1", "line 1: unterminated quoted string"),
            ("a{b=\"c\\\"} 1", "line 1: unterminated quoted string"),
            ("a{b=\"c\" d=\"e\"} 1", "line 1: expected , or } in the labels"),
            ("a{b=\"c\"", "line 1: expected , or } in the labels"),
            ("a{b=\"1\",b=\"2\"} 1", "line 1: label \"b\" occurs twice"),
            ("{b=\"c\"} 1", "line 1: the series has no metric name"),
            ("{__name__=\"\"} 1", "line 1: the series has no metric name"),
            ("{\"\"} 1", "line 1: a name is empty"),
            ("# HELP \"\" x", "line 1: a name is empty"),
            ("a{\"\"=\"b\"} 1", "line 1: a name is empty"),
            ("9a 1", "line 1: expected a metric name"),
            ("a{9b=\"c\"} 1", "line 1: expected a label name"),
            ("-a 1", "line 1: expected a metric name"),
            ("# TYPE a nonsense", "line 1: invalid metric type \"nonsense\""),
            ("# EOF\nup 1\n# EOF", "line 2: unexpected text after # EOF"),
            ("# hello\n# EOF", "line 1: invalid comment \"# hello\""),
            ("a 1 99999999999999999\n# EOF", "line 1: invalid timestamp \"99999999999999999\""),
        ])
    func errors(_ page: String, _ description: String) {
        let error = #expect(throws: ExpositionError.self) {
            try Exposition(parsing: Array(page.utf8))
        }
        #expect(error?.description == description)
    }

    @Test("OpenMetrics must end where it says it does")
    func missingEnd() {
        #expect(throws: ExpositionError(line: 2, problem: "text does not end with # EOF")) {
            try Exposition(parsing: Array("up 1\n".utf8), format: .openMetrics)
        }
    }

    @Test("Loading orders samples by time and sets labels over those of the page")
    func loading() throws {
        let store = MemoryStore()
        let page = "a{job=\"x\"} 3 3000\na{job=\"x\"} 1 1000\na{job=\"x\"} 9 3000\nb 5\n"
        let summary = store.load(
            try Exposition(parsing: Array(page.utf8)), defaultTime: 7000,
            labels: ["job": "y", "cluster": "c"])
        #expect(summary.series == 2)
        #expect(summary.samples == 4)
        let found = try store.series(matching: [], from: 0, through: 9000)
        #expect(found.map { $0.labels["job"] } == ["y", "y"])
        #expect(found.map { $0.labels["cluster"] } == ["c", "c"])
        #expect(found[0].times == [1000, 3000])
        #expect(found[0].values == [1, 9])
        #expect(found[1].times == [7000])
    }
}

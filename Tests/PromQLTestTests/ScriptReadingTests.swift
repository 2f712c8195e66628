import GoText
import PromQLScripts
import PromQLTest
import Testing
import TimeSeries

private func loaded(_ script: String) throws -> [SampleSeries] {
    try PromQLScript(parsing: script).commands.flatMap { command in
        if case .load(let load) = command { load.series() } else { [SampleSeries]() }
    }
}

private func evaluation(_ script: String) throws -> EvaluateCommand? {
    for command in try PromQLScript(parsing: script).commands {
        if case .evaluate(let evaluation) = command { return evaluation }
    }
    return nil
}

/// Points as written, and the samples they stand for.
private struct PointsCase: Sendable, CustomTestStringConvertible {
    var points: String
    var values: [Double]
    var minutes: [Int64]
    var testDescription: String { points }

    init(_ points: String, _ values: [Double], minutes: [Int64]) {
        self.points = points
        self.values = values
        self.minutes = minutes
    }
}

@Suite struct LoadedPoints {
    private static let cases = [
        PointsCase("1 2 3", [1, 2, 3], minutes: [0, 1, 2]),
        PointsCase("2+3x2", [2, 5, 8], minutes: [0, 1, 2]),
        PointsCase("1-1x2", [1, 0, -1], minutes: [0, 1, 2]),
        PointsCase("7x2", [7, 7, 7], minutes: [0, 1, 2]),
        // Not a hexadecimal number.
        PointsCase("0x3", [0, 0, 0, 0], minutes: [0, 1, 2, 3]),
        PointsCase("_ 1 _x2 2", [1, 2], minutes: [1, 4]),
        PointsCase("-1.5e1 +Inf -Inf 5.", [-15, .infinity, -.infinity, 5], minutes: [0, 1, 2, 3]),
    ]

    @Test(arguments: cases)
    private func `Points are expanded at their times`(example: PointsCase) throws {
        let series = try loaded("load 1m\n  x{a=\"b\"} \(example.points)")
        #expect(series.map(\.labels) == [LabelSet(["__name__": "x", "a": "b"])])
        #expect(series.first?.values == example.values)
        #expect(series.first?.times == example.minutes.map { Timestamp(milliseconds: $0 * 60_000) })
    }

    @Test func `NaN and stale markers are told apart`() throws {
        let values = try loaded("load 1m\n  x NaN stale").first?.values ?? []
        let expected = [SampleValue.normalNaN.bitPattern, SampleValue.staleBits]
        #expect(values.map(\.bitPattern) == expected)
    }

    @Test func `Names and labels may be quoted in three ways`() throws {
        let series = try loaded("load 1s\n  {\"a.b\", 'c d'=`\\e`, f=\"\\u00e4\\x41\",} 1")
        #expect(
            series.first?.labels
                == LabelSet(["__name__": "a.b", "c d": "\\e", "f": "\u{e4}A"]))
    }

    @Test func `Histograms progress bucket by bucket`() throws {
        let series = try loaded(
            "load 1m\n  h {{schema:1 count:2 sum:3 buckets:[1 1] n_offset:-2 n_buckets:[4]}}"
                + "+{{schema:1 count:1 sum:2 buckets:[1]}}x2")
        let histograms = series[0].histograms
        #expect(histograms[2]?.positiveBuckets == [3, 1])
        #expect(histograms[2]?.negativeSpans == [.init(offset: -2, length: 1)])
        #expect(histograms[2]?.sum == 7)
    }

    @Test func `Storing gives histograms their hints`() throws {
        let series = try loaded(
            "load 1m\n  h {{count:2 buckets:[2]}} {{count:3 buckets:[3]}} {{count:1 buckets:[1]}} "
                + "_ {{count:1 buckets:[1] counter_reset_hint:gauge}} {{count:9}}")
        let hints = (0..<5).map { series[0].histograms[$0]?.counterResetHint }
        #expect(hints == [.unknown, .notReset, .unknown, .gauge, .unknown])
    }

    @Test func `Start times are offsets from the points`() throws {
        let series = try loaded("load 1m\n  x@st _ -30s-1mx1 0\n  x    1 2 3 4")
        #expect(series[0].startTimes == [0, 30_000, 30_000, 180_000])
    }

    @Test func `Classic histograms are stored again as custom buckets`() throws {
        let series = try loaded(
            """
            load_with_nhcb 1m
              h_bucket{a="b", le="1"} 1 2
              h_bucket{a="b", le="2.5"} 3 4
              h_bucket{a="b", le="+Inf"} 4 6
              h_sum{a="b"} 5 9
            """)
        let native = series.first { $0.labels == LabelSet(["__name__": "h", "a": "b"]) }
        let last = native?.histograms[1]
        #expect(last?.customValues == [1, 2.5])
        #expect(last?.positiveBuckets == [2, 2, 2])
        #expect(last?.count == 6)
        #expect(last?.sum == 9)
    }
}

@Suite struct ReadCommands {
    @Test func `An instant query has a time, a query and expectations`() throws {
        let read = try evaluation(
            """
            eval instant at 1m30s sum(x)
                expect warn msg: a (b)
                expect info regex: c.*
                expect no_info
                {} 3
            """)
        let command = try #require(read)
        #expect(command.expression == "sum(x)")
        #expect(command.grid == .instant(90_000))
        #expect(command.warnings == [.exactly("a (b)")])
        #expect(command.infos == [.matching("c.*")])
        #expect(!command.allowsInfos && command.allowsWarnings)
        guard case .series(let series) = command.values else {
            Issue.record("expected series")
            return
        }
        #expect(series == [SeriesDescription(labels: .empty, values: [.float(3)])])
    }

    @Test func `A range query has a grid`() throws {
        let command = try evaluation("eval range from 0 to 5m step 30s x\n  x 1 2x3")
        #expect(command?.grid == StepGrid(start: 0, end: 300_000, step: 30_000))
    }

    @Test(arguments: ["eval_fail", "eval_warn", "eval_info", "eval_ordered"])
    func `The older commands say what the newer expectations say`(keyword: String) throws {
        let read = try evaluation("\(keyword) instant at 0 x\n  x 1")
        let command = try #require(read)
        #expect((command.failure != nil) == (keyword == "eval_fail"))
        #expect(command.warnings.isEmpty == (keyword != "eval_warn"))
        #expect(command.infos.isEmpty == (keyword != "eval_info"))
        #expect(command.isOrdered == (keyword == "eval_ordered"))
    }

    @Test func `Failures are described in two ways`() throws {
        let script = "eval_fail instant at 0 x\n  expected_fail_"
        #expect(try evaluation(script + "message a b")?.failure == .exactly("a b"))
        #expect(try evaluation(script + "regexp a.b")?.failure == .matching("a.b"))
    }

    @Test(arguments: [
        ("load 5x", 1), ("load 1m\n  x 1\n  y a", 3), ("\n# c\nnonsense", 3),
        ("eval instant at 0 x\n  expect what", 2), ("eval instant at 0 x\n  x 1 2", 2),
        ("eval range from 5m to 1m step 1m x", 1), ("load 1m\n  x@st 0", 2),
        ("load 1m\n  x 1x99999999999999999999", 2), ("eval instant at 0", 1),
        ("load 1m\n  x {{schema:1 schema:2}}", 2), ("load 1m\n  x{a=\"b} 1", 2),
        ("load 1m\n  x{a=\"b\\\"} 1", 2), ("load 1m\n  x{a=\"\\q\"} 1", 2),
        ("load 1m1h\n  x 1", 1), ("load 300y\n  x 1", 1),
    ])
    func `A mistake is reported with its line`(script: String, line: Int) {
        #expect {
            try PromQLScript(parsing: script)
        } throws: { error in
            (error as? ScriptSyntaxError)?.line == line
        }
    }
}

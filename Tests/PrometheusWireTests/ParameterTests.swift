import GoText
import Testing
import TimeSeries

@testable import PrometheusWire

@Suite struct ParameterTests {
    @Test(arguments: [
        ("0", 0), ("1.5", 1500), ("-1.5", -1500), ("1e3", 1_000_000), ("0x10p0", 16_000),
        ("1_0", 10_000), ("0x_1_0p0", 16_000),
        ("1435781430.781", 1_435_781_430_781), ("1435781430.7816", 1_435_781_430_782),
        ("1234567890.0006", 1_234_567_890_001), ("-0.001", -1), ("0.0005", 1), ("-0.0005", -1),
        ("1.7e12", 1_700_000_000_000_000),
        ("inf", RequestTime.maximum), ("-Inf", RequestTime.minimum),
        ("1970-01-01T00:00:01Z", 1000), ("1970-01-01T00:00:01.9999Z", 1999),
        ("1970-01-01T01:00:00+01:00", 0), ("1969-12-31T23:59:59.9999Z", -1),
        ("2024-02-29T12:00:00.5-02:30", 1_709_217_000_500),
        ("-292273086-05-16T16:47:06Z", RequestTime.minimum),
        ("292277025-08-18T07:12:54.999999999Z", RequestTime.maximum),
    ])
    func readTimes(text: String, time: Timestamp) throws {
        #expect(try RequestTime.parse(text) == time)
    }

    @Test(arguments: [
        "", "x", "_1", "1__0", "1_", "1_.5", "0x10", "1e400", "+nan", "nan(1)", " 1", "1 ",
        "2024-01-01", "1h",
        "2023-02-29T00:00:00Z", "2024-01-01T00:00:00", "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:60Z", "2024-13-01T00:00:00Z", "2024-01-01t00:00:00z",
    ])
    func refuseTimesThatAreNone(text: String) {
        #expect(throws: APIError.badData("cannot parse \"\(text)\" to a valid timestamp")) {
            try RequestTime.parse(text)
        }
    }

    @Test(arguments: [
        ("15", 15_000_000_000), ("0.0015", 1_500_000), ("1e-9", 1), ("0", 0),
        ("-5", -5_000_000_000),
        ("90m", 5_400_000_000_000), ("1h30m", 5_400_000_000_000), ("1y", 31_536_000_000_000_000),
        ("1w2d", 777_600_000_000_000), ("5ms", 5_000_000), ("1s5ms", 1_005_000_000),
        ("nan", Int64.min),
    ])
    func readDurations(text: String, nanoseconds: Int64) throws {
        #expect(try RequestDuration.parse(text) == .nanoseconds(nanoseconds))
    }

    @Test(arguments: ["", "x", "1.5h", "5m5m", "5s5m", "m", "-5m", "5 m", "300y", "1h30"])
    func refuseDurationsThatAreNone(text: String) {
        #expect(throws: APIError.badData("cannot parse \"\(text)\" to a valid duration")) {
            try RequestDuration.parse(text)
        }
    }

    @Test func refuseDurationsThatOverflow() {
        let message = "cannot parse \"1e10\" to a valid duration. It overflows int64"
        #expect(throws: APIError.badData(message)) { try RequestDuration.parse("1e10") }
    }

    @Test func readAnInstantQuery() throws {
        let values = [
            "query": "up", "time": "1.5", "timeout": "10s", "lookback_delta": "1m", "limit": "3",
            "stats": "yes",
        ]
        let parameters = try InstantQueryParameters(ParameterReader { values[$0] }, now: 7)
        #expect(parameters.time == 1500)
        #expect(parameters.common.query == "up")
        #expect(parameters.common.timeout == .seconds(10))
        #expect(parameters.common.lookbackDelta == 60_000)
        #expect(parameters.common.limit == 3)
        #expect(parameters.common.statistics == .totals)
        #expect(
            parameters.common.warnings == [
                #"value "yes" for parameter "stats" is deprecated and will be rejected in the "#
                    + #"next major release, use "true" or "all""#
            ])
        #expect(try InstantQueryParameters(ParameterReader { _ in nil }, now: 7).time == 7)
        let empty = try InstantQueryParameters(ParameterReader { _ in "" }, now: 7)
        #expect(empty.common.lookbackDelta == nil)
        #expect(empty.common.statistics == nil)
    }

    /// Each value is wrong in one more way; the first check in the order of the reference wins.
    @Test(arguments: [
        ("limit", #"invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax"#),
        (
            "time",
            #"invalid parameter "time": invalid time value for 'time': "#
                + #"cannot parse "x" to a valid timestamp"#
        ),
        ("timeout", #"invalid parameter "timeout": cannot parse "x" to a valid duration"#),
        (
            "lookback_delta",
            #"error parsing lookback delta duration: cannot parse "x" to a valid duration"#
        ),
    ])
    func checkInstantQueriesInOrder(name: String, message: String) throws {
        let order = ["limit", "time", "timeout", "lookback_delta"]
        let wrong = order.drop { $0 != name }
        #expect(throws: APIError.badData(message)) {
            let reader = ParameterReader { wrong.contains($0) ? "x" : nil }
            return try InstantQueryParameters(reader, now: 0)
        }
    }

    @Test(arguments: [
        (["limit": "-1"], #"invalid parameter "limit": limit must be non-negative"#),
        ([:], #"invalid parameter "start": cannot parse "" to a valid timestamp"#),
        (["start": "1"], #"invalid parameter "end": cannot parse "" to a valid timestamp"#),
        (
            ["start": "2", "end": "1", "step": "x"],
            #"invalid parameter "end": end timestamp must not be before start time"#
        ),
        (
            ["start": "1", "end": "2", "step": "1.5h"],
            #"invalid parameter "step": cannot parse "1.5h" to a valid duration"#
        ),
        (
            ["start": "1", "end": "2", "step": "0"],
            #"invalid parameter "step": zero or negative query resolution step widths are not "#
                + "accepted. Try a positive integer"
        ),
        (
            ["start": "0", "end": "11001", "step": "1", "timeout": "x"],
            "exceeded maximum resolution of 11,000 points per timeseries. "
                + "Try decreasing the query resolution (?step=XX)"
        ),
        (
            ["start": "-inf", "end": "inf", "step": "1y"],
            "exceeded maximum resolution of 11,000 points per timeseries. "
                + "Try decreasing the query resolution (?step=XX)"
        ),
        (
            ["start": "0", "end": "1", "step": "1", "timeout": "x"],
            #"invalid parameter "timeout": cannot parse "x" to a valid duration"#
        ),
    ])
    func checkRangeQueriesInOrder(values: [String: String], message: String) {
        #expect(throws: APIError.badData(message)) {
            try RangeQueryParameters(ParameterReader { values[$0] })
        }
    }

    @Test func allowElevenThousandSteps() throws {
        let values = ["start": "0", "end": "11000.9", "step": "1s"]
        let parameters = try RangeQueryParameters(ParameterReader { values[$0] })
        #expect(try parameters.grid == StepGrid(start: 0, end: 11_000_900, step: 1000))
    }

    @Test func failBelowAMillisecondOnlyWhenTheGridIsNeeded() throws {
        let values = ["start": "0", "end": "0", "step": "0.0005"]
        let parameters = try RangeQueryParameters(ParameterReader { values[$0] })
        let message = "unexpected error: runtime error: integer divide by zero"
        #expect(throws: APIError(.execution, message)) { try parameters.grid }
    }

    @Test func readSeriesParameters() throws {
        let parameters = try SeriesParameters(
            ParameterReader { $0 == "end" ? "2" : nil }, selectors: ["up"], needsSelector: true)
        #expect(parameters.start == nil)
        #expect(parameters.from == RequestTime.minimum)
        #expect(parameters.through == 2000)
        let nothing = ParameterReader { _ in nil }
        #expect(throws: APIError.badData("no match[] parameter provided")) {
            try SeriesParameters(
                ParameterReader { _ in "x" }, selectors: [], needsSelector: true)
        }
        #expect(try SeriesParameters(nothing, selectors: []).limit == 0)
        #expect(try SeriesParameters(nothing, selectors: []).through == RequestTime.maximum)
    }

    @Test func readNumbersOfEitherSign() throws {
        let values = ["limit": "-3", "limit_per_metric": "x"]
        let reader = ParameterReader { values[$0] }
        #expect(try reader.number("limit") == -3)
        #expect(try reader.number("absent") == nil)
        #expect(throws: APIError.badData("limit_per_metric must be a number")) {
            try reader.number("limit_per_metric")
        }
    }

    @Test(arguments: [
        ("a\"b\\c", #""a\"b\\c""#), ("é\u{a0}\u{7f}\u{1}", #""é\u00a0\x7f\x01""#),
        ("\u{7}\n\u{FEFF}\u{E0001}", #""\a\n\ufeff\U000e0001""#),
    ])
    func quoteAsGoDoes(text: String, quoted: String) {
        #expect(GoQuoting.quote(text) == quoted)
    }
}

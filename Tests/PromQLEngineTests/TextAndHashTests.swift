import GoText
import Testing
import TimeSeries

@testable import PromQLEngine

@Suite struct TextAndHashTests {
    @Test(arguments: [
        (0.0, "0", "0", "0.000000"), (-0.0, "-0", "-0", "-0.000000"),
        (1.5, "1.5", "1.5", "1.500000"),
        (123456, "123456", "123456", "123456.000000"),
        (1e6, "1e+06", "1000000", "1000000.000000"),
        (1e-5, "1e-05", "0.00001", "0.000010"), (0.0001, "0.0001", "0.0001", "0.000100"),
        (1e21, "1e+21", "1000000000000000000000", "1000000000000000000000.000000"),
        (1.23e-7, "1.23e-07", "0.000000123", "0.000000"),
        (.infinity, "+Inf", "+Inf", "+Inf"), (.nan, "NaN", "NaN", "NaN"),
        (0.9999999, "0.9999999", "0.9999999", "1.000000"),
    ])
    func `floats print as in Go`(value: Double, general: String, decimal: String, fixed: String) {
        #expect(GoFloat.general(value) == general)
        #expect(GoFloat.plain(value) == decimal)
        #expect(GoFloat.fixed(value) == fixed)
    }

    @Test func `two digits are rounded`() {
        #expect(GoFloat.general(0.12345, digits: 2) == "0.12")
        #expect(GoFloat.general(99.9, digits: 2) == "1e+02")
        #expect(GoFloat.general(5, digits: 2) == "5")
    }

    @Test func `label sets print with quoted values and odd names`() {
        let labels = LabelSet(["__name__": "x", "a.b": "q\"\n"])
        #expect(labels.quotedText == #"{__name__="x", "a.b"="q\"\n"}"#)
    }

    @Test(arguments: [
        ("", 0xEF46_DB37_51D8_E999 as UInt64), ("a", 0xD24E_C4F1_A98C_6E5B),
        ("abc", 0x44BC_2CF5_AD77_0999),
        ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
    ])
    func `xxHash agrees with its published values`(text: String, hash: UInt64) {
        #expect(XXHash64.hash(Array(text.utf8)) == hash)
    }

    @Test(arguments: [
        (0 as Int64, "1970-01-01T00:00:00Z", 4, 1), (951_782_400, "2000-02-29T00:00:00Z", 2, 60),
        (-1, "1969-12-31T23:59:59Z", 3, 365), (1_735_689_599, "2024-12-31T23:59:59Z", 2, 366),
        (-62_135_596_800, "0001-01-01T00:00:00Z", 1, 1),
    ])
    func `dates are of the proleptic Gregorian calendar`(
        seconds: Int64, text: String, weekday: Int, ordinal: Int
    ) {
        #expect(RFC3339.text(seconds: seconds) == text)
        #expect(CivilDate(seconds: seconds).weekday == weekday)
        #expect(CivilDate(seconds: seconds).dayOfYear == ordinal)
    }

    @Test func `extreme times do not trap`() {
        _ = CivilDate(seconds: .min)
        _ = CivilDate(seconds: .max)
        #expect(GoMath.integer(.nan) == .min)
        #expect(GoMath.integer(1e300) == .min)
    }

    @Test(arguments: [
        ("a2", "a10", true), ("a10", "a2", false), ("a", "a1", true), ("b", "a", false),
    ])
    func `digits count as numbers in natural order`(a: String, b: String, precedes: Bool) {
        #expect(NaturalOrder.precedes(a, b) == precedes)
    }

    @Test func `minimum and maximum follow Go`() {
        #expect(GoMath.min(-.infinity, .nan) == -.infinity)
        #expect(GoMath.max(.infinity, .nan) == .infinity)
        #expect(GoMath.min(1, .nan).isNaN)
        #expect(GoMath.min(0, -0.0).sign == .minus)
        #expect(GoMath.max(0, -0.0).sign == .plus)
    }
}

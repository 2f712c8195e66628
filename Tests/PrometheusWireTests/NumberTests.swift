import GoText
import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

@Suite struct NumberTests {
    @Test(arguments: [
        (0.0, "0"), (-0.0, "-0"), (1, "1"), (100, "100"), (0.1, "0.1"), (1e-6, "0.000001"),
        (9.99e-7, "9.99e-07"), (1e-7, "1e-07"), (1e16, "10000000000000000"),
        (1e20, "100000000000000000000"), (1e21, "1e+21"), (-2.5e300, "-2.5e+300"),
        (1234567.8, "1234567.8"), (1.2345678e-67, "1.2345678e-67"),
        (.leastNonzeroMagnitude, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"), (123456789012345680, "123456789012345680"),
        (0.000012345, "0.000012345"), (12345.678e10, "123456780000000"),
    ])
    func printAsGoPrintsThem(value: Double, text: String) {
        #expect(GoFloat.text(value) == text)
        if !value.isNaN { #expect(NumberScan.value(of: Array(text.utf8)) == value) }
    }

    @Test(arguments: [(1e-7, "0.0000001"), (1e21, "1000000000000000000000"), (2.5, "2.5")])
    func printPlainForScalars(value: Double, text: String) {
        var out: [UInt8] = []
        GoFloat.appendPlain(value, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == text)
    }

    @Test(arguments: [
        (1e-4, "0.0001"), (9.99e-5, "9.99e-05"), (100_000, "100000"), (1_000_000, "1e+06"),
        (1_234_567, "1.234567e+06"), (-0.0, "-0"), (.infinity, "+Inf"), (2.5, "2.5"),
    ])
    func printGenerallyForTextFormats(value: Double, text: String) {
        var out: [UInt8] = []
        GoFloat.appendGeneral(value, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == text)
    }

    /// Decimals of few digits have a way of their own, which must not show.
    @Test func printDecimalsShortest() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<20_000 {
            let digits = Int64.random(in: -9_999_999_999...9_999_999_999, using: &random)
            let places = Int.random(in: 0...8, using: &random)
            var divisor = 1.0
            for _ in 0..<places { divisor *= 10 }
            let value = Double(digits) / divisor
            let expected =
                value.description.hasSuffix(".0")
                ? String(value.description.dropLast(2)) : value.description
            guard !expected.contains("e") else { continue }
            #expect(GoFloat.text(value) == expected)
        }
    }

    @Test(arguments: [
        ("0", true), ("-0", true), ("10", true), ("1.50", true), ("1e+21", true), ("NaN", true),
        ("-1.5e-07", true), ("+Inf", true), ("-Inf", true), ("", false), ("-", false),
        ("+1", false), ("01", false), ("1.", false), (".5", false), ("1e5", false),
        ("1e+5", false), ("1e", false), ("1e+", false), ("1E+05", false), ("Inf", false),
        ("-NaN", false), ("1 ", false),
    ])
    func knowPrometheusSpelling(text: String, isOurs: Bool) {
        let bytes = Array(" \(text) ".utf8)
        #expect(NumberSpelling.isValue(bytes, in: 1..<(bytes.count - 1)) == isOurs)
    }

    @Test(arguments: ["9223372036854775807", "9223372036854775.808", "-", "", "1.5.5", "x"])
    func refuseTimesThatDoNotFit(text: String) {
        #expect(NumberScan.time(of: Array(text.utf8)) == nil)
    }

    @Test func readBackWhatTheyPrint() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            #expect(NumberScan.value(of: Array(GoFloat.text(value).utf8)) == value)
        }
    }

    /// What the C library makes of a text.
    private static func rounded(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBufferPointer(NumberScan.general)
    }

    /// Every way of reading gives the nearest double, which the C library gives too.
    private static func check(_ text: String) {
        for text in [text, "-" + text] {
            let read = NumberScan.value(of: Array(text.utf8))
            #expect(read?.bitPattern == rounded(text)?.bitPattern, "\(text)")
        }
    }

    @Test(arguments: UInt64(0)..<4)
    func readTheNearestDouble(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<10_000 {
            // One to twenty digits, with a point somewhere and an exponent, or without.
            let count = 1 + random.below(20)
            var text = ""
            let point = random.below(count + 8)
            for place in 0..<count {
                if place == point { text += place == 0 ? "0." : "." }
                text += random.oneIn(4) ? "0" : random.oneIn(4) ? "9" : "\(random.below(10))"
            }
            if random.oneIn(4) {
                text =
                    "0.\(String(repeating: "0", count: random.below(9)))"
                    + text.filter { $0 != "." }
            }
            if random.oneIn(3) {
                text += random.pick(["e", "E", "e+", "e-"]) + "\(random.below(70))"
            }
            Self.check(text)
        }
    }

    /// Numbers that are as near to one double as to the next, and those beside them.
    @Test(arguments: UInt64(0)..<4)
    func roundTiesToEven(seed: UInt64) {
        var random = SeededRandom(seed: 100 + seed)
        for _ in 0..<4000 {
            // Of 54 bits, the last of which is one: half way between two of 53.
            let half = (1 << 53 | random.next() >> 11 | 1) << UInt64(random.below(10))
            for digits in [half, half - 1, half + 1] {
                Self.check("\(digits)")
                Self.check("\(digits).0")
                Self.check("\(digits)e\(random.below(40))")
                // Half of it, a quarter, and so on: with a fraction of some digits.
                let halvings = random.below(4)
                let (whole, rest) = digits.quotientAndRemainder(dividingBy: 1 << UInt64(halvings))
                let part = ["0", "5", "25", "125"][halvings]
                let scaled = rest * (UInt64(part) ?? 0)
                let padding = String(repeating: "0", count: max(0, halvings - "\(scaled)".count))
                if whole < 1 << 59 { Self.check("\(whole).\(padding)\(scaled)") }
            }
        }
    }

    /// The way without the C library is the usual one.
    @Test func readRatesWithoutTheLibrary() {
        var random = SeededRandom(seed: 9)
        var others = 0
        for _ in 0..<10_000 {
            let digits = 1_000_000_000_000_000 + random.next() % 98_999_999_999_999_999
            // Of those between, one in a hundred is a tie.
            let exponent = random.oneIn(2) ? random.below(15) : -15 - random.below(11)
            if DecimalFloat.value(of: digits, exponent: exponent) == nil { others += 1 }
        }
        #expect(others == 0)
        #expect(DecimalFloat.value(of: 1, exponent: 56) == nil)
        #expect(DecimalFloat.value(of: 1, exponent: -56) == nil)
        #expect(DecimalFloat.value(of: .max, exponent: 55) == 1.8446744073709552e74)
        #expect(DecimalFloat.value(of: .max, exponent: -55) == 1.8446744073709552e-36)
    }

    @Test(arguments: [
        (1_435_781_451_781, "1435781451.781"), (1_100, "1.100"), (10, "0.010"), (-1, "-0.001"),
        (0, "0"), (5_000, "5"), (-5_000, "-5"),
    ])
    func timesOfSamples(time: Timestamp, text: String) {
        var out: [UInt8] = []
        TimestampText.appendSample(time, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == text)
        #expect(NumberScan.time(of: Array(text.utf8)) == time)
    }

    @Test(arguments: ["", "x", "1x", "--1", "1.2.3", "0x10", "nan(1)", "infinit", "-"])
    func refuseWhatIsNone(text: String) {
        #expect(NumberScan.value(of: Array(text.utf8)) == nil)
    }
}

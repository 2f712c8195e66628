import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

/// Labels that are no UTF-8: some servers store them, and pass them on as they are.
@Suite struct InvalidTextTests {
    private static let injection = LabelInjection(name: "project", value: "p")

    /// `⟨hex…⟩` are bytes.
    private static func bytes(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        var hex: String?
        for scalar in text.unicodeScalars {
            switch (scalar, hex) {
            case ("⟨", _): hex = ""
            case ("⟩", let digits?):
                out += stride(from: 0, to: digits.count, by: 2).compactMap {
                    UInt8(digits.dropFirst($0).prefix(2), radix: 16)
                }
                hex = nil
            case (_, let digits?): hex = digits + String(scalar)
            case (_, nil): out += Array(String(scalar).utf8)
            }
        }
        return out
    }

    private static func answer(_ metric: String) -> [UInt8] {
        bytes(
            #"{"status":"success","data":{"resultType":"matrix","result":["#
                + #"{"metric":\#(metric),"values":[[1,"1"]]}]}}"#)
    }

    private static let replacement = "\u{FFFD}"

    @Test(arguments: [
        // A byte that begins nothing, a cut sequence, a long form, a surrogate, beyond Unicode.
        "⟨FF⟩", "⟨80⟩", "⟨E282⟩", "⟨C0AF⟩", "⟨EDA080⟩", "⟨F4908080⟩", "⟨E2⟩x", "abcdefgh⟨C3⟩",
        "abcdefghijklmno⟨F0⟩", "é⟨FF⟩",
    ])
    func `What is no UTF-8 becomes U+FFFD, by either reader and however it is cut`(
        text: String
    ) throws {
        let expected = String(decoding: Self.bytes(text), as: UTF8.self)
        #expect(expected.contains(Self.replacement))
        let body = Self.answer(#"{"a":"\#(text)","b\#(text)":"1"}"#)
        let element =
            #"{"metric":{"a":"\#(expected)","b\#(expected)":"1","project":"p"},"values":[[1,"1"]]}"#
        for speed in [ResponseScanner.Speed.fast, .exact] {
            for chunk in [1, 7, body.count] {
                let outcome = ScanOutcome(
                    body, chunk: chunk, speed: speed, injecting: Self.injection)
                guard case .answer(let answer) = outcome else {
                    Issue.record("\(text) refused")
                    continue
                }
                #expect(answer.elements == [element])
                let key = LabelSet(["a": expected, "b" + expected: "1", "project": "p"]).key
                #expect(answer.keys == [key])
            }
        }
    }

    @Test(arguments: ["é", "日本語", "\u{10FFFF}\u{0}", "abcdefgh😀ijklmnop", "\u{D7FF}\u{E000}"])
    func `UTF-8 stays as it is`(text: String) {
        let body = Self.answer(#"{"a":"\#(text.replacing("\u{0}", with: ""))"}"#)
        guard case .answer(let answer) = ScanOutcome(body, chunk: 3) else {
            Issue.record("refused")
            return
        }
        let shown = text.replacing("\u{0}", with: "")
        #expect(answer.elements == [#"{"metric":{"a":"\#(shown)"},"values":[[1,"1"]]}"#])
    }

    @Test func `The check agrees with the standard library on any bytes`() {
        var random = SeededRandom(seed: 7)
        let parts: [[UInt8]] = [
            [0x61], [0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68], Array("é".utf8),
            Array("日".utf8), Array("😀".utf8), [0xFF], [0xC3], [0xE2, 0x82], [0xF0, 0x9F],
            [0xED, 0xA0, 0x80], [0xE0, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
        ]
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<6, using: &random) {
                bytes += parts.randomElement(using: &random) ?? []
            }
            let isValid = bytes.withUnsafeBufferPointer { UTF8Text.isValid($0) }
            #expect(isValid == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
            #expect(
                UTF8Text.repaired(bytes) == Array(String(decoding: bytes, as: UTF8.self).utf8))
        }
    }

    @Test func `Two labels or two series that become the same are malformed`() {
        for metric in [#"{"a⟨FF⟩":"1","a⟨FE⟩":"2"}"#] {
            #expect(
                ScanOutcome(Self.answer(metric), chunk: 9, injecting: Self.injection) == .refused)
        }
        let two = Self.bytes(
            #"{"status":"success","data":{"resultType":"matrix","result":["#
                + #"{"metric":{"a":"⟨FE⟩"},"values":[[1,"1"]]},"#
                + #"{"metric":{"a":"⟨FF⟩"},"values":[[1,"1"]]}]}}"#)
        #expect(ScanOutcome(two, chunk: 9, injecting: Self.injection) == .refused)
    }

    @Test func `Labels of remote read that are no UTF-8 are mended in the same way`() throws {
        var label: [UInt8] = []
        WireWriter.append(1, bytes: Self.bytes("a⟨FF⟩"), to: &label)
        WireWriter.append(2, bytes: Self.bytes("⟨E282⟩b"), to: &label)
        var series: [UInt8] = []
        WireWriter.append(1, bytes: label, to: &series)
        let edited = try RemoteSeriesEditor(injecting: Self.injection)
            .edited(0..<series.count, of: series)
        let expected = LabelSet([
            "a\(Self.replacement)": "\(Self.replacement)b", "project": "p",
        ])
        #expect(edited.key == expected.key)
        #expect(String(validating: edited.message, as: UTF8.self) != nil)
    }
}

import GoText
import Testing

@Suite struct GoTextTests {
    @Test(
        "Go's escapes are read as the bytes that they mean",
        arguments: [
            (#"n"#, [10]), (#"a"#, [7]), (#"v"#, [11]), (#"\"#, [92]), (#"""#, [34]), (#"'"#, [39]),
            (#"xff"#, [255]), (#"101"#, [65]), (#"377"#, [255]), (#"u00e9"#, [0xc3, 0xa9]),
            (#"U0001F600"#, [0xf0, 0x9f, 0x98, 0x80]),
        ] as [(String, [UInt8])])
    func escapes(text: String, bytes: [UInt8]) throws {
        var rest = Array((text + "rest").utf8)[...]
        var out: [UInt8] = []
        try GoQuoting.readEscape(&rest, into: &out)
        #expect(out == bytes)
        #expect(Array(rest) == Array("rest".utf8))
    }

    @Test(
        "What is no escape is refused, and why",
        arguments: [
            ("", .unterminated), ("x4", .unterminated), ("u12", .unterminated), ("c", .unknown),
            ("8", .unknown), ("xg0", .invalidCode), ("x+f", .invalidCode), ("400", .invalidCode),
            ("18x", .invalidCode), ("uD800", .noCodePoint), ("U00110000", .noCodePoint),
            ("UFFFFFFFF", .noCodePoint),
        ] as [(String, GoQuoting.EscapeFailure)])
    func wrongEscapes(text: String, failure: GoQuoting.EscapeFailure) {
        var rest = Array(text.utf8)[...]
        var out: [UInt8] = []
        #expect(throws: failure) { try GoQuoting.readEscape(&rest, into: &out) }
        #expect(out.isEmpty)
    }

    @Test("A form keeps the order of its pairs and encodes all but unreserved characters")
    func forms() {
        let form = FormText.text(of: [("match[]", "a b+é&="), ("x", ""), ("match[]", "-_.~09azAZ")])
        #expect(form == "match%5B%5D=a%20b%2B%C3%A9%26%3D&x=&match%5B%5D=-_.~09azAZ")
        #expect(FormText.bytes(of: []) == [])
        #expect(FormText.encoded("a/\u{1}") == "a%2F%01")
    }
}

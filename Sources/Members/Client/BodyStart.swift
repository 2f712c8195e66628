/// Judges an answer by its first bytes: something else than a Prometheus often answers 200.
enum BodyStart {
    static func problem(_ bytes: [UInt8], contentType: String) -> MemberFailure.Kind? {
        let start = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if start == UInt8(ascii: "{") { return nil }
        if start == UInt8(ascii: "<") || contentType.hasPrefix("text/html") {
            return .notPrometheus("the answer is HTML, \(shown(bytes))")
        }
        return .notPrometheus("the answer begins with \(shown(bytes))")
    }

    /// The bytes without the byte order mark of UTF-8 that some servers begin with.
    static func withoutMark(_ bytes: [UInt8]) -> [UInt8] {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    }

    /// The first printable characters, in quotes.
    static func shown(_ bytes: some Collection<UInt8>) -> String {
        var text = ""
        for scalar in String(decoding: bytes.prefix(120), as: UTF8.self).unicodeScalars {
            if text.count >= 80 { break }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned:
                if text.last != " " { text += " " }
            default: text.unicodeScalars.append(scalar)
            }
        }
        while text.last == " " { text.removeLast() }
        return "\"\(text)\""
    }
}

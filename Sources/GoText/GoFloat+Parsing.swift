extension GoFloat {
    /// The number that a text is, as Go's `strconv.ParseFloat` reads it: decimal, or hexadecimal with
    /// an exponent of two, underscores between digits; `inf`, `infinity` and `nan` in any case.
    ///
    /// - Returns: nil when the text is no number, or one that is too large for a double.
    public static func parse(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        var rest = bytes[...]
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
            rest = rest.dropFirst()
        }
        let lowered = rest.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
        switch String(decoding: lowered, as: UTF8.self) {
        case "inf", "infinity": return bytes[0] == UInt8(ascii: "-") ? -.infinity : .infinity
        // Go takes no sign before it.
        case "nan": return rest.count == bytes.count ? .nan : nil
        default: break
        }
        let isHexadecimal = lowered.starts(with: "0x".utf8)
        let digits = isHexadecimal ? lowered.dropFirst(2) : lowered[...]
        guard let plain = withoutUnderscores(digits, isHexadecimal: isHexadecimal) else {
            return nil
        }
        let sign = bytes[0] == UInt8(ascii: "-") ? "-" : ""
        let number = String(decoding: plain, as: UTF8.self)
        guard let value = Double(sign + (isHexadecimal ? "0x" : "") + number) else { return nil }
        return value.isFinite ? value : nil
    }

    /// The digits without underscores, if they are laid out as Go wants them.
    private static func withoutUnderscores(
        _ text: ArraySlice<UInt8>, isHexadecimal: Bool
    ) -> [UInt8]? {
        enum Seen {
            case beginning, digit, underscore, other
        }
        var out: [UInt8] = []
        var hasExponent = false
        var hasDigits = false
        // The prefix of hexadecimal numbers counts as a digit.
        var last = isHexadecimal ? Seen.digit : .beginning
        for byte in text {
            var seen = Seen.other
            switch byte {
            case 48...57: seen = .digit
            case 97...102 where isHexadecimal && !hasExponent: seen = .digit
            case UInt8(ascii: "_"):
                guard last == .digit else { return nil }
                last = .underscore
                continue
            case UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"): break
            case UInt8(ascii: "e") where !isHexadecimal: hasExponent = true
            case UInt8(ascii: "p") where isHexadecimal: hasExponent = true
            default: return nil
            }
            if last == .underscore, seen != .digit { return nil }
            if seen == .digit { hasDigits = true }
            last = seen
            out.append(byte)
        }
        guard last != .underscore, hasDigits, hasExponent || !isHexadecimal else { return nil }
        return out
    }
}

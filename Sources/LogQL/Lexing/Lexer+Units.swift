internal import GoText

extension Lexer {
    private static let clockUnits: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]

    /// A length of time as Go's `time.ParseDuration` reads it, with fractions and signs and no unit
    /// above the hour, or else as Prometheus does, with days, weeks and years. Nil for anything else.
    static func length(_ text: String) -> Nanoseconds? {
        if let length = clockLength(text) { return length }
        guard text != "0", let length = try? DurationText.length(text) else { return nil }
        return Nanoseconds(milliseconds: length)
    }

    private static func clockLength(_ text: String) -> Nanoseconds? {
        var rest = text.unicodeScalars[...]
        let isNegative = rest.first == "-"
        if isNegative { rest = rest.dropFirst() }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        var whole: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !("0"..."9").contains($0) && $0 != "." }
            rest = rest.dropFirst(unit.count)
            guard let scale = clockUnits.first(where: { $0.name == String(unit) })?.nanoseconds,
                digits.contains(where: { $0 != "." }),
                let count = Double("0" + String(digits) + (digits.last == "." ? "0" : ""))
            else { return nil }
            total += count * scale
            guard total < 9.2e18 else { return nil }
            // Whole numbers are counted exactly.
            if let exact = Int64(String(digits)) {
                whole += exact * Int64(scale)
            } else {
                whole += Int64(count * scale)
            }
        }
        return Nanoseconds(isNegative ? -whole : whole)
    }

    /// Whether a text is a number of bytes: `10KB`, `1.5GiB`.
    static func isBytes(_ text: String) -> Bool {
        let digits = text.utf8.prefix { $0 &- 0x30 < 10 || $0 == UInt8(ascii: ".") }
        let units: Set = [
            "B", "kB", "KB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB", "k", "K",
            "M", "G", "T", "P", "kiB", "Ki", "Mi", "Gi", "Ti", "Pi",
        ]
        return Double(String(digits) ?? "") != nil
            && units.contains(String(text.dropFirst(digits.count)))
    }
}

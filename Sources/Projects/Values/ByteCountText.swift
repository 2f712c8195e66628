/// Sizes: a number of bytes, or a number with `KB`, `MB`, `GB` (powers of 1000) or `KiB`, `MiB`,
/// `GiB` (powers of 1024).
public enum ByteCountText {
    private static let units: [(name: String, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("GB", 1_000_000_000),
        ("MB", 1_000_000), ("KB", 1000),
    ]

    /// Bytes, or nil when the text is not a size or too large to count.
    public static func bytes(_ text: String) -> Int? {
        for unit in units where text.hasSuffix(unit.name) {
            guard let amount = number(text.dropLast(unit.name.count)) else { return nil }
            let (bytes, overflow) = amount.multipliedReportingOverflow(by: unit.bytes)
            return overflow ? nil : bytes
        }
        return number(text[...])
    }

    /// With the largest unit that divides it.
    public static func text(_ bytes: Int) -> String {
        for unit in units.prefix(3) where bytes >= unit.bytes && bytes % unit.bytes == 0 {
            return "\(bytes / unit.bytes)\(unit.name)"
        }
        return String(bytes)
    }

    private static func number(_ text: Substring) -> Int? {
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(text)
    }
}

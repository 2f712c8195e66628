/// `1h30m`, `5m`, `0`: lengths of time in commands.
enum DurationNotation {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000),
        ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Milliseconds.
    static func milliseconds(_ text: some StringProtocol) throws(NotationError) -> Int64 {
        if text == "0" { return 0 }
        var scanner = NotationScanner(text)
        var total: Int64 = 0
        var previous = -1
        while !scanner.isAtEnd {
            let digits = scanner.word(while: NotationScanner.isDigit)
            let unit = scanner.word(while: NotationScanner.isLetter)
            guard let amount = Int64(digits),
                let place = units.firstIndex(where: { $0.name == unit }), place > previous
            else { throw NotationError("not a valid duration string: \"\(text)\"") }
            previous = place
            let (length, overflow) = amount.multipliedReportingOverflow(
                by: units[place].milliseconds)
            let (sum, overflowInSum) = total.addingReportingOverflow(length)
            guard !overflow, !overflowInSum else { throw NotationError("duration out of range") }
            total = sum
        }
        guard previous >= 0 else { throw NotationError("empty duration string") }
        return total
    }
}

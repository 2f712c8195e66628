/// `metric@st -30s-1mx2 _ 0`: start times as offsets from the samples' times.
enum StartTimeNotation {
    /// Whether a line gives start times: its first word ends in `@st`.
    static func isStartTimeLine(_ line: some StringProtocol) -> Bool {
        guard let space = line.firstIndex(where: { $0 == " " || $0 == "\t" }) else { return false }
        return line[..<space].hasSuffix("@st")
    }

    /// The metric's text ("" for a line that applies to all series after it) and an offset in ms
    /// for each point, nil for none.
    static func read(
        _ line: some StringProtocol
    ) throws(NotationError) -> (metric: String, offsets: [Int64?]) {
        let words = line.split { $0 == " " || $0 == "\t" }
        guard let first = words.first, first.hasSuffix("@st") else {
            throw NotationError("invalid @st line")
        }
        var offsets: [Int64?] = []
        for word in words.dropFirst() { try readItem(String(word), into: &offsets) }
        return (String(first.dropLast(3)), offsets)
    }

    private static func readItem(
        _ word: String, into offsets: inout [Int64?]
    ) throws(NotationError) {
        var scanner = NotationScanner(word)
        if scanner.skip("_") {
            let count = scanner.skip("x") ? try scanner.repetitions() : 1
            offsets.append(contentsOf: repeatElement(nil, count: count))
            return
        }
        var offset: Int64
        if scanner.skip("*") {
            offset = offsets.last { $0 != nil }.flatMap { $0 } ?? 0
        } else {
            offset = try readDuration(&scanner)
        }
        offsets.append(offset)
        var step: Int64 = 0
        if scanner.next == UInt8(ascii: "+") || scanner.next == UInt8(ascii: "-") {
            step = try readDuration(&scanner)
        }
        if scanner.skip("x") {
            for _ in 0..<(try scanner.repetitions()) {
                offset &+= step
                offsets.append(offset)
            }
        }
        guard scanner.isAtEnd else { throw NotationError("invalid start time \"\(word)\"") }
    }

    private static func readDuration(
        _ scanner: inout NotationScanner
    ) throws(NotationError) -> Int64 {
        let isNegative = scanner.skip("-")
        if !isNegative { _ = scanner.skip("+") }
        let digits = scanner.word(while: NotationScanner.isDigit)
        let unit = scanner.word { NotationScanner.isLetter($0) && $0 != UInt8(ascii: "x") }
        let length = try DurationNotation.milliseconds(digits + unit)
        return isNegative ? -length : length
    }
}

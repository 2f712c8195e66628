/// The fast path: lines as Loki writes them, `["<nanoseconds>","<line>",{…}]`.
extension LokiAnswerReader {
    /// Reads lines while they are in that spelling and have arrived wholly.
    ///
    /// - Parameter isFirst: whether no comma comes before the first of them.
    /// - Returns: whether there was one.
    mutating func scanLines(isFirst: Bool) -> Bool {
        guard content == nil || content == .lines else { return false }
        // Held beside the buffer, which does not change meanwhile.
        let bytes = pending
        let count = page.count
        bytes.withUnsafeBufferPointer { bytes in
            var isFirst = isFirst
            while let end = scanLine(bytes, at: position, isFirst: isFirst) {
                position = end
                isFirst = false
            }
        }
        guard page.count > count else { return false }
        content = .lines
        state = .values(isFirst: false)
        return true
    }

    /// - Returns: the position behind the line; nil, with nothing read.
    private mutating func scanLine(
        _ bytes: UnsafeBufferPointer<UInt8>, at start: Int, isFirst: Bool
    ) -> Int? {
        var index = start
        if !isFirst {
            guard index < bytes.count, bytes[index] == UInt8(ascii: ",") else { return nil }
            index += 1
        }
        // The shortest line takes more: ["0",""].
        guard bytes.count - index > 7, bytes[index] == UInt8(ascii: "["),
            bytes[index + 1] == UInt8(ascii: "\"")
        else { return nil }
        index += 2
        var time: Int64 = 0
        let digits = index
        while index < bytes.count, bytes[index] &- 48 < 10, index - digits < 18 {
            time = time * 10 + Int64(bytes[index] - 48)
            index += 1
        }
        // Nanoseconds of this century have 19 digits.
        if index < bytes.count, bytes[index] &- 48 < 10 {
            let (product, isTooLarge) = time.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = product.addingReportingOverflow(Int64(bytes[index] - 48))
            if isTooLarge || overflows { return nil }
            time = sum
            index += 1
        }
        guard index > digits, bytes.count - index > 3, bytes[index] == UInt8(ascii: "\""),
            bytes[index + 1] == UInt8(ascii: ","), bytes[index + 2] == UInt8(ascii: "\"")
        else { return nil }
        index += 3
        let mark = page.bytes.count
        guard let line = LokiText.plainEnd(bytes, from: index) else { return nil }
        page.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[index..<line]))
        var entry = LinePage.Entry(
            time: time, lineOffset: mark, lineLength: Int32(clamping: line - index),
            stream: elementCount, labels: LinePage.Labels())
        index = line + 1
        if index + 1 < bytes.count, bytes[index] == UInt8(ascii: ","),
            let found = lineLabels.scan(
                bytes, at: index + 1, atMost: limits.labels, into: &page)
        {
            entry.labels = found.labels
            index = found.end
        }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "]") else {
            page.bytes.removeSubrange(mark...)
            lineLabels.forget()
            return nil
        }
        page.entries.append(entry)
        return index + 1
    }
}

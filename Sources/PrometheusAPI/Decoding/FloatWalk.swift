/// Reads the float samples of a series that has no histograms: its spelling is known to the byte.
enum FloatWalk {
    /// Takes every sample in the order it stands there.
    ///
    /// - Throws: what the closure throws; an error when the bytes are not those of a scanner.
    static func read(
        _ page: SeriesPage, _ extent: SeriesPage.Extent,
        _ take: (Int64, Double) throws(ScanError) -> Void
    ) throws(ScanError) {
        // Typed errors do not pass through the buffer's closure, so they are carried over.
        var failure: ScanError?
        page.bytes.withUnsafeBufferPointer { bytes in
            guard extent.samples.upperBound <= bytes.count else {
                failure = unreadable
                return
            }
            do throws(ScanError) {
                try read(UnsafeBufferPointer(rebasing: bytes[extent.samples]), take)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private static let unreadable = ScanError.malformed("a series could not be read")

    private static func read(
        _ text: UnsafeBufferPointer<UInt8>, _ take: (Int64, Double) throws(ScanError) -> Void
    ) throws(ScanError) {
        // `"values":[[time,"value"],…]}` or `"value":[time,"value"]}`.
        guard var index = text.firstIndex(of: UInt8(ascii: "[")) else { throw unreadable }
        if index + 1 < text.count, text[index + 1] == UInt8(ascii: "[") { index += 1 }
        while index < text.count, text[index] == UInt8(ascii: "[") {
            let time = index + 1
            index = end(of: text, from: time, at: UInt8(ascii: ","))
            guard let milliseconds = milliseconds(text, time..<index) else { throw unreadable }
            let value = index + 2
            index = end(of: text, from: value, at: UInt8(ascii: "\""))
            guard value <= index, index < text.count,
                let number = NumberScan.value(
                    in: UnsafeBufferPointer(rebasing: text[value..<index]))
            else { throw unreadable }
            try take(milliseconds, number)
            // The closing quote and bracket, and the comma.
            index += 3
        }
    }

    private static func end(
        of text: UnsafeBufferPointer<UInt8>, from start: Int, at byte: UInt8
    ) -> Int {
        var index = start
        while index < text.count, text[index] != byte { index += 1 }
        return index
    }

    private static func milliseconds(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
    ) -> Int64? {
        // Ten digits of seconds are what times of this age have.
        guard range.count == 10 else { return NumberScan.milliseconds(of: text[range]) }
        var seconds: Int64 = 0
        for index in range {
            let digit = text[index] &- 48
            guard digit < 10 else { return NumberScan.milliseconds(of: text[range]) }
            seconds = seconds &* 10 &+ Int64(digit)
        }
        return seconds &* 1000
    }
}

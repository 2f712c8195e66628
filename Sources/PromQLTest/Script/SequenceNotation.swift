import TimeSeries

/// The points of a series: `1 2+3x4 _ _x2 stale {{schema:0 count:1}}x3`.
enum SequenceNotation {
    /// Reads up to the end of the line.
    static func read(_ scanner: inout NotationScanner) throws(NotationError) -> [SequenceValue] {
        var values: [SequenceValue] = []
        scanner.skipSpace()
        while !scanner.isAtEnd {
            try readItem(&scanner, into: &values)
            guard scanner.isAtEnd || scanner.next == 0x20 || scanner.next == 0x09 else {
                throw NotationError("unexpected \"\(scanner.rest)\" in series values")
            }
            scanner.skipSpace()
        }
        return values
    }

    private static func readItem(
        _ scanner: inout NotationScanner, into values: inout [SequenceValue]
    ) throws(NotationError) {
        if scanner.skip("_") {
            let count = scanner.skip("x") ? try scanner.repetitions() : 1
            values.append(contentsOf: repeatElement(.omitted, count: count))
        } else if scanner.starts(with: "{{") {
            try readHistograms(&scanner, into: &values)
        } else if scanner.skip("stale") {
            values.append(.float(SampleValue.stale))
        } else {
            try readFloats(&scanner, into: &values)
        }
    }

    private static func readFloats(
        _ scanner: inout NotationScanner, into values: inout [SequenceValue]
    ) throws(NotationError) {
        var value = try scanner.number()
        values.append(.float(value))
        var step = 0.0
        if scanner.next == UInt8(ascii: "+") || scanner.next == UInt8(ascii: "-") {
            step = try scanner.number()
            guard scanner.starts(with: "x") else { throw NotationError("expected x<count>") }
        }
        guard scanner.skip("x") else { return }
        // Added one by one, as the points of a counter are: the rounding shows in the values.
        for _ in 0..<(try scanner.repetitions()) {
            value += step
            values.append(.float(value))
        }
    }

    private static func readHistograms(
        _ scanner: inout NotationScanner, into values: inout [SequenceValue]
    ) throws(NotationError) {
        var (histogram, hintIsGiven) = try HistogramNotation.read(&scanner)
        values.append(.histogram(histogram, hintIsGiven: hintIsGiven))
        var step: FloatHistogram?
        var subtracts = false
        if scanner.starts(with: "+{{") || scanner.starts(with: "-{{") {
            subtracts = !scanner.skip("+") && scanner.skip("-")
            step = try HistogramNotation.read(&scanner).histogram
            guard scanner.starts(with: "x") else { throw NotationError("expected x<count>") }
        }
        guard scanner.skip("x") else { return }
        for _ in 0..<(try scanner.repetitions()) {
            if let step { histogram = try moved(histogram, by: step, subtracts: subtracts) }
            values.append(.histogram(histogram, hintIsGiven: hintIsGiven))
        }
    }

    private static func moved(
        _ histogram: FloatHistogram, by step: FloatHistogram, subtracts: Bool
    ) throws(NotationError) -> FloatHistogram {
        do throws(FloatHistogram.LayoutError) {
            let addend = subtracts ? step.scaled(by: -1) : step
            var moved = try histogram.adding(addend).sum
            moved.counterResetHint = histogram.counterResetHint
            return moved
        } catch {
            throw NotationError("histograms with exponential and custom buckets in one series")
        }
    }
}

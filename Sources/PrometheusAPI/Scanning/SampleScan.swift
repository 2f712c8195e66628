/// The strict scan of samples, `[1435781430.781,"0.5"]`, the one loop that touches every byte of a
/// large answer. It accepts only what Prometheus writes; whatever else there is goes to the exact
/// walker.
enum SampleScan {
    enum Stop {
        /// The array is closed; the position is behind the bracket.
        case closed
        /// The buffer ends before the next sample does.
        case incomplete
        /// The next sample is not written as Prometheus writes it.
        case unusual
    }

    /// Bytes of guard that must follow the data, all zero: they belong to no token, so that no
    /// loop below runs past the end.
    static let guardCount = 8

    /// Passes over complete samples, each followed by a comma or the closing bracket.
    ///
    /// `start` stands on the `[` of a sample. Returns the position of the first sample not passed
    /// over (or behind the closing bracket), and why it stopped. The bytes between `start` and the
    /// returned position are balanced JSON, ending in a comma or the bracket.
    static func samples(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, count: Int,
        classes: UnsafePointer<UInt8>
    ) -> (position: Int, stop: Stop) {
        // Safe: every index is at most one behind a byte that was not zero, and the guard bytes
        // behind `count` are zero.
        guard let p = bytes.baseAddress, start < count else { return (start, .incomplete) }
        var sample = start
        var i = start
        while true {
            sample = i
            guard p[i] == 0x5B else { return stopped(sample, i, count) }
            i += 1
            if p[i] == 0x2D { i += 1 }
            let digits = i
            while p[i] &- 48 < 10 { i += 1 }
            guard i > digits else { return stopped(sample, i, count) }
            if p[i] == 0x2E {
                i += 1
                while p[i] &- 48 < 10 { i += 1 }
            }
            guard p[i] == 0x2C else { return stopped(sample, i, count) }
            i += 1
            guard p[i] == 0x22 else { return stopped(sample, i, count) }
            i += 1
            let value = i
            while classes[Int(p[i])] != 0 { i += 1 }
            guard i > value, p[i] == 0x22 else { return stopped(sample, i, count) }
            i += 1
            guard p[i] == 0x5D else { return stopped(sample, i, count) }
            i += 1
            if p[i] == 0x2C {
                i += 1
                if p[i] == 0 { return stopped(i, i, count) }
            } else if p[i] == 0x5D {
                return (i + 1, .closed)
            } else {
                return stopped(sample, i, count)
            }
        }
    }

    private static func stopped(_ sample: Int, _ at: Int, _ count: Int) -> (Int, Stop) {
        (sample, at >= count ? .incomplete : .unusual)
    }

    /// 1 for every byte that may stand in a value: digits, signs, point, exponent, `NaN`, `Inf`.
    static let valueClasses: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 256)
        for byte in "0123456789+-.eENaIinf".utf8 { table[Int(byte)] = 1 }
        return table
    }()
}

extension SampleScan {
    /// The end of one sample that begins at `start`, or nil when it is incomplete or unusual.
    static func sample(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, count: Int,
        classes: UnsafePointer<UInt8>
    ) -> Int? {
        // Safe for the same reason as `samples`: the guard bytes stop every loop.
        guard let p = bytes.baseAddress, start < count, p[start] == 0x5B else { return nil }
        var i = start + 1
        if p[i] == 0x2D { i += 1 }
        let digits = i
        while p[i] &- 48 < 10 { i += 1 }
        guard i > digits else { return nil }
        if p[i] == 0x2E {
            i += 1
            while p[i] &- 48 < 10 { i += 1 }
        }
        guard p[i] == 0x2C, p[i + 1] == 0x22 else { return nil }
        i += 2
        let value = i
        while classes[Int(p[i])] != 0 { i += 1 }
        guard i > value, p[i] == 0x22, p[i + 1] == 0x5D, i + 2 <= count else { return nil }
        return i + 2
    }
}

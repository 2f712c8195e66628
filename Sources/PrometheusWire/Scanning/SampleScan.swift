import GoText
import TimeSeries

/// The strict scan of samples, `[1435781430.781,"0.5"]`: the one loop that touches every byte of
/// a large answer. It accepts only what Prometheus writes, at times that the clock allows; whatever
/// else there is goes to the exact walker, which decides.
///
/// All functions read at `p[i]` and up to `guardCount` bytes from there, with `i` at most `count`:
/// the bytes from `count` on must be `guardCount` zeros. A zero belongs to no token, so no loop
/// runs past the end.
enum SampleScan {
    enum Stop {
        /// The array is closed; the position is behind the bracket.
        case closed
        /// The buffer ends before the next sample does.
        case incomplete
        /// The next sample is not written as Prometheus writes it, or may not stand at its time.
        case unusual
    }

    static let guardCount = 16

    /// Passes over complete samples, each followed by a comma or the closing bracket.
    ///
    /// `start` stands on the `[` of a sample. The clock stands at the sample before, and is moved to
    /// the last one passed over. Returns the position of the first sample not passed over (or
    /// behind the closing bracket), and why it stopped. The bytes between are balanced JSON, ending
    /// in a comma or the bracket.
    static func samples(
        _ p: UnsafePointer<UInt8>, from start: Int, count: Int, clock: inout SampleClock
    ) -> (position: Int, stop: Stop) {
        var position = start
        // A copy stays in registers.
        var own = clock
        defer { clock = own }
        while true {
            var i = position
            guard let time = sample(p, at: &i) else {
                return (position, i >= count ? .incomplete : .unusual)
            }
            if p[i] == UInt8(ascii: ",") {
                guard own.move(to: time) else { return (position, .unusual) }
                position = i + 1
            } else {
                guard p[i] == UInt8(ascii: "]") else {
                    return (position, i >= count ? .incomplete : .unusual)
                }
                guard own.move(to: time) else { return (position, .unusual) }
                return (i + 1, .closed)
            }
        }
    }

    /// Passes over one sample and returns its time, or nil with `i` where it goes wrong.
    @inline(__always)
    static func sample(_ p: UnsafePointer<UInt8>, at i: inout Int) -> Timestamp? {
        guard p[i] == UInt8(ascii: "[") else { return nil }
        i += 1
        guard let time = time(p, at: &i) else { return nil }
        guard p[i] == UInt8(ascii: ",") else { return nil }
        i += 1
        guard p[i] == UInt8(ascii: "\"") else { return nil }
        i += 1
        guard value(p, at: &i) else { return nil }
        guard p[i] == UInt8(ascii: "\"") else { return nil }
        i += 1
        guard p[i] == UInt8(ascii: "]") else { return nil }
        i += 1
        return time
    }

    // MARK: - Times

    /// Seconds, and three decimals unless they are zero.
    @inline(__always)
    private static func time(_ p: UnsafePointer<UInt8>, at i: inout Int) -> Timestamp? {
        // Ten digits are the years 2001 to 2286: eight of them at once.
        let word = load(p + i)
        guard areDigits(word), word & 0xFF != 0x30 else { return shortTime(p, at: &i) }
        let ninth = p[i + 8] &- 48
        guard ninth < 10 else { return shortTime(p, at: &i) }
        let tenth = p[i + 9] &- 48
        guard tenth < 10 else { return shortTime(p, at: &i) }
        let seconds = number(word) &* 100 &+ Int64(ninth) &* 10 &+ Int64(tenth)
        i += 10
        return fraction(p, at: &i, of: seconds, isNegative: false)
    }

    /// Seconds of another length than ten digits.
    @inline(never)
    private static func shortTime(_ p: UnsafePointer<UInt8>, at i: inout Int) -> Timestamp? {
        let isNegative = p[i] == UInt8(ascii: "-")
        if isNegative { i += 1 }
        let start = i
        var seconds: Int64 = 0
        while p[i] &- 48 < 10 {
            // Fifteen digits of seconds are milliseconds that fit.
            guard i - start < 15, i == start || p[start] != UInt8(ascii: "0") else { return nil }
            seconds = seconds &* 10 &+ Int64(p[i] &- 48)
            i += 1
        }
        guard i > start else { return nil }
        let time = fraction(p, at: &i, of: seconds, isNegative: isNegative)
        if isNegative, time == 0 { return nil }
        return time
    }

    @inline(__always)
    private static func fraction(
        _ p: UnsafePointer<UInt8>, at i: inout Int, of seconds: Int64, isNegative: Bool
    ) -> Timestamp? {
        var time = seconds &* 1000
        if p[i] == UInt8(ascii: ".") {
            var thousandths: Int64 = 0
            for _ in 0..<3 {
                i += 1
                let digit = p[i] &- 48
                guard digit < 10 else { return nil }
                thousandths = thousandths &* 10 &+ Int64(digit)
            }
            guard thousandths != 0 else { return nil }
            i += 1
            time &+= thousandths
        }
        return Timestamp(milliseconds: isNegative ? -time : time)
    }

    // MARK: - Values

    /// What `NumberSpelling.isValue` accepts.
    @inline(__always)
    private static func value(_ p: UnsafePointer<UInt8>, at i: inout Int) -> Bool {
        if p[i] == UInt8(ascii: "-") { i += 1 }
        let first = p[i] &- 48
        guard first < 10 else { return word(p, at: &i) }
        i += 1
        if first != 0 { digits(p, at: &i) }
        if p[i] == UInt8(ascii: ".") {
            i += 1
            guard p[i] &- 48 < 10 else { return false }
            digits(p, at: &i)
        }
        guard p[i] == UInt8(ascii: "e") else { return true }
        i += 1
        guard p[i] == UInt8(ascii: "-") || p[i] == UInt8(ascii: "+") else { return false }
        i += 1
        for _ in 0..<2 {
            guard p[i] &- 48 < 10 else { return false }
            i += 1
        }
        digits(p, at: &i)
        return true
    }

    @inline(__always)
    private static func digits(_ p: UnsafePointer<UInt8>, at i: inout Int) {
        // Eight at once, without a branch for each: their number is what cannot be predicted.
        while true {
            let word = load(p + i) ^ 0x3030_3030_3030_3030
            let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
            // The high bit of every byte that is no digit.
            let others = (((word & low) &+ 0x7676_7676_7676_7676) | word) & ~low
            if others == 0 {
                i += 8
            } else {
                i += others.trailingZeroBitCount >> 3
                return
            }
        }
    }

    /// `NaN`, `+Inf`, or what follows the sign of `-Inf`.
    @inline(never)
    private static func word(_ p: UnsafePointer<UInt8>, at i: inout Int) -> Bool {
        // Safe at -1: a value stands behind its quote.
        let isSigned = p[i - 1] == UInt8(ascii: "-")
        let text: StaticString = isSigned ? "Inf" : p[i] == UInt8(ascii: "N") ? "NaN" : "+Inf"
        for index in 0..<text.utf8CodeUnitCount {
            guard p[i] == text.utf8Start[index] else { return false }
            i += 1
        }
        return true
    }

    // MARK: - Eight bytes at once

    @inline(__always)
    private static func load(_ p: UnsafePointer<UInt8>) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self))
    }

    /// Whether all eight bytes are decimal digits.
    @inline(__always)
    private static func areDigits(_ word: UInt64) -> Bool {
        let high: UInt64 = 0xF0F0_F0F0_F0F0_F0F0
        return (word & high) | (((word &+ 0x0606_0606_0606_0606) & high) >> 4)
            == 0x3333_3333_3333_3333
    }

    /// The number that eight digits are, the first one in the lowest byte.
    @inline(__always)
    private static func number(_ word: UInt64) -> Int64 {
        let mask: UInt64 = 0x0000_00FF_0000_00FF
        var pairs = word &- 0x3030_3030_3030_3030
        pairs = pairs &* 10 &+ (pairs >> 8)
        let low = (pairs & mask) &* 0x000F_4240_0000_0064
        let high = ((pairs >> 16) & mask) &* 0x0000_2710_0000_0001
        return Int64((low &+ high) >> 32)
    }
}

/// The times that the samples of one series may have: ascending, and steps of the grid that was
/// asked for, where there is one.
///
/// One comparison for each sample that stands where the one before leads to; what comes after a gap
/// costs a division.
struct SampleClock {
    private let start: Timestamp
    private let end: Timestamp
    /// 0 where any time will do.
    private let step: Milliseconds
    /// Of the sample before.
    private(set) var last = Timestamp.min
    /// The step behind it; a time that no sample has where there is none.
    private var next: Timestamp

    /// - Parameter grid: nil for samples as they were stored.
    init(_ grid: StepGrid? = nil) {
        start = grid?.start ?? .min
        end = grid?.end ?? .max
        // An instant is a grid of one step, of whatever width.
        step = grid.map { max(1, $0.step) } ?? 0
        next = start
    }

    /// Moves to the time of the next sample; false, and nothing is moved, where it may not follow.
    @inline(__always)
    mutating func move(to time: Timestamp) -> Bool {
        if step == 0 {
            guard time > last else { return false }
            last = time
            return true
        }
        guard time == next || isStep(time), time <= end, time > last else { return false }
        last = time
        next = time &+ step
        return true
    }

    @inline(never)
    private func isStep(_ time: Timestamp) -> Bool {
        guard let distance = time.distance(from: start) else { return false }
        return distance >= .zero && distance % step == .zero
    }

    /// Why the clock did not move.
    func refusal(of time: Timestamp, at position: Int) -> JSONCursor.Failure {
        time > last ? .offGrid(time) : .disorder(position)
    }
}

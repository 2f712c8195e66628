import GoText

/// Counts latencies in buckets whose width grows with them.
///
/// A quantile is at most one part in 1,024 (0.1 %) above the latency that was measured, and below
/// two milliseconds it is exact to the microsecond. The memory does not depend on how many are
/// counted: 270 KiB at most.
public struct LatencyHistogram: Sendable, Equatable {
    /// Values below 2^11 have a bucket each; each doubling above has half as many.
    private static let bits = 11
    private static let half = 1 << (bits - 1)
    /// Longer ones count as this one, which is 51 days.
    private static let longest = 1 << 42

    private var buckets: [UInt64] = []
    /// How many latencies were counted.
    public private(set) var count: UInt64 = 0
    private var sum = 0.0
    private var smallest = Int.max
    private var largest = 0

    public init() {}

    /// Counts one latency, in whole microseconds, rounded up.
    public mutating func record(_ latency: Duration) {
        let nanoseconds = max(0, latency.wholeNanoseconds)
        let microseconds = Int(nanoseconds / 1000 + (nanoseconds % 1000 == 0 ? 0 : 1))
        let value = min(microseconds, Self.longest)
        let index = Self.index(of: value)
        if index >= buckets.count {
            buckets += [UInt64](repeating: 0, count: index + 1 - buckets.count)
        }
        buckets[index] += 1
        count += 1
        sum += Double(value)
        smallest = min(smallest, value)
        largest = max(largest, value)
    }

    public var maximum: Duration? { count == 0 ? nil : .microseconds(largest) }
    public var minimum: Duration? { count == 0 ? nil : .microseconds(smallest) }
    public var mean: Duration? { count == 0 ? nil : .microseconds(sum / Double(count)) }

    /// The least latency that so large a part is not above, rounded up to the end of its bucket;
    /// nil where none was counted.
    public func quantile(_ part: Double) -> Duration? {
        guard count > 0 else { return nil }
        let rank = max(1, UInt64((min(max(part, 0), 1) * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (index, number) in buckets.enumerated() {
            seen += number
            if seen >= rank { return .microseconds(min(Self.end(of: index), largest)) }
        }
        return .microseconds(largest)
    }

    private static func index(of value: Int) -> Int {
        let shift = max(0, Int.bitWidth - value.leadingZeroBitCount - bits)
        return shift * half + value >> shift
    }

    /// The largest value of a bucket.
    private static func end(of index: Int) -> Int {
        let shift = max(0, index / half - 1)
        return (index - shift * half + 1) << shift - 1
    }
}

import TimeSeries

/// Equality within a relative 1e-6.
enum Closeness {
    private static let tolerance = 1e-6

    static func isClose(_ a: Double, _ b: Double) -> Bool {
        if SampleValue.isStale(a) || SampleValue.isStale(b) {
            return SampleValue.isStale(a) && SampleValue.isStale(b)
        }
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
        if a == b { return true }
        let sum = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || sum < .leastNormalMagnitude {
            return difference < tolerance * .leastNormalMagnitude
        }
        return difference / min(sum, .greatestFiniteMagnitude) < tolerance
    }

    /// All fields but the hint; empty buckets do not count.
    static func isClose(_ a: FloatHistogram, _ b: FloatHistogram) -> Bool {
        let a = a.compacted()
        let b = b.compacted()
        func areClose(_ x: [Double], _ y: [Double]) -> Bool {
            x.count == y.count && zip(x, y).allSatisfy { isClose($0, $1) }
        }
        return a.schema == b.schema && isClose(a.count, b.count) && isClose(a.sum, b.sum)
            && (!a.usesCustomBuckets || a.customValues == b.customValues)
            && a.zeroThreshold == b.zeroThreshold && isClose(a.zeroCount, b.zeroCount)
            && a.positiveSpans == b.positiveSpans && a.negativeSpans == b.negativeSpans
            && areClose(a.positiveBuckets, b.positiveBuckets)
            && areClose(a.negativeBuckets, b.negativeBuckets)
    }
}

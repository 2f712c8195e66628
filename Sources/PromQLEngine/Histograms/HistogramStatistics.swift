internal import TimeSeries

extension FloatHistogram {
    /// The population variance, every observation taken to lie in the middle of its bucket.
    var variance: Double {
        let mean = sum / count
        var squares = KahanSum()
        for bucket in allBuckets where bucket.count != 0 {
            let middle: Double
            if usesCustomBuckets {
                middle = (bucket.upper + bucket.lower) / 2
            } else if bucket.lower <= 0, bucket.upper >= 0 {
                middle = 0
            } else {
                let geometric = (bucket.upper * bucket.lower).squareRoot()
                middle = bucket.upper < 0 ? -geometric : geometric
            }
            let distance = middle - mean
            squares.add(bucket.count * distance * distance)
        }
        return squares.total / count
    }
}

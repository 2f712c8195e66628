import GoText

extension FloatHistogram {
    /// `{count:3, sum:1.5, (0.5,1]:2, …}`: populated buckets in ascending order. The value that
    /// `count_values` gives a histogram.
    public var goDescription: String {
        var text = "{count:" + GoFloat.general(count)
        text += ", sum:" + GoFloat.general(sum)
        func append(_ bucket: Bucket) {
            guard bucket.count != 0 else { return }
            text += ", " + (bucket.lowerInclusive ? "[" : "(")
            text += GoFloat.general(bucket.lower) + ","
            text += GoFloat.general(bucket.upper)
            text += bucket.upperInclusive ? "]:" : "):"
            text += GoFloat.general(bucket.count)
        }
        let negative = negative
        for i in negative.indexes.indices.reversed() {
            append(negativeBucket(at: negative.indexes[i], count: negative.counts[i]))
        }
        append(zeroBucket)
        let positive = positive
        for i in positive.indexes.indices {
            append(positiveBucket(at: positive.indexes[i], count: positive.counts[i]))
        }
        return text + "}"
    }
}

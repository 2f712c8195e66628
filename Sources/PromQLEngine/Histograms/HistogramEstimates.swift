public import TimeSeries

extension FloatHistogram {
    /// What `histogram_quantile` says of this histogram.
    public func estimatedQuantile(_ quantile: Double) -> Double {
        NativeQuantile(self).quantile(quantile).value
    }

    /// What `histogram_stddev` says of this histogram.
    public var estimatedDeviation: Double { variance.squareRoot() }
}

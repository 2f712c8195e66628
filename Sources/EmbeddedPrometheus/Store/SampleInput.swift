public import TimeSeries

/// What one sample of a series holds.
public enum SampleInput: Sendable {
    case float(Double)
    case histogram(FloatHistogram)
}

internal import PromQL
internal import TimeSeries

extension Evaluator {
    /// `rate`, `increase` and `delta`.
    func rateFunction(
        _ kind: FloatRate.Kind, _ vector: RangeVector, _ position: String
    ) -> RangeFunction {
        let rate = FloatRate(
            kind, windowLength: vector.windows.length, dialect: options.dialect)
        let floats: (RangeSeries) -> (Window) -> Double
        if let extended = vector.extended {
            floats = ExtendedRange.rate(rate, smoothed: extended == .smoothed)
        } else {
            floats = rate.prepare
        }
        return RangeFunction(
            floats: floats,
            histograms: .taken { series in
                let ofFloats = floats(series)
                return { window, annotations in
                    if window.histograms.isEmpty {
                        let value = ofFloats(window)
                        return SampleValue.isAbsent(value) ? .none : .float(value)
                    }
                    if !window.floats.isEmpty {
                        annotations.addMixedKinds(series.labels, at: position)
                        return .none
                    }
                    return .none
                }
            })
    }

    /// `irate` and `idelta`.
    func instantRateFunction(isRate: Bool, _ call: Call) -> RangeFunction {
        RangeFunction(
            floats: InstantRate.floats(isRate: isRate), histograms: .ignored)
    }
}

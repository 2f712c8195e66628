internal import GoText

/// The quantile of a set of floats, linearly interpolated, NaN smallest of all.
enum Quantile {
    static func value(_ quantile: Double, of values: [Double]) -> Double {
        if values.isEmpty || quantile.isNaN { return .nan }
        if quantile < 0 { return -.infinity }
        if quantile > 1 { return .infinity }
        let sorted = values.sorted { $0.isNaN ? !$1.isNaN : $0 < $1 }
        let rank = quantile * Double(sorted.count - 1)
        let lower = Int(max(0, rank.rounded(.down)))
        let upper = min(sorted.count - 1, lower + 1)
        let weight = rank - rank.rounded(.down)
        return sorted[lower] * (1 - weight) + sorted[upper] * weight
    }

    static func isOutside(_ quantile: Double) -> Bool {
        !(quantile >= 0 && quantile <= 1)
    }

    static func warning(_ quantile: Double) -> String {
        "quantile value should be between 0 and 1, got \(GoFloat.general(quantile))"
    }
}

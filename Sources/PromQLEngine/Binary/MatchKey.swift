internal import PromQL
internal import TimeSeries

/// The labels by which the elements of two vectors find each other.
struct MatchKey {
    private let names: LabelNames
    private let isOn: Bool

    init(_ matching: VectorMatching) {
        isOn = matching.isOn
        names = LabelNames(matching.isOn ? matching.labels : matching.labels + ["__name__"])
    }

    func key(of labels: LabelSet) -> LabelSet {
        isOn ? labels.keeping(names) : labels.removing(names)
    }

    /// Numbers the keys of both sides; equal keys have equal numbers.
    func numbers(
        _ left: [StepSeries], _ right: [StepSeries]
    ) -> (left: [Int], right: [Int], count: Int) {
        var known: [LabelSet: Int] = [:]
        known.reserveCapacity(max(left.count, right.count))
        func number(_ series: StepSeries) -> Int {
            let key = key(of: series.labels)
            if let number = known[key] { return number }
            known[key] = known.count
            return known.count - 1
        }
        let ofLeft = left.map(number)
        let ofRight = right.map(number)
        return (ofLeft, ofRight, known.count)
    }
}

/// At which steps a vector has any element.
struct Presence {
    private(set) var steps: [Bool]

    init(_ series: [StepSeries], steps count: Int) {
        steps = [Bool](repeating: false, count: count)
        for one in series { add(one) }
    }

    init(steps count: Int) { steps = [Bool](repeating: false, count: count) }

    mutating func add(_ series: StepSeries) {
        for step in steps.indices where !SampleValue.isAbsent(series.values[step]) {
            steps[step] = true
        }
        for step in series.histograms.keys { steps[step] = true }
    }
}

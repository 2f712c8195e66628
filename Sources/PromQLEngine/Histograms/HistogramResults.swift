internal import TimeSeries

/// Collects one number of every histogram at every step, by the histogram's place among all and,
/// where several numbers are taken of each, a text that tells them apart.
struct HistogramResults {
    private struct Key: Hashable {
        var place: Int
        var text: String
    }

    private let stepCount: Int
    private var keys: [Key] = []
    private var indices: [Key: Int] = [:]
    private var columns: [[Double]] = []

    init(stepCount: Int) { self.stepCount = stepCount }

    mutating func add(_ value: Double, place: Int, text: String = "", at step: Int) {
        let key = Key(place: place, text: text)
        let index = indices[key] ?? columns.count
        if index == columns.count {
            keys.append(key)
            indices[key] = index
            columns.append([Double](repeating: SampleValue.absent, count: stepCount))
        }
        columns[index][step] = value
    }

    /// In label order; labels may occur more than once.
    func series(labels: (Int, String) -> LabelSet) -> [StepSeries] {
        zip(keys, columns)
            .map { StepSeries(labels: labels($0.place, $0.text), values: $1) }
            .sorted { $0.labels < $1.labels }
    }
}

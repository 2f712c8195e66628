import PromQLEngine
import PrometheusWire
public import TimeSeries
import Upstream

/// Finds out what bucket layout the histograms of a fragment have whose bounds in print could be
/// exponential or custom: Prometheus interpolates on a logarithmic scale in exponential buckets
/// and linearly in custom ones, so the member is asked what it makes of them.
///
/// Servers before Prometheus 3 interpolate linearly in all, some in their time took the geometric
/// middle of all for the deviation. So a quantile that is not linear tells exponential buckets,
/// and a deviation from arithmetic middles tells custom ones; nothing else tells anything.
///
/// Pure: its owner puts `question` to the member, gives `take` the answer, and goes on until
/// there is no question left.
public struct BucketSchemaProbe: Sendable {
    public enum Question: Sendable, Hashable {
        case quantile(Double)
        case deviation
    }

    /// The series, with what was found out.
    public private(set) var series: [StepSeries]
    /// What to ask next; nil when there is nothing left to find out.
    public private(set) var question: Question?
    private var asked: Set<Question> = []

    /// A label for the metric name, which the functions drop.
    private static let nameLabel = "tributary_metric_name"
    /// Ranks that stand inside of one bucket or another.
    private static let quantiles = [0.4142, 0.5811, 0.2718, 0.7071, 0.1459, 0.8562, 0.0577, 0.9423]
    private static let maximumQuestions = 4
    /// Steps of a series that are compared; one would do if nothing changed in between.
    private static let maximumSteps = 8

    /// All series of a fragment, those included that leave no doubt.
    public init(_ series: [StepSeries]) {
        self.series = series
        settle()
        question = nextQuestion()
    }

    /// Whether some histogram could still be two things.
    public var isUndecided: Bool { series.contains { Self.isUndecided($0) } }

    /// Takes all undecided ones for exponential: members that know no custom buckets have no others.
    public mutating func takeForExponential() {
        for row in series.indices where Self.isUndecided(series[row]) {
            decide(row, asCustom: false)
        }
        settle()
        question = nil
    }

    /// The text that asks a question about the histograms of a fragment.
    public static func text(_ question: Question, about fragment: String) -> String {
        let named =
            "label_replace(\(fragment), \"\(nameLabel)\", \"$1\", \"__name__\", \"(.+)\")"
        switch question {
        case .quantile(let quantile): return "histogram_quantile(\(quantile), \(named))"
        case .deviation: return "histogram_stddev(\(named))"
        }
    }

    /// The member's answer to `question`, on the grid of the series.
    public mutating func take(_ answer: [StepSeries]) {
        guard let question else { return }
        asked.insert(question)
        var answers: [LabelSet: [String: [Double]]] = [:]
        for one in answer {
            let name = one.labels[Self.nameLabel] ?? ""
            answers[one.labels.removing(Self.dropped), default: [:]][name] = one.values
        }
        for row in series.indices where Self.isUndecided(series[row]) {
            guard let named = answers[series[row].labels.removing(Self.dropped)] else { continue }
            let name = series[row].labels["__name__"] ?? ""
            // A name that is to go at the end of the query can still be read by `label_replace`.
            guard
                let values = named[name]
                    ?? (name.isEmpty && named.count == 1
                        ? named.values.first : nil)
            else { continue }
            if let isCustom = verdict(on: series[row], values, question) {
                decide(row, asCustom: isCustom)
            }
        }
        settle()
        self.question = nextQuestion()
    }

    private static let dropped = LabelNames(["__name__", nameLabel])

    private static func isUndecided(_ series: StepSeries) -> Bool {
        series.histograms.contains { $0.value.layoutKnowledge == .undecided }
    }

    private mutating func settle() {
        for row in series.indices where !series[row].histograms.isEmpty {
            series[row].histograms = series[row].histograms.withSettledLayouts()
        }
    }

    private mutating func decide(_ row: Int, asCustom: Bool) {
        series[row].histograms = series[row].histograms.mapValues { histogram in
            guard histogram.layoutKnowledge == .undecided else { return histogram }
            let decided =
                asCustom ? histogram.asCustom : histogram.asExponential(amongSchemas: [])
            return decided ?? histogram
        }
    }

    /// A quantile first, for most histograms are exponential; then the deviation, for the rest are
    /// custom; then quantiles of other ranks, each only if it could tell something.
    private func nextQuestion() -> Question? {
        let open = series.filter(Self.isUndecided)
        if open.isEmpty { return nil }
        if !asked.isEmpty, !asked.contains(.deviation), told(by: .deviation, open) > 0 {
            return .deviation
        }
        guard asked.count < Self.maximumQuestions else { return nil }
        var best: (question: Question, told: Int)?
        for quantile in Self.quantiles where !asked.contains(.quantile(quantile)) {
            let question = Question.quantile(quantile)
            let told = told(by: question, open)
            if told > (best?.told ?? 0) { best = (question, told) }
            if told == open.count { break }
        }
        return best?.question
    }

    /// Of how many series the answer can tell the layout.
    private func told(by question: Question, _ series: [StepSeries]) -> Int {
        series.count { one in
            one.histograms.values.contains { prediction(question, of: $0) != nil }
        }
    }

    /// What either layout would make of an undecided histogram; nil where that is nearly the same.
    private func prediction(
        _ question: Question, of histogram: FloatHistogram
    ) -> (exponential: Double, custom: Double)? {
        guard let custom = histogram.asCustom else { return nil }
        // Inside of one bucket the schema does not matter.
        let exponential = histogram.asExponential(amongSchemas: []) ?? histogram
        let values: (Double, Double)
        switch question {
        case .quantile(let quantile):
            values = (
                exponential.estimatedQuantile(quantile), custom.estimatedQuantile(quantile)
            )
        case .deviation: values = (exponential.estimatedDeviation, custom.estimatedDeviation)
        }
        guard values.0.isFinite, values.1.isFinite, !Self.isNear(values.0, values.1, 1e-6) else {
            return nil
        }
        return values
    }

    /// Whether the answer about a series says custom (true) or exponential (false).
    private func verdict(
        on series: StepSeries, _ values: [Double], _ question: Question
    ) -> Bool? {
        var saysExponential = false
        var saysCustom = false
        var compared = 0
        for (step, histogram) in series.histograms
        where values.indices.contains(step) && !SampleValue.isAbsent(values[step]) {
            guard compared < Self.maximumSteps else { break }
            guard let (exponential, custom) = prediction(question, of: histogram) else { continue }
            compared += 1
            if Self.isNear(values[step], exponential, 1e-9) { saysExponential = true }
            if Self.isNear(values[step], custom, 1e-9) { saysCustom = true }
        }
        if saysExponential == saysCustom { return nil }
        switch question {
        case .quantile: return saysExponential ? false : nil
        case .deviation: return saysCustom ? true : nil
        }
    }

    private static func isNear(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
        (a - b).magnitude <= tolerance * max(a.magnitude, b.magnitude)
    }
}

/// Finds out the bucket layouts of a fetch's native histograms that their JSON leaves in doubt, by
/// further questions to the same member; most fetches need none.
struct BucketSchemaProbing {
    var asker: QuestionAsker
    var fetch: Plan.RemoteQuery
    var maxSeries: Int

    /// - Throws: `undecidable` where a doubt is left.
    func decided(_ series: [StepSeries]) async throws(UpstreamError) -> [StepSeries] {
        var probe = BucketSchemaProbe(series)
        if probe.isUndecided, await !asker.knowsCustomBuckets(fetch) { probe.takeForExponential() }
        while let question = probe.question {
            var further = fetch
            further.text = BucketSchemaProbe.text(question, about: fetch.text)
            do throws(UpstreamError) {
                probe.take(try await asker.columns(further, maxSeries: maxSeries).series)
            } catch {
                // A member that cannot be asked so leaves the doubt.
                guard case .rejectedQuery = error.kind else { throw error }
                probe.take([])
            }
        }
        for one in probe.series {
            for histogram in one.histograms.values { try Self.check(histogram, fetch) }
        }
        return probe.series
    }

    /// - Throws: `undecidable`, if the histogram could still be two things.
    static func check(
        _ histogram: FloatHistogram, _ fetch: Plan.RemoteQuery
    ) throws(UpstreamError) {
        guard histogram.layoutKnowledge == .undecided else { return }
        throw .undecidable(
            "native histograms of \(fetch.text) could have exponential or custom buckets: their "
                + "JSON does not tell, nor do the member's functions")
    }
}

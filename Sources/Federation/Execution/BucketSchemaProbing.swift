import PrometheusWire
import TimeSeries
import Upstream

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

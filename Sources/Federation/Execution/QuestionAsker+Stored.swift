import PrometheusWire
import TimeSeries
import Upstream

extension QuestionAsker {
    /// What a member has stored, with the partition label, in label order.
    func stored(
        _ selection: StoredSelection, of fetch: Plan.RemoteQuery, _ maxSeries: Int
    ) async throws(UpstreamError) -> FetchedAnswer {
        let member = project.members[fetch.member]
        let answer = try await source(member).stored(
            StoredQuestion(
                selection: selection, deadline: deadline,
                injection: LabelInjection(project.partition, of: member.name),
                work: turn.work))
        let bytes = answer.pages.reduce(0) { $0 + $1.bytes.count }
        // A message is no shorter than a few bytes a sample; what it becomes, a few times that.
        try await turn.hold(4 * bytes)
        var series = try await inTurn {
            try Self.check(answer.pages.reduce(0) { $0 + $1.series.count }, maxSeries)
            var series: [SampleSeries] = []
            for page in answer.pages {
                series += try RemoteSampleDecoder.series(of: page) { count throws(ScanError) in
                    try samples.take(count)
                }
            }
            return series
        }
        if series.contains(where: \.lacksBounds) {
            series = try await completed(series, answer, fetch)
        }
        series.sort { $0.labels < $1.labels }
        for (one, next) in zip(series, series.dropFirst()) where one.labels == next.labels {
            throw UpstreamError(kind: UpstreamError.Kind(ScanError.duplicate(one.labels)))
        }
        // The protocol tells no statistics.
        return FetchedAnswer(
            value: .samples(series), trailers: [ResponseScanner.Trailer()], bytes: bytes)
    }

    /// With the bounds of custom buckets in the histograms that came without.
    private func completed(
        _ series: [SampleSeries], _ answer: StoredAnswer, _ fetch: Plan.RemoteQuery
    ) async throws(UpstreamError) -> [SampleSeries] {
        let bounds = try await answer.bounds()
        let (completed, isWhole) = try await inTurn {
            var all = series
            var isWhole = true
            for row in all.indices where all[row].lacksBounds {
                isWhole = try bounds?.complete(&all[row]) ?? false && isWhole
            }
            return (all, isWhole)
        }
        guard isWhole else {
            throw .undecidable(
                "remote read of \(fetch.text) gives native histograms without the bounds of their "
                    + "custom buckets")
        }
        return completed
    }
}

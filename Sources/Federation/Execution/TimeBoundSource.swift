import GoText
import PrometheusWire
import TimeSeries
import Upstream
import UpstreamSettings

/// A member that is asked only for the steps that its samples can have a part in.
///
/// The value at a step depends on samples between two times around it. Where a member has none
/// between them, as its `timeRange` says, it has no part in the value. That holds for the parts of a
/// query that each member computes by itself: they are empty where there are no samples.
struct TimeBoundSource: FragmentSourceOverAnother {
    let source: any FragmentSource
    let range: TimeRange
    let now: Timestamp

    func open(_ question: FragmentQuestion) async throws(UpstreamError) -> any FragmentStream {
        switch Self.part(of: question, with: range, at: now) {
        case .all: return try await source.open(question)
        case .some(let grid):
            var part = question
            part.grid = grid
            return try await source.open(part)
        case .none: return NoSeries(question)
        }
    }

    func stored(_ question: StoredQuestion) async throws(UpstreamError) -> StoredAnswer {
        let selection = question.selection
        guard range.touches(from: selection.from, through: selection.through, at: now) else {
            return StoredAnswer(pages: []) { () async throws(UpstreamError) in nil }
        }
        return try await source.stored(question)
    }

    // MARK: - Which steps

    /// How much of a question a member can have a part in.
    enum Part: Equatable {
        case all
        case some(StepGrid)
        case none
    }

    static func part(
        of question: FragmentQuestion, with range: TimeRange, at now: Timestamp
    ) -> Part {
        part(of: question.text, on: question.grid, lookback: question.lookback, range, now)
    }

    /// - Parameter lookback: nil where it is not known.
    static func part(
        of text: String, on grid: StepGrid, lookback: Milliseconds?, _ range: TimeRange,
        _ now: Timestamp
    ) -> Part {
        guard grid.count > 0, let lookback, let reach = FragmentReach(text) else { return .all }
        let (from, through) = range.bounds(at: now)
        let behind = Milliseconds(reach.behind.count + lookback.count)
        if let fixed = reach.fixed, fixed >= from, fixed - behind <= through { return .all }
        // The touched steps are next to one another.
        let first = firstIndex(below: grid.count) {
            grid.time(at: $0).clampedSum(reach.ahead) >= from
        }
        let end = firstIndex(below: grid.count) {
            grid.time(at: $0).clampedSum(-behind) > through
        }
        guard first < end else { return .none }
        if first == 0, end == grid.count { return .all }
        return .some(
            StepGrid(start: grid.time(at: first), end: grid.time(at: end - 1), step: grid.step))
    }

    /// The first index that is so, of which all behind it are too; `count` for none.
    private static func firstIndex(below count: Int, _ isSo: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if isSo(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// The answer of a member that has no part in it.
private struct NoSeries: FragmentStream {
    private let end: ResponseScanner.Trailer

    init(_ question: FragmentQuestion) {
        var trailer = ResponseScanner.Trailer()
        let type = question.grid.isInstant ? question.resultType : .matrix
        trailer.resultType = type.rawValue
        trailer.statistics = question.statistics.map {
            SampleStatistics.nothing($0, on: question.grid)
        }
        end = trailer
    }

    func next() async throws(UpstreamError) -> SeriesPage? { nil }

    func trailer() async -> ResponseScanner.Trailer { end }
}

import GoText
public import PromQL
public import TimeSeries

/// How `SelectSeries` is asked of members, and how their series become one answer.
///
/// Members are asked for their groups without the labels that are added, and without a limit. Groups
/// that are equal in all members' eyes are one, their values at equal times added.
public struct ProfileSeriesPlan: Sendable {
    public let request: SelectSeriesRequest
    private let selector: ProfileSelector
    private let restriction: [LabelMatcher]
    private let step: Milliseconds

    /// - Parameters:
    ///   - members: what the series of each member get that could be asked.
    ///   - restriction: matchers that a series must satisfy too for the client to see it.
    /// - Throws: `invalid_argument` for a request that is none, `failed_precondition` for averages
    ///   that would be of several members: how many profiles each is of is not known.
    public init(
        _ request: SelectSeriesRequest, members: [LabelInjection],
        restriction: [LabelMatcher] = []
    ) throws(ConnectError) {
        self.request = request
        self.restriction = restriction
        selector = try ProfileSelector(request.labelSelector)
        guard request.step >= 0.001, request.step <= 1e12 else {
            throw ConnectError(
                .invalidArgument, "step must be a number of seconds, of a millisecond or more")
        }
        step = Milliseconds(Int64(request.step * 1000))
        switch request.aggregation ?? .sum {
        case .sum: return
        case .average:
            let chosen = members.filter {
                selector.selector(toMember: $0, restriction: restriction) != nil
            }
            guard Self.tell(chosen, apart: request.groupBy) else {
                let label = chosen.first?.labels.first?.name ?? ""
                throw ConnectError(
                    .failedPrecondition,
                    "an average over several members is not the average of theirs: group by "
                        + "\(GoQuoting.quote(label)), select one of its values, or ask for sums")
            }
        default:
            throw ConnectError(.invalidArgument, "unknown aggregation of a time series")
        }
    }

    /// Whether no two members can have a group in common.
    private static func tell(_ members: [LabelInjection], apart groupBy: [String]) -> Bool {
        if members.count < 2 { return true }
        return groupBy.contains { name in
            let values = members.compactMap { $0.value(of: name) }.filter { !$0.isEmpty }
            return values.count == members.count
                && Set(values.map(ByteString.init)).count == members.count
        }
    }

    /// What a member is asked; nil when it is not chosen.
    public func request(toMember labels: LabelInjection) -> SelectSeriesRequest? {
        guard let own = selector.selector(toMember: labels, restriction: restriction) else {
            return nil
        }
        var request = request
        request.labelSelector = own.text
        request.groupBy = labels.memberNames(of: request.groupBy)
        request.limit = nil
        return request
    }

    /// The union's series: by labels, or, with a limit, by their totals, the largest first.
    ///
    /// Not compared with a real server: the order of series with a limit.
    ///
    /// - Throws: `OffGrid` where members answered at times that differ by no multiple of the step.
    public func merging(
        _ answers: [MemberAnswer<SelectSeriesResponse>]
    ) throws(OffGrid) -> SelectSeriesResponse {
        try check(answers)
        let kept = LabelNames(request.groupBy)
        var groups: [LabelSet: [[ProfileSeries.Point]]] = [:]
        for answer in answers {
            for series in answer.answer.series {
                let labels = answer.labels.injecting(into: LabelSet(series.labels)).keeping(kept)
                groups[labels, default: []].append(series.points)
            }
        }
        var merged = groups.sorted { $0.key < $1.key }.map { group in
            var series = ProfileSeries()
            series.labels = group.key.labelPairs
            series.points = Self.sum(group.value)
            return series
        }
        if let limit = request.limit, limit > 0 {
            let totals = merged.map { series in
                let total = series.points.reduce(0) { $0 + $1.value }
                // What is no number has no place in an order.
                return total.isNaN ? -Double.infinity : total
            }
            let order = merged.indices.sorted {
                totals[$0] == totals[$1] ? $0 < $1 : totals[$0] > totals[$1]
            }
            merged = order.prefix(Int(clamping: limit)).map { merged[$0] }
        }
        var response = SelectSeriesResponse()
        response.series = merged
        return response
    }

    private static func sum(_ parts: [[ProfileSeries.Point]]) -> [ProfileSeries.Point] {
        if parts.count == 1 { return parts[0] }
        var values: [Timestamp: Double] = [:]
        for point in parts.joined() { values[point.time, default: 0] += point.value }
        return values.sorted { $0.key < $1.key }.map { ProfileSeries.Point($0.key, $0.value) }
    }

    /// A member whose points stand at other times than those of the members before it.
    public struct OffGrid: Error, Sendable, Hashable {
        public let member: String
        /// The first such time.
        public let time: Timestamp
    }

    private func check(_ answers: [MemberAnswer<SelectSeriesResponse>]) throws(OffGrid) {
        let answered = answers.filter { $0.answer.series.contains { !$0.points.isEmpty } }
        guard answered.count > 1 else { return }
        var phase: Int64?
        for answer in answered {
            for point in answer.answer.series.lazy.flatMap(\.points) {
                let remainder = point.time.milliseconds % step.count
                let own = remainder < 0 ? remainder + step.count : remainder
                guard own == phase ?? own else {
                    throw OffGrid(member: answer.member, time: point.time)
                }
                phase = own
            }
        }
    }
}

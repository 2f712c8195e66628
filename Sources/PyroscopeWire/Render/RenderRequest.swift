public import GoText
import PromQL

/// A request to `/render`, which asks for a flame graph and a time series at once.
public struct RenderRequest: Sendable, Equatable {
    public let profileType: ProfileType
    /// What the flame graph is asked with.
    public let profile: SelectMergeStacktracesRequest
    /// What the time series are asked with: steps of `step`.
    public let series: SelectSeriesRequest
    /// The label whose values have a time series each; nil for one of everything.
    public let groupBy: String?
    /// Of the time series, whole seconds.
    public let step: Duration

    /// - Parameter all: the values of a parameter, in their order.
    /// - Throws: `invalid_argument` for a parameter that is wrong, `unimplemented` for a form of the
    ///   answer that is not merged over members.
    public init(
        now: Timestamp, parameters all: (String) -> [String]
    ) throws(ConnectError) {
        func first(_ name: String) -> String? {
            all(name).first { !$0.isEmpty }
        }
        guard let query = first("query") else {
            throw ConnectError(.invalidArgument, "'query' is required")
        }
        let (type, selector) = try Self.parse(query)
        let start = try RenderTime.parse(first("from") ?? "now-1h", now: now)
        let end = try RenderTime.parse(first("until") ?? "now", now: now)
        guard start <= end else {
            throw ConnectError(.invalidArgument, "from is after until")
        }
        if let format = first("format"), format != "json" {
            throw ConnectError(
                .unimplemented,
                "format \(GoQuoting.quote(format)) is not answered over several members; json is")
        }
        let groups = all("groupBy").filter { !$0.isEmpty }
        guard groups.count < 2 else {
            throw ConnectError(.invalidArgument, "groupBy takes one label")
        }
        step = Timeline.step(from: start, to: end)
        guard let span = end.distance(from: start),
            span.count / Milliseconds(step).count < Self.maximumSteps
        else {
            throw ConnectError(.invalidArgument, "from and until are too far apart")
        }
        profileType = type
        groupBy = groups.first

        var profile = SelectMergeStacktracesRequest()
        profile.profileTypeID = type.id
        profile.labelSelector = selector.text
        profile.start = start
        profile.end = end
        profile.maxNodes = try Self.maxNodes(first("maxNodes") ?? first("max-nodes"))
        self.profile = profile

        var series = SelectSeriesRequest()
        series.profileTypeID = type.id
        series.labelSelector = selector.text
        series.start = start
        series.end = end
        series.groupBy = groups
        series.step = Double(step.components.seconds)
        self.series = series
    }

    /// Of a time series; only ranges of thousands of years have more.
    private static let maximumSteps = 11_000

    /// `<type>{…}`: the type stands where a metric's name does.
    private static func parse(
        _ query: String
    ) throws(ConnectError) -> (type: ProfileType, selector: ProfileSelector) {
        let whole = try ProfileSelector(query)
        guard let name = whole.matchers.first(where: { $0.isOfName && $0.op == .equal }) else {
            throw ConnectError(.invalidArgument, "query must contain a profile-type selection")
        }
        guard let type = ProfileType(id: name.value) else {
            throw ConnectError(
                .invalidArgument,
                "\(GoQuoting.quote(name.value)) is no profile type: it is written "
                    + "<name>:<sample type>:<sample unit>:<period type>:<period unit>")
        }
        return (type, ProfileSelector(matchers: whole.matchers.filter { !$0.isOfName }))
    }

    private static func maxNodes(_ text: String?) throws(ConnectError) -> Int64? {
        guard let text else { return nil }
        guard let count = Int64(text) else {
            throw ConnectError(
                .invalidArgument, "maxNodes \(GoQuoting.quote(text)) is no whole number")
        }
        return count
    }
}

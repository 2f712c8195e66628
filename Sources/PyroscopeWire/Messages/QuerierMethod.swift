/// The methods of the service that is asked for profiles.
public enum QuerierMethod: String, Sendable, Hashable, CaseIterable {
    case profileTypes = "ProfileTypes"
    case labelNames = "LabelNames"
    case labelValues = "LabelValues"
    case series = "Series"
    case selectMergeStacktraces = "SelectMergeStacktraces"
    case selectMergeSpanProfile = "SelectMergeSpanProfile"
    case selectSeries = "SelectSeries"
    case getProfileStats = "GetProfileStats"
    case diff = "Diff"
    case selectMergeProfile = "SelectMergeProfile"
    case selectHeatmap = "SelectHeatmap"
    case analyzeQuery = "AnalyzeQuery"

    private static let service = "/querier.v1.QuerierService/"

    /// Where a server is asked, from its root.
    public var path: String { Self.service + rawValue }

    /// The method of a path from the root; nil when there is none.
    public init?(path: String) {
        guard path.hasPrefix(Self.service) else { return nil }
        self.init(rawValue: String(path.dropFirst(Self.service.count)))
    }

    /// The answer to a method that is not answered over members; nil for one that is.
    public var refusal: ConnectError? {
        switch self {
        case .profileTypes, .labelNames, .labelValues, .series, .selectMergeStacktraces,
            .selectMergeSpanProfile, .selectSeries, .getProfileStats:
            nil
        case .diff, .selectMergeProfile, .selectHeatmap, .analyzeQuery:
            ConnectError(
                .unimplemented,
                "\(rawValue) is not answered over several members; flame graphs "
                    + "(SelectMergeStacktraces) and series (SelectSeries) are")
        }
    }
}

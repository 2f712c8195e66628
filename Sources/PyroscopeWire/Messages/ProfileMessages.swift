public import GoText

/// `SelectMergeStacktraces`: one profile, merged from all that match.
public struct SelectMergeStacktracesRequest: ConnectMessage {
    public var profileTypeID = ""
    public var labelSelector = ""
    public var start: Timestamp = 0
    public var end: Timestamp = 0
    /// How many nodes the flame graph may have; nil and 0 for the server's default.
    public var maxNodes: Int64?
    public var format = ProfileFormat.unspecified
    public var stackTraceSelector: StackTraceSelector?
    public var profileIDSelector: [String] = []
    /// Not compared with a real server: which of the two numbers, 10 and 11, is which name.
    public var traceIDSelector: [String] = []
    public var spanSelector: [String] = []

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .value(1, "profile_typeID", \.profileTypeID),
        .value(2, "label_selector", \.labelSelector),
        .value(3, "start", \.start.milliseconds), .value(4, "end", \.end.milliseconds),
        .optional(5, "max_nodes", \.maxNodes), .value(6, "format", \.format),
        .message(7, "stack_trace_selector", \.stackTraceSelector),
        .list(8, "profile_id_selector", \.profileIDSelector),
        .list(10, "trace_id_selector", \.traceIDSelector),
        .list(11, "span_selector", \.spanSelector),
    ]
}

/// What form a profile is given in.
public struct ProfileFormat: ConnectEnumeration, Hashable {
    public var rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// A flame graph too.
    public static let unspecified = ProfileFormat(rawValue: 0)
    public static let flameGraph = ProfileFormat(rawValue: 1)
    public static let tree = ProfileFormat(rawValue: 2)
    public static let dot = ProfileFormat(rawValue: 3)
    public static let pprof = ProfileFormat(rawValue: 4)

    static let unknownName = ProfileFormat(rawValue: -1)
    static let names: [(name: String, value: ProfileFormat)] = [
        ("PROFILE_FORMAT_UNSPECIFIED", unspecified), ("PROFILE_FORMAT_FLAMEGRAPH", flameGraph),
        ("PROFILE_FORMAT_TREE", tree), ("PROFILE_FORMAT_DOT", dot),
        ("PROFILE_FORMAT_PPROF", pprof),
    ]

    /// The answer to a request for a form that is not merged over members; nil for a flame graph.
    public var refusal: ConnectError? {
        if self == .unspecified || self == .flameGraph { return nil }
        let name = Self.names.first { $0.value == self }?.name ?? "this format"
        return ConnectError(
            .unimplemented,
            "\(name) is not answered over several members; PROFILE_FORMAT_FLAMEGRAPH is")
    }
}

/// Which stacks are taken of a profile.
public struct StackTraceSelector: ConnectMessage, Hashable {
    /// The functions that a stack begins with, the root first.
    public var callSite: [Location] = []
    public var goPGO: GoPGO?

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .messages(1, "call_site", \.callSite), .message(2, "go_pgo", \.goPGO),
    ]

    /// A function in a stack.
    public struct Location: ConnectMessage, Hashable {
        public var name = ""

        public init() {}

        public static let fields: [ConnectField<Self>] = [.value(1, "name", \.name)]
    }

    /// What Go's optimisation by profiles needs of a profile.
    public struct GoPGO: ConnectMessage, Hashable {
        /// How many locations at the leaf are kept.
        public var keepLocations: UInt32 = 0
        public var aggregateCallees = false

        public init() {}

        public static let fields: [ConnectField<Self>] = [
            .value(1, "keep_locations", \.keepLocations),
            .value(2, "aggregate_callees", \.aggregateCallees),
        ]
    }
}

/// A flame graph; nil where the answer holds another form of the profile.
public struct SelectMergeStacktracesResponse: ConnectMessage {
    public var flamegraph: FlameGraph?

    public init() {}

    public init(_ flamegraph: FlameGraph) { self.flamegraph = flamegraph }

    public static let fields: [ConnectField<Self>] = [.message(1, "flamegraph", \.flamegraph)]
}

/// `SelectMergeSpanProfile`: as `SelectMergeStacktraces`, of some spans alone.
public struct SelectMergeSpanProfileRequest: ConnectMessage {
    public var profileTypeID = ""
    public var labelSelector = ""
    public var spanSelector: [String] = []
    public var start: Timestamp = 0
    public var end: Timestamp = 0
    /// How many nodes the flame graph may have; nil and 0 for the server's default.
    public var maxNodes: Int64?
    public var format = ProfileFormat.unspecified

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .value(1, "profile_typeID", \.profileTypeID),
        .value(2, "label_selector", \.labelSelector), .list(3, "span_selector", \.spanSelector),
        .value(4, "start", \.start.milliseconds), .value(5, "end", \.end.milliseconds),
        .optional(6, "max_nodes", \.maxNodes), .value(7, "format", \.format),
    ]
}

/// As `SelectMergeStacktracesResponse`, the answer to `SelectMergeSpanProfile`.
public typealias SelectMergeSpanProfileResponse = SelectMergeStacktracesResponse

/// A flame graph, level by level. The numbers of a level come in fours, one four for each node from
/// left to right: how far the node is from the end of the one before it, its total, its self, and
/// its name's place among the names.
public struct FlameGraph: ConnectMessage {
    public var names: [String] = []
    public var levels: [Level] = []
    /// Of the root.
    public var total: Int64 = 0
    /// The largest self of a node.
    public var maxSelf: Int64 = 0

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .list(1, "names", \.names), .messages(2, "levels", \.levels),
        .value(3, "total", \.total), .value(4, "max_self", \.maxSelf),
    ]

    /// The nodes at one distance from the root.
    public struct Level: ConnectMessage {
        public var values: [Int64] = []

        public init() {}

        public init(_ values: [Int64]) { self.values = values }

        public static let fields: [ConnectField<Self>] = [.list(1, "values", \.values)]
    }
}

/// `SelectSeries`: the sums of profiles over time.
public struct SelectSeriesRequest: ConnectMessage {
    public var profileTypeID = ""
    public var labelSelector = ""
    public var start: Timestamp = 0
    public var end: Timestamp = 0
    /// The labels that series keep; none for one series of everything.
    public var groupBy: [String] = []
    /// In seconds.
    public var step: Double = 0
    public var aggregation: SeriesAggregation?
    public var stackTraceSelector: StackTraceSelector?
    /// How many series are given, those of the largest totals; nil and 0 for all.
    public var limit: Int64?

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .value(1, "profile_typeID", \.profileTypeID),
        .value(2, "label_selector", \.labelSelector),
        .value(3, "start", \.start.milliseconds), .value(4, "end", \.end.milliseconds),
        .list(5, "group_by", \.groupBy), .value(6, "step", \.step),
        .optional(7, "aggregation", \.aggregation),
        .message(8, "stack_trace_selector", \.stackTraceSelector),
        .optional(9, "limit", \.limit),
    ]
}

/// How the profiles of one step become one value.
public struct SeriesAggregation: ConnectEnumeration, Hashable {
    public var rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let sum = SeriesAggregation(rawValue: 0)
    public static let average = SeriesAggregation(rawValue: 1)

    static let unknownName = SeriesAggregation(rawValue: -1)
    static let names: [(name: String, value: SeriesAggregation)] = [
        ("TIME_SERIES_AGGREGATION_TYPE_SUM", sum),
        ("TIME_SERIES_AGGREGATION_TYPE_AVERAGE", average),
    ]
}

/// Time series, one of each group.
public struct SelectSeriesResponse: ConnectMessage {
    public var series: [ProfileSeries] = []

    public init() {}

    public static let fields: [ConnectField<Self>] = [.messages(1, "series", \.series)]
}

/// The values of one group over time.
public struct ProfileSeries: ConnectMessage {
    public var labels: [LabelPair] = []
    public var points: [Point] = []

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .messages(1, "labels", \.labels), .messages(2, "points", \.points),
    ]

    /// The value of one step.
    public struct Point: ConnectMessage {
        public var value: Double = 0
        public var time: Timestamp = 0

        public init() {}

        public init(_ time: Timestamp, _ value: Double) {
            self.time = time
            self.value = value
        }

        public static let fields: [ConnectField<Self>] = [
            .value(1, "value", \.value), .value(2, "timestamp", \.time.milliseconds),
        ]
    }
}

public import GoText
public import TimeSeries

/// A name and a value of a label.
public struct LabelPair: ConnectMessage, Hashable {
    public var name = ""
    public var value = ""

    public init() {}

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    public static let fields: [ConnectField<Self>] = [
        .value(1, "name", \.name), .value(2, "value", \.value),
    ]
}

extension LabelSet {
    /// The labels of a message; of a name that occurs twice the last one counts.
    init(_ pairs: [LabelPair]) { self.init(pairs.map { (name: $0.name, value: $0.value) }) }

    /// In the order of their names.
    var labelPairs: [LabelPair] { pairs.map { LabelPair($0.name, $0.value) } }
}

/// `LabelNames`: which labels series have.
public struct LabelNamesRequest: ConnectMessage {
    /// Selectors, of which a series satisfies one; all series where there are none.
    public var matchers: [String] = []
    public var start: Timestamp = 0
    public var end: Timestamp = 0

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .list(1, "matchers", \.matchers), .value(2, "start", \.start.milliseconds),
        .value(3, "end", \.end.milliseconds),
    ]
}

/// Names of labels, in order.
public struct LabelNamesResponse: ConnectMessage {
    public var names: [String] = []

    public init() {}

    public static let fields: [ConnectField<Self>] = [.list(1, "names", \.names)]
}

/// `LabelValues`: which values a label has.
public struct LabelValuesRequest: ConnectMessage {
    public var name = ""
    /// Selectors, of which a series satisfies one; all series where there are none.
    public var matchers: [String] = []
    public var start: Timestamp = 0
    public var end: Timestamp = 0

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .value(1, "name", \.name), .list(2, "matchers", \.matchers),
        .value(3, "start", \.start.milliseconds), .value(4, "end", \.end.milliseconds),
    ]
}

/// Values of a label, in order.
public struct LabelValuesResponse: ConnectMessage {
    /// The values; the field is called so.
    public var names: [String] = []

    public init() {}

    public static let fields: [ConnectField<Self>] = [.list(1, "names", \.names)]
}

/// `Series`: which label sets there are.
public struct SeriesRequest: ConnectMessage {
    /// Selectors, of which a series satisfies one; all series where there are none.
    public var matchers: [String] = []
    /// The labels that are wanted; all where there are none.
    public var labelNames: [String] = []
    public var start: Timestamp = 0
    public var end: Timestamp = 0

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .list(1, "matchers", \.matchers), .list(2, "label_names", \.labelNames),
        .value(3, "start", \.start.milliseconds), .value(4, "end", \.end.milliseconds),
    ]
}

/// Label sets, each once.
public struct SeriesResponse: ConnectMessage {
    public var labelsSet: [Labels] = []

    public init() {}

    public static let fields: [ConnectField<Self>] = [.messages(2, "labels_set", \.labelsSet)]

    /// The labels of one series.
    public struct Labels: ConnectMessage {
        public var labels: [LabelPair] = []

        public init() {}

        public init(_ labels: LabelSet) { self.labels = labels.labelPairs }

        public static let fields: [ConnectField<Self>] = [.messages(1, "labels", \.labels)]
    }
}

/// `ProfileTypes`: which kinds of profiles there are.
public struct ProfileTypesRequest: ConnectMessage {
    public var start: Timestamp = 0
    public var end: Timestamp = 0

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .value(1, "start", \.start.milliseconds), .value(2, "end", \.end.milliseconds),
    ]
}

/// Kinds of profiles, by their IDs.
public struct ProfileTypesResponse: ConnectMessage {
    public var profileTypes: [ProfileType] = []

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .messages(1, "profile_types", \.profileTypes)
    ]
}

/// A kind of profile, `process_cpu:cpu:nanoseconds:cpu:nanoseconds` by its ID.
public struct ProfileType: ConnectMessage, Hashable {
    public var id = ""
    public var name = ""
    public var sampleType = ""
    public var sampleUnit = ""
    public var periodType = ""
    public var periodUnit = ""

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .value(1, "ID", \.id), .value(2, "name", \.name),
        .value(4, "sample_type", \.sampleType), .value(5, "sample_unit", \.sampleUnit),
        .value(6, "period_type", \.periodType), .value(7, "period_unit", \.periodUnit),
    ]

    /// The parts of an ID; nil for a text that has not five of them, or six, the last of which is
    /// `delta`.
    public init?(id: String) {
        let parts = id.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5 || (parts.count == 6 && parts[5] == "delta") else { return nil }
        self.id = id
        name = parts[0]
        sampleType = parts[1]
        sampleUnit = parts[2]
        periodType = parts[3]
        periodUnit = parts[4]
    }
}

/// `GetProfileStats`: whether a server has profiles, and of which time.
public struct GetProfileStatsRequest: ConnectMessage {
    public init() {}

    public static let fields: [ConnectField<Self>] = []
}

/// Of all profiles that a server has.
public struct GetProfileStatsResponse: ConnectMessage {
    /// Whether any profile has ever come.
    public var dataIngested = false
    public var oldestProfileTime: Timestamp = 0
    public var newestProfileTime: Timestamp = 0

    public init() {}

    public static let fields: [ConnectField<Self>] = [
        .value(1, "data_ingested", \.dataIngested),
        .value(2, "oldest_profile_time", \.oldestProfileTime.milliseconds),
        .value(3, "newest_profile_time", \.newestProfileTime.milliseconds),
    ]
}

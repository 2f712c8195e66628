import UpstreamSettings

/// How much one request, one member or one client may cost. Each limit has a key of the same name
/// under `limits`.
public struct Limits: Sendable, Hashable {
    /// Bytes that queries under way may cost besides the answers they hold; further ones are refused.
    public var maxQueueMemory = 256 << 20
    /// Bytes of memory that are lent to all requests together: for members' answers, columns, answers
    /// that clients read slowly, and bodies of requests. nil for three quarters of what the machine,
    /// or the control group of the process, has.
    public var maxMemory: Int?
    /// Bytes of one query's text.
    public var maxQueryBytes = 256 * 1024
    /// Requests to members that one query may make.
    public var maxMemberRequests = 2000
    /// Requests to members under way at once, of one query.
    public var maxMemberConcurrency = 64
    /// Series in an answer, and in what one fragment fetches.
    public var maxSeries = 2_000_000
    /// Bytes of one member's answer as it comes over the wire.
    public var maxResponseBytes = 1 << 30
    /// Bytes of one member's answer once inflated.
    public var maxInflatedBytes = 4 << 30
    /// Bytes of an answer that are held back until every member succeeded; a longer answer is sent
    /// while it is made.
    public var heldAnswerBytes = 1 << 20
    /// Lines of one answer of logs.
    public var maxLogLines = 5000
    /// Bytes of a trace that is put together of what members have.
    public var maxTraceBytes = 50 << 20
    /// Connections of clients at once.
    public var maxConnections = 4096
    /// Connections of one client address at once; of IPv6 addresses, of one network of 64 bits.
    public var maxConnectionsPerClient = 1024
    /// Bytes of a request's head: its first line and all header fields.
    public var maxHeaderBytes = 1024 * 1024
    /// Bytes of a form that a client sends.
    public var maxFormBytes = 10 << 20
    /// Bytes of the bodies of all requests under way; further ones are refused.
    public var maxRequestMemory = 256 << 20
    /// What a request's head has to come, from its first byte on; of its body 16 KiB have to come in
    /// each such time.
    public var headTimeout = Duration.seconds(10)
    /// After this an idle connection of a client is closed, and one whose answer is not taken.
    public var idleTimeout = Duration.seconds(300)
    /// What requests under way have to end when the gateway stops.
    public var shutdownGrace = Duration.seconds(10)

    public init() {}
}

/// How queries are evaluated; defaults as Prometheus.
public struct QuerySettings: Sendable, Hashable {
    /// Which ends of range and lookback windows are included where the gateway itself looks.
    public enum RangeBoundary: String, Sendable, Hashable, CaseIterable {
        /// As the members' version says.
        case auto
        /// Prometheus 3.x: `(t - range, t]`.
        case leftOpen
        /// Prometheus 2.x: `[t - range, t]`.
        case closed
    }

    /// Parts of the language that Prometheus has behind feature flags, by the flags' names.
    public enum Feature: String, Sendable, Hashable, CaseIterable {
        case experimentalFunctions = "promql-experimental-functions"
        case durationExpressions = "promql-duration-expr"
        case extendedRangeSelectors = "promql-extended-range-selectors"
        case binaryFillModifiers = "promql-binop-fill-modifiers"
        case delayedNameRemoval = "promql-delayed-name-removal"
        case startTimestamps = "use-start-timestamps"
        case typeAndUnitLabels = "type-and-unit-labels"
    }

    /// How far an instant selector looks back.
    public var lookback = Duration.seconds(300)
    /// What a query may take, waiting for its turn included.
    public var timeout = Duration.seconds(120)
    /// Samples in memory at once, of one query.
    public var maxSamples = 50_000_000
    /// Queries at once; others wait.
    public var maxConcurrency = 20
    /// The step of subqueries that name none.
    public var defaultSubqueryStep = Duration.seconds(60)
    /// After this a second cluster of a pool is asked beside a slow one.
    public var hedgeAfter = Duration.seconds(1)
    public var rangeBoundary: RangeBoundary = .auto
    /// What is switched on.
    public var features: Set<Feature> = []
    public var log = QueryLogSettings()

    public init() {}
}

/// Whether what members answered is kept, and how long after its time a sample may come in.
public struct CacheSettings: Sendable, Hashable {
    public var enabled = true
    /// Bytes of memory, a part of `Limits.maxMemory` and at most half of that; nil for a sixteenth, at
    /// most 256 MiB.
    public var memory: Int?
    /// Values at steps younger than this are not kept.
    public var tail = Duration.seconds(600)
    /// Where several gateways keep it for one another; nil for nowhere.
    public var redis: RedisSettings?

    public init() {}
}

/// How members are asked in the background whether they are there.
public struct ProbeSettings: Sendable, Hashable {
    /// The least between two probes of a member.
    public static let shortestInterval = Duration.milliseconds(100)

    /// Between two probes of a member; zero for none.
    public var interval = Duration.seconds(10)

    public init() {}
}

/// A Redis or Valkey server in which several gateways keep what members answered for one another.
public struct RedisSettings: Sendable, Hashable {
    /// An answer is used no longer than this, wherever it is kept.
    public static let longestLifetime = Duration.seconds(3600)
    /// The longest that queries can be told to wait for it.
    public static let longestTimeout = Duration.seconds(5)

    public var address: RedisAddress
    /// Of the URL, or one of its own.
    public var password: Secret?
    /// What entries are signed with; nil to guard against accidents alone.
    public var secret: Secret?
    /// What the names of entries begin with.
    public var prefix = "tributary:"
    /// How long a query waits for what is there.
    public var timeout = Duration.milliseconds(50)
    /// How long an entry stays there at most.
    public var lifetime = RedisSettings.longestLifetime

    public init(address: RedisAddress) {
        self.address = address
        password = address.password
    }

    public var secrets: [Secret] { [password, secret].compactMap { $0 } }
}

/// Sizes: a number of bytes, or a number with `KB`, `MB`, `GB` (powers of 1000) or `KiB`, `MiB`,
/// `GiB` (powers of 1024).
public enum ByteCountText {
    private static let units: [(name: String, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("GB", 1_000_000_000),
        ("MB", 1_000_000), ("KB", 1000),
    ]

    /// Bytes, or nil when the text is not a size or too large to count.
    public static func bytes(_ text: String) -> Int? {
        for unit in units where text.hasSuffix(unit.name) {
            guard let amount = number(text.dropLast(unit.name.count)) else { return nil }
            let (bytes, overflow) = amount.multipliedReportingOverflow(by: unit.bytes)
            return overflow ? nil : bytes
        }
        return number(text[...])
    }

    /// With the largest unit that divides it.
    public static func text(_ bytes: Int) -> String {
        for unit in units.prefix(3) where bytes >= unit.bytes && bytes % unit.bytes == 0 {
            return "\(bytes / unit.bytes)\(unit.name)"
        }
        return String(bytes)
    }

    private static func number(_ text: Substring) -> Int? {
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(text)
    }
}

/// What a violation of "one pool, one bucket; different pools, different buckets" does.
public enum BucketRule: String, Sendable, Hashable, CaseIterable {
    /// The gateway does not start.
    case enforce
    case warn
}

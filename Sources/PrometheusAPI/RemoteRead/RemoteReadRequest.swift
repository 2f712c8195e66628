/// What remote read asks: `prometheus.ReadRequest`.
public struct RemoteReadRequest: Sendable, Equatable {
    /// How the answer may look, by the numbers of the protocol; those that are not known are kept.
    public struct ResponseType: RawRepresentable, Sendable, Hashable {
        public var rawValue: Int32

        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// One message with every sample.
        public static let samples = ResponseType(rawValue: 0)
        /// Frames of chunks as they are stored.
        public static let streamedChunks = ResponseType(rawValue: 1)
    }

    public struct Matcher: Sendable, Equatable {
        public enum Operator: Int32, Sendable {
            case equal = 0
            case notEqual = 1
            case regexMatch = 2
            case regexNoMatch = 3
        }

        public var op: Operator
        public var name: String
        public var value: String

        public init(_ name: String, _ op: Operator, _ value: String) {
            self.name = name
            self.op = op
            self.value = value
        }
    }

    /// What the client is about to do with the series; a server may use it or not.
    public struct Hints: Sendable, Equatable {
        public var step: Int64 = 0
        public var function = ""
        public var start: Int64 = 0
        public var end: Int64 = 0
        public var grouping: [String] = []
        public var isBy = false
        public var range: Int64 = 0

        public init() {}
    }

    public struct Query: Sendable, Equatable {
        /// Milliseconds since the epoch; both ends belong to the interval.
        public var start: Int64
        public var end: Int64
        public var matchers: [Matcher]
        public var hints: Hints?

        public init(start: Int64, end: Int64, matchers: [Matcher], hints: Hints? = nil) {
            self.start = start
            self.end = end
            self.matchers = matchers
            self.hints = hints
        }
    }

    public var queries: [Query]
    /// In the order of preference; none means samples.
    public var accepted: [ResponseType]

    public init(queries: [Query], accepted: [ResponseType]) {
        self.queries = queries
        self.accepted = accepted
    }

    /// The first accepted type that is known; nil when none is.
    public var chosenType: ResponseType? {
        if accepted.isEmpty { return .samples }
        return accepted.first { $0 == .samples || $0 == .streamedChunks }
    }
}

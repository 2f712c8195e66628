import Synchronization

/// What one query did, gathered while it runs: for the query log, and for clients that want to know.
public final class QueryRecord: Sendable {
    /// Requests to members that are told one by one; of more, the number is told.
    public static let mostRequests = 200
    /// Members that are told as missing.
    private static let mostMissing = 200

    /// One request to a member, retries included.
    public struct MemberRequest: Sendable, Equatable {
        public var member: String
        public var duration: Duration
        /// Of the body, inflated.
        public var bytes: Int
        public var attempts: Int
        /// Such as `HTTP/2`; nil where no answer began.
        public var httpVersion: String?
        /// Why it failed; nil where it did not.
        public var failure: String?

        public init(
            member: String, duration: Duration, bytes: Int, attempts: Int, httpVersion: String?,
            failure: String?
        ) {
            self.member = member
            self.duration = duration
            self.bytes = bytes
            self.attempts = attempts
            self.httpVersion = httpVersion
            self.failure = failure
        }
    }

    /// What is known so far. Durations are nil where the query did not come so far.
    public struct Contents: Sendable, Equatable {
        /// As the client sent it; nil while the request is no query.
        public var query: String?
        /// `query` or `query_range`.
        public var endpoint = ""
        public var project = ""
        /// The name of the client's token; nil where it has none.
        public var token: String?
        /// Seconds since the epoch; nil until the parameters are read.
        public var start: Double?
        public var end: Double?
        /// In seconds.
        public var step: Double?
        /// `union` where members' answers are put together, `evaluated` where it is computed here.
        public var plan: String?
        /// Waiting for a place.
        public var queue: Duration?
        public var planning: Duration?
        /// Putting members' answers together, or evaluating.
        public var merge: Duration?
        /// Of the answer.
        public var series: Int?
        public fileprivate(set) var requests: [MemberRequest] = []
        public fileprivate(set) var requestsLeftOut = 0
        /// Members that are not in the answer, and why.
        public fileprivate(set) var missing: [String] = []
    }

    private let state = Mutex(Contents())

    public init() {}

    public var contents: Contents { state.withLock { $0 } }

    public func update(_ change: (inout Contents) -> Void) { state.withLock { change(&$0) } }

    public func add(_ request: MemberRequest) {
        state.withLock { contents in
            if contents.requests.count < Self.mostRequests {
                contents.requests.append(request)
            } else {
                contents.requestsLeftOut += 1
            }
        }
    }

    /// Notes what is missing in the answer, each text once.
    public func add(missing: [String]) {
        state.withLock { contents in
            for text in missing where contents.missing.count < Self.mostMissing {
                if !contents.missing.contains(text) { contents.missing.append(text) }
            }
        }
    }
}

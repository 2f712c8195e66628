import GoText
public import PrometheusAPI

/// Why a member gave no answer, or no whole one. `description` is what the user reads: it names the
/// project, never a URL, a header or a key.
public struct MemberFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Error, Sendable, Equatable {
        /// No connection, or no address for the name.
        case connect(String)
        case tls(String)
        /// No connection in the time given for it.
        case connectTimeout
        /// The request's deadline passed, here or at the member.
        case timeout
        /// The deadline passed while other requests to the member were under way, and this one was
        /// not sent.
        case laneTimeout
        /// The connection ended before the answer did.
        case broken(String)
        /// A status that says failure, and what stands in the body if that is short text.
        case http(status: Int, text: String)
        /// Something else answers there: HTML, or no JSON at all.
        case notPrometheus(String)
        /// JSON or compressed data, but damaged.
        case malformed(String)
        /// More than this gateway takes.
        case limit(String)
        /// The member understood the request and refuses it; its own words.
        case rejectedQuery(status: Int, errorType: String, text: String)
        /// The member understood the request, and it costs more than the member gives: a limit of
        /// its own; its own words.
        case exceeded(status: Int, errorType: String, text: String)
        /// The request came back to a gateway that it had been through.
        case loop
        /// The member answers at other times than were asked for, and its values at those cannot be
        /// had from it.
        case ownGrid(String)
        /// The answer lacks data that the member could not reach, where only a whole one will do.
        case partial(String)
        /// Not asked at all: it failed too often just now, or cannot be asked as configured.
        case unavailable(String)
        case cancelled
    }

    /// The project's name.
    public var member: String
    public var kind: Kind
    /// Requests that were sent; 0 when none was.
    public var attempts: Int
    /// From the first attempt on.
    public var milliseconds: Int64

    public init(member: String, kind: Kind, attempts: Int, milliseconds: Int64) {
        self.member = member
        self.kind = kind
        self.attempts = attempts
        self.milliseconds = milliseconds
    }

    /// `project "b": connection refused after 2 attempts in 12 ms`.
    public var description: String {
        "project \(GoQuoting.quote(member)): \(cause)"
    }

    /// The description without the project's name.
    public var cause: String {
        switch kind {
        case .cancelled, .unavailable, .rejectedQuery, .exceeded, .loop, .ownGrid, .partial:
            return kind.text
        default: break
        }
        switch attempts {
        case 0: return kind.text
        case 1: return "\(kind.text) after \(milliseconds) ms"
        default: return "\(kind.text) after \(attempts) attempts in \(milliseconds) ms"
        }
    }

    /// The same as the API's error: what a member refuses stays what it was, what is broken is
    /// `unavailable`, deadlines are `timeout`, limits of ours are `execution`.
    public var apiError: APIError {
        switch kind {
        case .connectTimeout, .timeout, .laneTimeout: APIError(.timeout, description)
        case .limit, .loop: APIError(.execution, description)
        case .cancelled: APIError(.canceled, description)
        case .rejectedQuery(let status, let errorType, _), .exceeded(let status, let errorType, _):
            APIError(
                APIError.Kind(rawValue: errorType) ?? (status == 400 ? .badData : .execution),
                description)
        case .connect, .tls, .broken, .http, .notPrometheus, .malformed, .ownGrid, .partial,
            .unavailable:
            APIError(.unavailable, description)
        }
    }
}

extension MemberFailure.Kind {
    /// For people, without project, attempts and time.
    public var text: String {
        switch self {
        case .connect(let text), .tls(let text), .broken(let text), .malformed(let text),
            .limit(let text), .unavailable(let text):
            text
        case .connectTimeout: "timed out while connecting"
        case .timeout: "timed out"
        case .laneTimeout: "timed out while other requests to it were under way"
        case .http(let status, let text):
            "HTTP status \(status)\(text.isEmpty ? "" : ": \(text)")"
        case .notPrometheus(let start): "not a Prometheus API: \(start)"
        case .loop:
            "the project's address leads back to a gateway that this request has been through"
        case .rejectedQuery(_, let errorType, let text), .exceeded(_, let errorType, let text):
            errorType.isEmpty ? text : "\(errorType): \(text)"
        case .ownGrid(let text):
            "\(text): turn off step alignment at that server (Mimir: "
                + "-query-frontend.align-queries-with-step=false; Cortex: "
                + "-querier.align-querier-with-step=false; Thanos query-frontend: "
                + "--no-query-range.align-range-with-step), or ask ranges that begin at a multiple "
                + "of the step"
        case .partial(let text): text
        case .cancelled: "cancelled"
        }
    }

    init(_ error: TransferError) {
        switch error.kind {
        case .invalidRequest: self = .unavailable(error.text)
        case .notHTTP: self = .notPrometheus(error.text)
        case .resolve, .connect, .noResources: self = .connect(error.text)
        case .connectTimeout: self = .connectTimeout
        case .tls: self = .tls(error.text)
        case .timeout: self = .timeout
        case .laneTimeout: self = .laneTimeout
        case .broken: self = .broken(error.text)
        case .tooLarge: self = .limit(error.text)
        case .cancelled, .shutDown: self = .cancelled
        }
    }

    init(_ error: InflateError) {
        switch error {
        case .corrupt, .truncated: self = .malformed(error.description)
        case .tooLarge, .suspiciousRatio, .outOfMemory: self = .limit(error.description)
        }
    }

    /// An error in an answer whose status was 200.
    init(_ error: ScanError) {
        switch error {
        case .notJSON(let start): self = .notPrometheus("the answer begins with \(start)")
        case .malformed, .truncated: self = .malformed(error.description)
        case .offGrid: self = .ownGrid(error.description)
        case .partial(let text): self = .partial(text)
        case .refused("timeout", _): self = .timeout
        case .refused(let errorType, let text):
            self = Refusal.judgement(status: 200, errorType: errorType, text: text)
        case .tooLarge(let text): self = .limit(text)
        }
    }

    /// Whether the same request may be sent again: nothing was answered, and reading changes
    /// nothing at the member. What cost its whole time is not repeated.
    var mayBeRetried: Bool {
        switch self {
        case .connect, .broken: true
        case .tls, .connectTimeout, .timeout, .laneTimeout, .http, .notPrometheus, .malformed,
            .limit,
            .rejectedQuery, .exceeded, .loop, .ownGrid, .partial, .unavailable, .cancelled:
            false
        }
    }

    /// Whether somebody else who holds the same data may do better: the request itself was not at
    /// fault, no limit of the gateway's own was met, and the client still waits.
    public var mayBeAskedElsewhere: Bool {
        switch self {
        case .connect, .tls, .connectTimeout, .timeout, .laneTimeout, .broken, .http,
            .notPrometheus,
            .malformed, .exceeded, .loop, .ownGrid, .partial,
            .unavailable:
            true
        case .limit, .rejectedQuery, .cancelled: false
        }
    }

    /// What the failure tells about the member itself.
    var verdict: CircuitBreaker.Outcome {
        switch self {
        case .connect, .tls, .connectTimeout, .broken, .notPrometheus, .malformed: .failed
        // Until somebody knows how long it was waited for.
        case .timeout: .undecided
        case .http(let status, _): status >= 500 || status == 429 ? .failed : .answered
        case .limit, .rejectedQuery, .exceeded, .loop, .ownGrid, .partial: .answered
        case .unavailable, .laneTimeout, .cancelled: .undecided
        }
    }
}

import GoText
import HTTPTransport
public import PrometheusWire

/// Why a member gave no answer, or no whole one. `description` is what the user reads: it names the
/// project, never a URL, a header or a key.
public struct UpstreamError: Error, Sendable, Equatable, CustomStringConvertible {
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
        /// A status that says failure, and what the body says.
        case http(status: Int, HTTPFailure)
        /// Something else answers there: HTML, or no JSON at all.
        case notPrometheus(String)
        /// JSON or compressed data, but damaged.
        case malformed(String)
        /// The answer, or a part of it, is larger than this gateway takes from a member.
        case oversized(String)
        /// The query asks for more than this gateway does for one.
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
        /// Not asked at all: it failed too often just now, or cannot be asked as configured; or its
        /// answer cannot be used.
        case unavailable(String)
        /// What the member says could be two things, and the query needs to know which.
        case undecidable(String)
        /// The member does not serve remote read.
        case noRemoteRead
        /// The query had no place to compute in time.
        case noTurn
        /// The gateway had no memory for the answer in time, or never will have.
        case noMemory
        /// The client waits no longer.
        case cancelled
    }

    /// The project's name.
    public var member: String
    public var kind: Kind
    /// Requests that were sent; 0 when none was.
    public var attempts: Int
    /// From the first attempt on.
    public var elapsed: Duration
    /// Why the member was not asked at all, where its circuit is open: `not asked again for 5 ms`.
    public var reasonNotAsked: String?

    /// - Parameter member: empty where the caller adds the name.
    public init(member: String = "", kind: Kind, attempts: Int = 0, elapsed: Duration = .zero) {
        self.member = member
        self.kind = kind
        self.attempts = attempts
        self.elapsed = elapsed
    }

    /// `project "b": connection refused`.
    public var description: String {
        "project \(GoQuoting.quote(member)): \(cause)"
    }

    /// The description without the project's name. It has no times and counts: the same failure
    /// reads the same at the next request.
    public var cause: String { kind.text }

    /// The cause with what was tried, for explain and the log:
    /// `connection refused after 2 attempts in 12 ms`.
    public var detailedCause: String {
        if let reasonNotAsked { return "\(kind.text); \(reasonNotAsked)" }
        switch kind {
        case .cancelled, .unavailable, .rejectedQuery, .exceeded, .loop, .ownGrid, .partial,
            .undecidable, .noRemoteRead, .noTurn, .noMemory:
            return kind.text
        default: break
        }
        switch attempts {
        case 0: return kind.text
        case 1: return "\(kind.text) after \(elapsed.wholeMilliseconds) ms"
        default: return "\(kind.text) after \(attempts) attempts in \(elapsed.wholeMilliseconds) ms"
        }
    }

    /// The same as the API's error, with the project's name.
    public var apiError: APIError { APIError(kind.apiKind, description) }
}

extension UpstreamError {
    public static func unavailable(_ text: String) -> UpstreamError {
        UpstreamError(kind: .unavailable(text))
    }
    public static func limit(_ text: String) -> UpstreamError { UpstreamError(kind: .limit(text)) }
    public static func undecidable(_ text: String) -> UpstreamError {
        UpstreamError(kind: .undecidable(text))
    }
    public static var noRemoteRead: UpstreamError { UpstreamError(kind: .noRemoteRead) }
    public static var noTurn: UpstreamError { UpstreamError(kind: .noTurn) }
    public static var noMemory: UpstreamError { UpstreamError(kind: .noMemory) }
    public static var cancelled: UpstreamError { UpstreamError(kind: .cancelled) }

    /// As a failure of remote read. What remote read refuses is too much for it: the question itself
    /// is the gateway's own.
    public var ofRemoteRead: UpstreamError {
        guard case .rejectedQuery(_, _, let text) = kind else { return self }
        var error = self
        error.kind = .exceeded(
            status: 422, errorType: APIError.Kind.execution.rawValue, text: "remote read: \(text)")
        return error
    }
}

extension UpstreamError.Kind {
    /// The one mapping to the types of the API: what a member refuses stays what it was, what is
    /// broken is `unavailable`, deadlines are `timeout`, limits of ours are `execution`.
    public var apiKind: APIError.Kind {
        switch self {
        case .connectTimeout, .timeout, .laneTimeout, .noTurn: .timeout
        case .oversized, .limit, .loop, .undecidable: .execution
        case .cancelled: .canceled
        case .rejectedQuery(let status, let errorType, _), .exceeded(let status, let errorType, _):
            APIError.Kind(rawValue: errorType) ?? (status == 400 ? .badData : .execution)
        case .connect, .tls, .broken, .http, .notPrometheus, .malformed, .ownGrid, .partial,
            .unavailable, .noRemoteRead, .noMemory:
            .unavailable
        }
    }
}

extension UpstreamError.Kind {
    /// For people, without project, attempts and time.
    public var text: String {
        switch self {
        case .connect(let text), .tls(let text), .broken(let text), .malformed(let text),
            .oversized(let text), .limit(let text), .unavailable(let text), .undecidable(let text),
            .rejectedQuery(_, _, let text), .exceeded(_, _, let text):
            text
        case .connectTimeout: "timed out while connecting"
        case .timeout: "timed out"
        case .laneTimeout: "timed out while other requests to it were under way"
        case .http(let status, let failure):
            "HTTP status \(status)\(failure.text.isEmpty ? "" : ": \(failure.text)")"
        case .notPrometheus(let start): "not a Prometheus API: \(start)"
        case .loop:
            "the project's address leads back to a gateway that this request has been through"
        case .ownGrid(let text):
            "\(text): turn off step alignment at that server (Mimir: "
                + "-query-frontend.align-queries-with-step=false; Cortex: "
                + "-querier.align-querier-with-step=false; Thanos query-frontend: "
                + "--no-query-range.align-range-with-step), or ask ranges that begin at a multiple "
                + "of the step"
        case .partial(let text): text
        case .noRemoteRead: HTTPFailure.noRemoteRead.text
        case .noTurn: "query timed out in query queue"
        case .noMemory: "not enough memory for the query (limits.maxMemory)"
        case .cancelled: "context canceled"
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
        case .tooLarge: self = .oversized(error.text)
        case .cancelled, .shutDown: self = .cancelled
        }
    }

    init(_ error: InflateError) {
        switch error {
        case .corrupt, .truncated: self = .malformed(error.description)
        case .tooLarge, .suspiciousRatio, .outOfMemory: self = .oversized(error.description)
        }
    }

    /// An error in an answer whose status was 200.
    public init(_ error: ScanError) {
        switch error {
        case .notJSON(let start): self = .notPrometheus("the answer begins with \(start)")
        case .malformed, .truncated: self = .malformed(Refusal.shown(error.description))
        case .offGrid: self = .ownGrid(error.description)
        case .partial(let text): self = .partial(Refusal.shown(text))
        case .refused("timeout", _): self = .timeout
        case .refused(let errorType, let text):
            self = Refusal.kind(
                status: 200, errorType: Refusal.shown(errorType), text: Refusal.shown(text))
        case .tooLarge(let text): self = .oversized(text)
        }
    }

    /// Whether the same request may be sent again: nothing was answered, and reading changes
    /// nothing at the member. What cost its whole time is not repeated.
    var mayBeRetried: Bool {
        switch self {
        case .connect, .broken: true
        case .tls, .connectTimeout, .timeout, .laneTimeout, .http, .notPrometheus, .malformed,
            .oversized, .limit, .rejectedQuery, .exceeded, .loop, .ownGrid, .partial,
            .unavailable, .undecidable, .noRemoteRead, .noTurn, .noMemory, .cancelled:
            false
        }
    }

    /// Whether somebody else who holds the same data may do better: the request itself was not at
    /// fault, no limit of the gateway's own was met, and the client still waits.
    public var mayBeAskedElsewhere: Bool {
        switch self {
        case .connect, .tls, .connectTimeout, .timeout, .laneTimeout, .broken, .http,
            .notPrometheus, .malformed, .oversized, .exceeded, .loop, .ownGrid, .partial,
            .unavailable, .noRemoteRead:
            true
        case .limit, .rejectedQuery, .undecidable, .noTurn, .noMemory, .cancelled: false
        }
    }

    /// What the failure tells about the member itself.
    var verdict: CircuitBreaker.Outcome {
        switch self {
        case .connect, .tls, .connectTimeout, .broken, .notPrometheus, .malformed: .failed
        // Until somebody knows how long it was waited for.
        case .timeout: .undecided
        case .http(let status, _): status >= 500 || status == 429 ? .failed : .answered
        case .oversized, .limit, .rejectedQuery, .exceeded, .loop, .ownGrid, .partial,
            .undecidable, .noRemoteRead:
            .answered
        case .unavailable, .laneTimeout, .noTurn, .noMemory, .cancelled: .undecided
        }
    }
}

/// What the body of an answer says whose status says that it failed.
public enum HTTPFailure: Sendable, Equatable {
    /// The member turned its key away.
    case keyRejected
    /// The member does not serve remote read.
    case noRemoteRead
    /// The member does not have the path, and answers 400: VictoriaMetrics.
    case unsupportedPath
    /// An error in Prometheus's shape.
    case envelope(errorType: String, text: String)
    /// Short text of any other kind; empty where there is none to show.
    case other(String)

    /// For people.
    public var text: String {
        switch self {
        case .keyRejected: "API key rejected"
        case .noRemoteRead: "the member does not serve remote read"
        case .unsupportedPath: "unsupported path"
        case .envelope("", let text), .other(let text): text
        case .envelope(let errorType, let text): "\(errorType): \(text)"
        }
    }

    /// The same with other words in place of the member's.
    func changing(_ change: (String) -> String) -> HTTPFailure {
        switch self {
        case .keyRejected, .noRemoteRead, .unsupportedPath: self
        case .envelope(let errorType, let text):
            .envelope(errorType: change(errorType), text: change(text))
        case .other(let text): .other(change(text))
        }
    }
}

/// Reads the body of an answer whose status says that it failed: the one place that reads the words
/// in which other servers refuse.
enum Refusal {
    static func kind(status: Int, body: [UInt8]) -> UpstreamError.Kind {
        if (300..<400).contains(status) {
            return .http(status: status, .other("a redirect, which is not followed"))
        }
        guard let envelope = envelope(body) else {
            if status == 400, isAboutThePath(body) {
                return .http(status: status, .unsupportedPath)
            }
            return .http(status: status, .other(isWords(body) ? ContentSniffer.shown(body) : ""))
        }
        return kind(status: status, errorType: envelope.errorType, text: envelope.text)
    }

    /// The failure that an error document tells, also where its HTTP status is a success.
    static func kind(status: Int, errorType: String, text: String) -> UpstreamError.Kind {
        if errorType == "timeout" { return .timeout }
        // A server that fails judges nothing, and these are failures of its own whatever the status.
        let isOwnFailure =
            status >= 500
            || ["internal", "unavailable", "canceled", "not_found"].contains(errorType)
        let isJudgement =
            !isOwnFailure
            && (status == 400 || status == 422 || ["bad_data", "execution"].contains(errorType))
            // Without a status, words about limits have none to contradict them.
            || status == 200 && isAboutLimits(text)
        // Too large, or too many of them: never a judgement of the text, whatever the type says.
        if isJudgement, status != 413, status != 429 {
            return judgement(status: status, errorType: errorType, text: text)
        }
        return .http(status: status, .envelope(errorType: errorType, text: text))
    }

    /// Whether a body says something by itself: it is neither empty nor a page.
    static func isWords(_ body: [UInt8]) -> Bool {
        body.first { $0 > 0x20 }.map { $0 != UInt8(ascii: "<") } ?? false
    }

    /// As much of a member's text as an error shows.
    static func shown(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(4096)))
    }

    /// As `kind`, of remote read, which has no envelope: what it says is plain text.
    static func remoteReadKind(status: Int, body: [UInt8]) -> UpstreamError.Kind {
        if envelope(body) != nil { return kind(status: status, body: body) }
        switch status {
        case 404, 405, 501:
            return .http(status: status, .noRemoteRead)
        case 400:
            let text = String(decoding: body.prefix(4096), as: UTF8.self)
            let line = text.prefix { !$0.isNewline }
            if isAboutThePath(body) {
                return .http(status: status, .noRemoteRead)
            }
            // A page, or nothing, is of what stands before a server, which has read no question.
            guard isWords(body) else { return kind(status: status, body: body) }
            return judgement(status: status, errorType: "", text: String(line))
        default: return kind(status: status, body: body)
        }
    }

    /// What a member that understood a request says against it: that it is wrong, or that it costs
    /// more than the member's own limits allow. The second says nothing about the request: another
    /// member, or one that holds the same data under other limits, may answer it.
    static func judgement(
        status: Int, errorType: String, text: String
    ) -> UpstreamError.Kind {
        isAboutLimits(text)
            ? .exceeded(status: status, errorType: errorType, text: text)
            : .rejectedQuery(status: status, errorType: errorType, text: text)
    }

    /// Words of Prometheus, Thanos, Cortex, Mimir, VictoriaMetrics and of this gateway for a limit
    /// of theirs, be it of data or of time. None of them words a parse error or an error of execution so.
    private static let limitWords = [
        "too many samples", "too many series", "too many points", "too many outstanding requests",
        "too many chunks", "exceeded maximum resolution", "err-mimir-", "-search.max", "(limits.",
        "sample limit", "samples limit", "series limit", "chunks limit", "bytes limit",
        "size limit", "max number of series", "max number of chunks", "query length",
        "time range exceeds", "exceeds the limit", "limit exceeded", "exceeded the limit",
        "the query exceeded", "the query hit", "resourceexhausted", "resource exhausted",
        "not enough memory", "too many bytes", "max number of samples", "more samples than",
        "limit reached", "timed out", "timeout exceeded", "deadline exceeded",
    ]

    /// Whether the words refuse a range query because the expression has no value at a step, such as
    /// a range of samples.
    static func isAboutTheTypeForRanges(_ text: String) -> Bool {
        text.contains("for range query")
    }

    /// Whether the words are about a limit of the server that says them.
    private static func isAboutLimits(_ text: String) -> Bool {
        let words = withoutQuotations(text).lowercased()
        if words.contains("parse error") { return false }
        return limitWords.contains { words.contains($0) }
    }

    /// The text without what stands in quotes or braces: names, labels and parts of the query, which
    /// may hold any words.
    private static func withoutQuotations(_ text: String) -> String {
        var kept: [UInt8] = []
        var closing: UInt8?
        var isEscaped = false
        for byte in text.utf8 {
            if let end = closing {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\"), end == UInt8(ascii: "\"") {
                    isEscaped = true
                } else if byte == end {
                    closing = nil
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "`"): closing = byte
            case UInt8(ascii: "{"): closing = UInt8(ascii: "}")
            default: kept.append(byte)
            }
        }
        return String(decoding: kept, as: UTF8.self)
    }

    /// VictoriaMetrics's words for a path that it does not have, which stand in its first line.
    private static func isAboutThePath(_ body: [UInt8]) -> Bool {
        String(decoding: body.prefix(4096), as: UTF8.self).prefix { !$0.isNewline }
            .contains("unsupported path requested")
    }

    /// Whether a remote project turned its key away. Coroot says 400 for a missing key and 404 for
    /// one that no project has, both as plain text.
    static func isAboutTheKey(status: Int, body: [UInt8]) -> Bool {
        switch status {
        case 401, 403: true
        case 400: body.starts(with: "no api key".utf8)
        case 404: body.starts(with: "no project found".utf8)
        default: false
        }
    }

    private static func envelope(_ body: [UInt8]) -> (errorType: String, text: String)? {
        var status = ""
        var errorType = ""
        var text = ""
        var cursor = JSONCursor(body)
        do throws(JSONCursor.Failure) {
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                switch key {
                case "status": status = try cursor.string()
                case "errorType": errorType = try cursor.string()
                case "error": text = try cursor.string()
                default: try cursor.skip()
                }
            }
        } catch {
            return nil
        }
        guard status == "error" else { return nil }
        return (shown(errorType), shown(text))
    }
}

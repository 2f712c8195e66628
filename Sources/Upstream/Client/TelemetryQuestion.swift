import GoText
import HTTPTransport
import PrometheusWire
public import UpstreamSettings

/// One question to a server of logs, traces or profiles, below its base URL.
public struct TelemetryQuestion: Sendable {
    /// How the parameters go out.
    public enum Method: Sendable, Equatable {
        case get
        /// A form, or a query where forms are refused: long texts do not fit into every URL.
        case formOrQuery
        /// A message in the body.
        case send(body: [UInt8], type: String)
    }

    /// What the answer is written in.
    public enum Format: Sendable, Equatable {
        case json
        /// By the media type that is asked for.
        case protobuf(String)
        case text

        var mediaType: String {
            switch self {
            case .json: "application/json"
            case .protobuf(let type): type
            case .text: "*/*"
            }
        }
    }

    /// With its slash, percent-encoded.
    public var path: String
    public var method: Method
    public var parameters: Parameters
    public var format: Format
    /// Further header fields.
    public var headers: [(name: String, value: String)]
    /// About how many values it gives of a series, as queries of metrics have it: the cheapest of the
    /// questions of one client that wait is first.
    public var cost: Int

    public init(
        _ path: String, _ method: Method = .get, _ parameters: Parameters = Parameters(),
        answeredIn format: Format = .json, headers: [(name: String, value: String)] = [],
        cost: Int = 1
    ) {
        self.path = path
        self.method = method
        self.parameters = parameters
        self.format = format
        self.headers = headers
        self.cost = cost
    }

    /// - Parameters:
    ///   - work: Whose question it is; nil for one of the gateway itself.
    ///   - isForPresence: Whether it only finds out whether the server is there.
    func request(of work: QueryWork?, isForPresence: Bool) -> UpstreamRequest {
        let method: UpstreamRequest.Method =
            switch self.method {
            case .get: .get
            case .formOrQuery: .formOrQuery
            case .send(let body, let type): .message(body, type: type)
            }
        var request = UpstreamRequest(path: path, parameters: parameters, method: method)
        request.isForPresence = isForPresence
        request.question = isForPresence ? nil : MemberQuestion(cost: cost, work)
        request.telemetry = Expectation(format: format, headers: headers)
        return request
    }

    /// What a request says of its answer, and how the answer is known to be one.
    struct Expectation: Sendable {
        var format: Format
        var headers: [(name: String, value: String)]

        /// Why an answer with these first bytes is none of such a server.
        func problem(_ kind: TelemetryKind, _ bytes: [UInt8], type: String) -> UpstreamError.Kind? {
            let type = type.lowercased()
            let start = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
            if type.hasPrefix("text/html") || start == UInt8(ascii: "<") && type != format.mediaType
            {
                return .malformed(
                    "not a \(kind.serverName) API: the answer is HTML, "
                        + ContentSniffer.shown(bytes))
            }
            let isRight =
                switch format {
                case .json: start == UInt8(ascii: "{") || start == UInt8(ascii: "[")
                case .protobuf: type.contains("proto")
                case .text: true
                }
            if isRight { return nil }
            let what =
                format == .json
                ? "the answer begins with \(ContentSniffer.shown(bytes))"
                : "the answer has the content type \(GoQuoting.quote(String(type.prefix(80))))"
            return .malformed("not a \(kind.serverName) API: \(what)")
        }
    }
}

extension UpstreamConfiguration {
    /// What kind of server it is beside those of metrics; nil for one of metrics.
    public var telemetry: TelemetrySource? {
        if case .telemetry(let source) = source { source } else { nil }
    }
}

extension UpstreamClient {
    /// Puts a question, and gives the answer as it arrives.
    ///
    /// - Parameters:
    ///   - deadline: When the answer is of no more use.
    ///   - work: Whose question it is, and where its answer is inflated.
    /// - Returns: once the answer has begun and its first bytes are of the format that was asked for.
    public func ask(
        _ question: TelemetryQuestion, deadline: ContinuousClock.Instant?, work: QueryWork?
    ) async throws(UpstreamError) -> TelemetryStream {
        let answer = try await open(
            question.request(of: work, isForPresence: false), deadline: deadline)
        return TelemetryStream(answer)
    }

    /// Puts a question, and reads the answer wholly. Memory for it is lent by `Lending.lender`.
    ///
    /// - Parameter mostBytes: Of an inflated answer; a longer one is `.oversized`.
    public func document(
        _ question: TelemetryQuestion, deadline: ContinuousClock.Instant?, work: QueryWork?,
        mostBytes: Int? = nil
    ) async throws(UpstreamError) -> TelemetryDocument {
        let stream = try await ask(question, deadline: deadline, work: work)
        return try await stream.whole(mostBytes: mostBytes ?? configuration.limits.documentBytes)
    }

    /// A trace, asked for at the path that newer servers have or, where that is known to be missing,
    /// at the one that all have.
    ///
    /// - Returns: with whether the old path was asked.
    /// - Throws: as of the new path where the old one fails too.
    public func traceDocument(
        _ question: TelemetryQuestion, orElse old: TelemetryQuestion,
        deadline: ContinuousClock.Instant?, work: QueryWork?, mostBytes: Int
    ) async throws(UpstreamError) -> (TelemetryDocument, isOld: Bool) {
        try await answer(of: .traceVersion2) { _ async throws(UpstreamError) in
            (
                try await document(
                    question, deadline: deadline, work: work, mostBytes: mostBytes), false
            )
        } emulated: { () async throws(UpstreamError) in
            (try await document(old, deadline: deadline, work: work, mostBytes: mostBytes), true)
        }
    }

    /// Finds out whether a server of logs, traces or profiles is there, by a question that costs it
    /// nothing worth speaking of.
    func probeTelemetry(
        _ kind: TelemetryKind, deadline: ContinuousClock.Instant
    ) async throws(UpstreamError) {
        let question =
            switch kind {
            case .loki:
                TelemetryQuestion(
                    "/loki/api/v1/query", .get, Parameters([("query", "vector(1)")]))
            case .tempo: TelemetryQuestion("/api/echo", answeredIn: .text)
            case .pyroscope:
                TelemetryQuestion(
                    "/querier.v1.QuerierService/ProfileTypes",
                    .send(body: Array("{}".utf8), type: "application/json"))
            }
        let answer = try await open(
            question.request(of: nil, isForPresence: true), deadline: deadline)
        _ = try await TelemetryStream(answer).whole(mostBytes: configuration.limits.documentBytes)
    }
}

/// An answer that was read wholly.
public struct TelemetryDocument: Sendable, Equatable {
    /// As the answer names it, in lower case.
    public var contentType: String
    /// Inflated.
    public var bytes: [UInt8]
}

/// The bytes of an answer as they arrive, inflated. An actor, so that inflating runs on the pool. Not
/// reading makes the server wait; dropping the stream ends the transfer.
public actor TelemetryStream {
    private let call: UpstreamCall
    private let body: UpstreamBody
    private var isEnded = false

    /// As the answer names it, in lower case.
    public nonisolated let contentType: String

    init(_ answer: sending UpstreamClient.Answer) {
        call = answer.call
        contentType = answer.body.contentType.lowercased()
        body = answer.body
    }

    /// The next bytes, never none; nil at the end of a whole answer.
    public func next() async throws(UpstreamError) -> [UInt8]? {
        if isEnded { return nil }
        do throws(UpstreamError.Kind) {
            if let bytes = try await body.next() { return bytes }
        } catch {
            throw call.failed(error)
        }
        isEnded = true
        call.succeeded(body)
        return nil
    }

    /// The failure of an answer that came, and that makes no sense to its reader.
    public func malformed(_ text: String) -> UpstreamError { call.failed(.malformed(text)) }

    /// Everything that is still to come.
    fileprivate func whole(mostBytes: Int) async throws(UpstreamError) -> TelemetryDocument {
        var all: [UInt8] = []
        while let page = try await next() {
            do throws(UpstreamError.Kind) {
                try await Lending.hold(Lending.perByteRead * page.count)
                guard all.count + page.count <= mostBytes else {
                    throw .oversized("the answer is larger than \(mostBytes) bytes")
                }
            } catch {
                throw call.failed(error)
            }
            all += page
        }
        return TelemetryDocument(contentType: contentType, bytes: all)
    }
}

extension Refusal {
    /// As `kind`, of a server of logs, traces or profiles, which says in plain text or in a message of
    /// Connect what is wrong. What it says of a question is its judgement, limits included: a part of
    /// a project that a question costs too much is no answer to it.
    static func telemetryKind(status: Int, body: [UInt8]) -> UpstreamError.Kind {
        if (300..<400).contains(status) {
            return .http(status: status, .other("a redirect, which is not followed"))
        }
        let text = words(body)
        switch status {
        case 400, 422: return .rejectedQuery(status: status, errorType: "", text: text)
        case 504: return .timeout
        default: return .http(status: status, .other(text))
        }
    }

    private static func words(_ body: [UInt8]) -> String {
        guard isWords(body) else { return "" }
        var message: String?
        if body.first == UInt8(ascii: "{") {
            var cursor = JSONCursor(body)
            try? cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                if key == "message" || key == "error" {
                    message = try cursor.text()
                } else {
                    try cursor.skip()
                }
            }
        }
        let text = message ?? String(decoding: body.prefix(4096), as: UTF8.self)
        return shown(String(text.reversed().drop(while: \.isNewline).reversed()))
    }
}

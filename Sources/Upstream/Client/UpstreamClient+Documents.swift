import GoText
import HTTPTransport
import PrometheusWire
import UpstreamSettings

extension UpstreamClient {
    /// `GET` of a path such as `/api/v1/metadata`, its answer read wholly; for small answers.
    ///
    /// - Parameter isAdvisory: the member may not know the path, and is no worse for it.
    /// - Throws: `.oversized` when the answer is larger than `limits.documentBytes`.
    public func getJSON(
        _ path: String, _ parameters: Parameters = Parameters(),
        deadline: ContinuousClock.Instant? = nil, isAdvisory: Bool = false
    ) async throws(UpstreamError) -> UpstreamDocument {
        try await document(
            UpstreamRequest(
                path: path, parameters: parameters, method: .get, isAdvisory: isAdvisory),
            deadline: deadline)
    }

    func document(
        _ request: UpstreamRequest, deadline: ContinuousClock.Instant?
    ) async throws(UpstreamError) -> UpstreamDocument {
        let answer = try await open(request, deadline: deadline)
        var all: [UInt8] = []
        do throws(UpstreamError.Kind) {
            while let page = try await answer.body.next() {
                try await Lending.hold(Lending.perByteRead * page.count)
                all += page
                if all.count > configuration.limits.documentBytes {
                    throw .oversized(
                        "the answer is larger than \(configuration.limits.documentBytes) bytes")
                }
            }
        } catch {
            throw answer.call.failed(error)
        }
        do throws(ScanError) {
            let document = try UpstreamDocument(all)
            answer.call.succeeded(answer.body)
            return document
        } catch {
            throw answer.call.failed(UpstreamError.Kind(error))
        }
    }
}

/// An answer that was read wholly.
public struct UpstreamDocument: Sendable, Equatable {
    /// The JSON text of `data`.
    public var data: [UInt8]
    public var warnings: [String]
    public var infos: [String]
    /// Whether it calls itself partial, in a field of its own.
    public var isPartial: Bool

    /// Why data is missing in the answer, as it says itself; nil of a whole one.
    public var partiality: String? {
        Partiality.cause(isPartial: isPartial, warnings: warnings)
    }

    /// Takes the envelope off.
    init(_ bytes: [UInt8]) throws(ScanError) {
        var data: [UInt8]?
        var status = ""
        var errorType = ""
        var text = ""
        var warnings: [String] = []
        var infos: [String] = []
        var isPartial = false
        var cursor = JSONCursor(bytes)
        do throws(JSONCursor.Failure) {
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                switch key {
                case "status" where !status.isEmpty, "data" where data != nil:
                    throw .malformed(cursor.position, "\(key) stands twice")
                case "status": status = try cursor.string()
                case "errorType": errorType = try cursor.text()
                case "error": text = try cursor.text()
                case "warnings": warnings += try cursor.notes()
                case "infos": infos += try cursor.notes()
                case "isPartial": isPartial = try cursor.flag() || isPartial
                case "data":
                    cursor.skipSpace()
                    let start = cursor.position
                    try cursor.skip()
                    data = Array(bytes[start..<cursor.position])
                default: try cursor.skip()
                }
            }
            guard bytes[cursor.position...].allSatisfy({ $0 <= 0x20 }) else {
                throw .malformed(cursor.position, "something follows the answer")
            }
        } catch {
            switch error {
            case .incomplete: throw .truncated
            case .malformed(_, let reason): throw .malformed(reason)
            case .tooMany(let reason): throw .tooLarge(reason)
            case .offGrid: throw .malformed("a sample in a document")
            }
        }
        if status == "error" { throw .refused(errorType: errorType, error: text) }
        guard status == "success" else { throw .malformed("no status") }
        guard let data else { throw .malformed("no data") }
        self.data = data
        self.warnings = warnings
        self.infos = infos
        self.isPartial = isPartial
    }
}

extension UpstreamClient {
    /// How long an endpoint that was found missing is not asked again.
    private static let missingFor = Duration.seconds(300)

    /// Puts a question to an endpoint, or to what stands in for it where the member is known not to
    /// have it. Which one that is, is found out by asking: an endpoint is missing when its path is
    /// not known there, or leads to something that is no API, and the stand-in answers.
    ///
    /// - Parameters:
    ///   - mustEmulate: Whether the endpoint will not do, there or not.
    ///   - native: is told whether the endpoint may be missing.
    func answer<Answer: Sendable>(
        of endpoint: EndpointSupport.Endpoint, mustEmulate: Bool = false,
        native: (_ mayBeMissing: Bool) async throws(UpstreamError) -> Answer,
        emulated: () async throws(UpstreamError) -> Answer
    ) async throws(UpstreamError) -> Answer {
        if mustEmulate { return try await emulated() }
        switch configuration.support(of: endpoint) {
        case .native: return try await native(false)
        case .emulated: return try await emulated()
        case .auto: break
        }
        if isKnownMissing(endpoint) { return try await emulated() }
        let failure: UpstreamError
        do throws(UpstreamError) {
            return try await native(true)
        } catch {
            failure = error
        }
        guard failure.kind.isOfAMissingEndpoint else { throw failure }
        do throws(UpstreamError) {
            let answer = try await emulated()
            noteMissing(endpoint)
            return answer
        } catch {
            // A member that judges the question has what stands in.
            switch error.kind {
            case .rejectedQuery, .exceeded:
                noteMissing(endpoint)
                throw error
            default: throw failure
            }
        }
    }

    /// Whether the endpoint was found missing lately.
    func isKnownMissing(_ endpoint: EndpointSupport.Endpoint) -> Bool {
        let now = MonotonicInstant.now
        return state.withLock { $0.missingUntil[endpoint].map { now < $0 } ?? false }
    }

    func noteMissing(_ endpoint: EndpointSupport.Endpoint) {
        let until = MonotonicInstant.now.advanced(by: Self.missingFor)
        state.withLock { $0.missingUntil[endpoint] = until }
    }
}

extension UpstreamError.Kind {
    /// A path that the member does not know, or that leads to pages for people.
    var isOfAMissingEndpoint: Bool {
        switch self {
        case .http(_, .noRemoteRead): true
        case .http(_, .keyRejected): false
        case .http(let status, _): [404, 405, 501].contains(status)
        case .notPrometheus: true
        case .connect, .tls, .connectTimeout, .timeout, .laneTimeout, .broken, .malformed,
            .oversized, .limit,
            .rejectedQuery, .exceeded, .loop, .ownGrid, .partial, .unavailable, .undecidable,
            .noRemoteRead, .noTurn, .noMemory, .cancelled:
            false
        }
    }
}

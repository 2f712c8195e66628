/// How the bytes of a unary call are to be read, as its head says it: the method of
/// `querier.v1.QuerierService`, the codec, and the time that the client waits.
///
/// What is sent as a GET, as a stream, or in gRPC's own protocol is not answered.
public struct ConnectCall: Sendable, Hashable {
    public let method: QuerierMethod
    public let codec: ConnectCodec
    /// How long the client waits for the answer; nil where it does not say so.
    public let timeout: Duration?

    /// Why a call is refused before its body is read.
    public enum Refusal: Error, Sendable, Hashable {
        /// 404: the path is no method of the service.
        case noSuchMethod
        /// 405, with this header.
        case onlyPost(allow: String)
        /// 415, with this header.
        case unsupportedMedia(acceptPost: String)
        case invalid(ConnectError)
    }

    /// - Parameters:
    ///   - path: below the place where the API is served, with its leading slash.
    ///   - header: the first value of a header, by its name in lower case.
    public init(
        path: String, httpMethod: String, header: (String) -> String?
    ) throws(Refusal) {
        guard let method = QuerierMethod(path: path) else { throw .noSuchMethod }
        guard httpMethod == "POST" else { throw .onlyPost(allow: "POST") }
        guard let codec = ConnectCodec(contentType: header("content-type") ?? "") else {
            throw .unsupportedMedia(acceptPost: ConnectCodec.acceptPost)
        }
        if let version = header("connect-protocol-version"), version != "1" {
            throw .invalid(
                ConnectError(
                    .invalidArgument,
                    "connect-protocol-version must be \"1\": got \"\(version)\""))
        }
        self.method = method
        self.codec = codec
        do throws(ConnectError) {
            timeout = try header(Self.timeoutHeader.lowercased()).map(Self.timeout(of:))
        } catch {
            throw .invalid(error)
        }
    }

    public static let timeoutHeader = "Connect-Timeout-Ms"

    /// The header of a call to a member that may take so long; at least a millisecond.
    public static func timeoutText(_ timeout: Duration) -> String {
        let (seconds, attoseconds) = timeout.components
        let most: Int64 = 9_999_999_999
        guard seconds >= 0 else { return "1" }
        guard seconds < most / 1000 else { return String(most) }
        return String(max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }

    /// Milliseconds in at most ten digits, as the protocol has it.
    private static func timeout(of text: String) throws(ConnectError) -> Duration {
        guard !text.isEmpty, text.utf8.count <= 10,
            text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let count = Int64(text)
        else {
            throw ConnectError(
                .invalidArgument,
                "protocol error: invalid \(timeoutHeader): not a number of milliseconds in at most "
                    + "10 digits")
        }
        return .milliseconds(count)
    }
}

/// The two ways that messages are written.
public enum ConnectCodec: Sendable, Hashable, CaseIterable {
    case protobuf
    /// JSON as proto3 maps messages to it.
    case json

    /// Of requests and of their answers.
    public var contentType: String {
        switch self {
        case .protobuf: "application/proto"
        case .json: "application/json"
        }
    }

    /// The codec that a content type names; parameters such as `charset` may follow. nil for another.
    public init?(contentType: String) {
        let type = contentType.prefix { $0 != ";" }
            .split(separator: " ", omittingEmptySubsequences: true).joined().lowercased()
        guard let codec = Self.allCases.first(where: { $0.contentType == type }) else { return nil }
        self = codec
    }

    /// What `Accept-Post` says of the codecs.
    static var acceptPost: String { allCases.map(\.contentType).joined(separator: ", ") }
}

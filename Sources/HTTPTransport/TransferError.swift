import CCurl

#if canImport(Glibc)
import Glibc
#endif

/// Why a transfer did not end well.
public struct TransferError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong.
    public enum Kind: Sendable, Equatable {
        /// The request itself cannot be sent.
        case invalidRequest
        /// The host's name has no address.
        case resolve
        /// No connection.
        case connect
        /// No connection in the time given for it.
        case connectTimeout
        /// No agreement on encryption or identity.
        case tls
        /// The transfer's own deadline passed.
        case timeout
        /// The deadline passed before there was a place in the lane: nothing was sent.
        case laneTimeout
        /// The connection ended before the answer did.
        case broken
        /// What answers does not speak HTTP.
        case notHTTP
        /// More bytes than allowed.
        case tooLarge
        /// The task was cancelled, or the response dropped.
        case cancelled
        /// No descriptors, threads or memory.
        case noResources
        /// The transport was shut down.
        case shutDown
    }

    public var kind: Kind
    /// For people; names no URL.
    public var text: String

    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    public var description: String { text }

    static let cancelled = TransferError(.cancelled, "cancelled")
    static let shutDown = TransferError(.shutDown, "the transport is shut down")
}

extension TransferError {
    /// libcurl's codes in our words; its own text where that says more.
    init(_ code: CURLcode, detail: String, systemError: Int32) {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT:
            // The detail could repeat the URL.
            self.init(.invalidRequest, "the URL is not one that can be asked")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            self.init(.resolve, "cannot resolve the host name")
        case CURLE_COULDNT_CONNECT:
            let text = systemError == 0 ? "cannot connect" : Self.systemText(systemError)
            self.init(.connect, text)
        case CURLE_OPERATION_TIMEDOUT:
            self.init(.connectTimeout, "timed out while connecting")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_USE_SSL_FAILED,
            CURLE_SSL_CLIENTCERT:
            self.init(.tls, "TLS: \(detail)")
        case CURLE_GOT_NOTHING:
            self.init(.broken, "connection closed without an answer")
        case CURLE_PARTIAL_FILE:
            self.init(.broken, "connection closed in the middle of the answer")
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            let text =
                systemError == 0
                ? "connection broke: \(detail)"
                : "connection broke: \(Self.systemText(systemError))"
            self.init(.broken, text)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL:
            // The second is HTTP/0.9, which is what any other protocol looks like.
            self.init(.notHTTP, "what answers does not speak HTTP")
        case CURLE_FILESIZE_EXCEEDED:
            self.init(.tooLarge, "the answer is larger than allowed")
        case CURLE_OUT_OF_MEMORY:
            self.init(.noResources, "out of memory")
        case CURLE_ABORTED_BY_CALLBACK:
            self = .cancelled
        default:
            self.init(.broken, detail)
        }
    }

    /// The system's words for an error number, in lower case as they stand inside sentences.
    static func systemText(_ number: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress, strerror_r(number, base, buffer.count) == 0 else {
                return "error \(number)"
            }
            let text = String(cString: base)
            return text.prefix(1).lowercased() + text.dropFirst()
        }
    }
}

/// Why what came over a connection is no request that can be answered. The connection ends with
/// the answer, for where the next request would begin is not known.
struct MalformedRequest: Error, Equatable {
    /// Of the answer, as Go's server chooses it.
    var status = 400
    var message: String

    init(_ message: String, status: Int = 400) {
        self.message = message
        self.status = status
    }

    static let unsupportedVersion = MalformedRequest("unsupported protocol version", status: 505)
    static let unsupportedTransferEncoding = MalformedRequest(
        "unsupported transfer encoding", status: 501)
    static let timedOut = MalformedRequest("the request did not come in time", status: 408)
    static let endedEarly = MalformedRequest("the request ended before it was whole")

    static func headTooLarge(limit: Int) -> MalformedRequest {
        MalformedRequest("the head of the request exceeds \(limit) bytes", status: 431)
    }

    static func tooManyFields(limit: Int) -> MalformedRequest {
        MalformedRequest("the request has more than \(limit) header fields", status: 431)
    }

    static let noMemory = MalformedRequest(
        "no memory for the body beside those of other requests (limits.maxRequestMemory, "
            + "limits.maxMemory); try again later",
        status: 503)

    static func bodyTooLarge(limit: Int) -> MalformedRequest {
        MalformedRequest("the body of the request exceeds \(limit) bytes", status: 413)
    }
}

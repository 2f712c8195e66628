import PrometheusAPI

/// One question to a member, before it is known how it will be sent.
struct MemberRequest: Sendable {
    enum Method: Sendable, Equatable {
        /// The path takes nothing else.
        case get
        /// A form, or a query where forms are refused: long texts do not fit into every URL.
        case formOrQuery
        /// A snappy block with a message of remote read, answered in kind.
        case remoteRead([UInt8])
    }

    /// Below the base URL, with its slash, percent-encoded.
    var path: String
    var parameters = Parameters()
    var method = Method.formOrQuery
    /// Whether the member is told how much time is left.
    var sendsTimeout = false
    /// Failing says nothing about the member: it may not know the path.
    var isAdvisory = false
    /// Asked beside the requests of clients, which it must not take the circuit's probe from.
    var isAside = false
    /// A page for people in place of an answer says nothing about the member: it may not have the
    /// endpoint, and something else may stand in for it.
    var mayBeMissing = false

    var isRemoteRead: Bool {
        if case .remoteRead = method { true } else { false }
    }

    func url(base: String, asQuery: Bool) -> String {
        guard asQuery else { return base + path }
        let query = parameters.encoded
        return query.isEmpty
            ? base + path : "\(base)\(path)?\(String(decoding: query, as: UTF8.self))"
    }

    /// How it goes out: forms as the body, or in the URL.
    func transferMethod(asQuery: Bool) -> TransferRequest.Method {
        switch method {
        case .remoteRead(let body): .send(body: body, type: RemoteReadSamples.contentType)
        case .get, .formOrQuery: asQuery ? .get : .post(form: parameters.encoded)
        }
    }
}

/// One HTTP request, as the transport sends it.
public struct TransferRequest: Sendable {
    /// What is asked, and with which body.
    public enum Method: Sendable {
        case get
        /// `application/x-www-form-urlencoded`.
        case post(form: [UInt8])
        case put(body: [UInt8])
        case delete
        /// Bytes of another kind, sent as they are.
        case send(body: [UInt8], type: String)
    }

    /// Absolute, percent-encoded, without credentials.
    public var url: String
    public var method: Method
    /// Sent in this order; values may be secrets.
    public var headers: HeaderFields
    public var tls: TransferTLS
    /// URL of a proxy; nil for none, whatever the environment says.
    public var proxy: String?
    /// For name, connection and handshake.
    public var connectTimeout: Duration
    /// For the whole transfer; nil for any time.
    public var timeout: Duration?
    /// Whether the time in which the body is not read is part of `timeout`.
    public var timeoutCountsPauses: Bool
    /// Bytes of body, as they come over the wire.
    public var maximumBytes: Int
    /// Bytes of body that may wait to be read before the server is made to wait.
    public var window: Int
    /// Transfers of one lane share `laneWidth` places; further ones wait. One that is paused gives
    /// its place away.
    public var lane: String
    public var laneWidth: Int
    /// Shares its connections with other requests of the same owner alone.
    public var owner: ConnectionOwner
    /// Writes the parameter, percent-encoded as `name=value`, that tells the server how much of
    /// `timeout` is left when the request goes out: waiting in the lane counts. It
    /// is added to the form, or to the URL. Nil for no such parameter.
    public var timeoutParameter: (@Sendable (_ remaining: Duration) -> [UInt8])?
    /// Gives header fields that depend on the rest of the request, as a signature does. It is asked
    /// when the request goes out, on the transport's thread. Nil for none.
    public var signature: (@Sendable (_ request: TransferRequest) -> [HeaderFields.Field])?

    public init(
        url: String, method: Method = .get, headers: HeaderFields = HeaderFields(),
        tls: TransferTLS = TransferTLS(), proxy: String? = nil,
        connectTimeout: Duration = .seconds(5),
        timeout: Duration? = nil, timeoutCountsPauses: Bool = true, maximumBytes: Int = .max,
        window: Int = 1 << 20, lane: String = "", laneWidth: Int = .max,
        owner: ConnectionOwner = .common,
        timeoutParameter: (@Sendable (_ remaining: Duration) -> [UInt8])? = nil,
        signature: (@Sendable (_ request: TransferRequest) -> [HeaderFields.Field])? = nil
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.tls = tls
        self.proxy = proxy
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.timeoutCountsPauses = timeoutCountsPauses
        self.maximumBytes = maximumBytes
        self.window = window
        self.lane = lane
        self.laneWidth = laneWidth
        self.owner = owner
        self.timeoutParameter = timeoutParameter
        self.signature = signature
    }

    /// The request as it goes out with so much time left.
    func sent(remaining: Duration) -> TransferRequest {
        var sent = telling(remaining: remaining)
        for field in signature?(sent) ?? [] {
            sent.headers.append(name: field.name, value: field.value)
        }
        return sent
    }

    private func telling(remaining: Duration) -> TransferRequest {
        guard let parameter = timeoutParameter?(remaining) else { return self }
        var told = self
        switch method {
        case .post(let form):
            told.method = .post(form: form + (form.isEmpty ? [] : [0x26]) + parameter)
        case .get, .put, .delete, .send:
            told.url +=
                (url.contains("?") ? "&" : "?") + String(decoding: parameter, as: UTF8.self)
        }
        return told
    }

    /// What keeps this from being sent as it stands. Line breaks and NUL would let a value become a
    /// header, or a request, of its own.
    var problem: String? {
        for field in headers.fields {
            let name = field.name.utf8
            if name.isEmpty || name.contains(where: { $0 <= 0x20 || $0 == 0x3A || $0 >= 0x7F }) {
                return "a header field has an impossible name"
            }
            if field.value.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) {
                return "the header field \(field.name) holds a line break"
            }
        }
        let scheme = url.utf8.prefix { $0 != UInt8(ascii: ":") }.map { $0 | 0x20 }
        if !scheme.elementsEqual("http".utf8) && !scheme.elementsEqual("https".utf8) {
            return "the URL is not an http or https URL"
        }
        if url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            return "the URL holds a blank or a control character"
        }
        if let host = tls.serverName, host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x2F }) {
            return "the TLS server name is not a host name"
        }
        return nil
    }
}

/// How a connection is encrypted: how the server's certificate is judged, which one is shown to it,
/// and what versions of TLS are spoken.
public struct TransferTLS: Sendable, Hashable {
    /// PEM, in a file or at hand.
    public enum Material: Sendable, Hashable {
        case file(String)
        case bytes([UInt8])
    }

    public enum Version: Sendable, Hashable {
        case v12
        case v13
    }

    /// The authorities to trust; nil for the system's.
    public var authorities: Material?
    /// The certificate to show; nil for none.
    public var certificate: Material?
    /// The certificate's private key.
    public var key: Material?
    /// Name to expect in the certificate, and to ask for, instead of the URL's host.
    public var serverName: String?
    /// False: any certificate will do.
    public var verifies: Bool
    /// The oldest that is spoken.
    public var minimumVersion: Version

    public init(
        authorities: Material? = nil, certificate: Material? = nil, key: Material? = nil,
        serverName: String? = nil, verifies: Bool = true, minimumVersion: Version = .v12
    ) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
        self.serverName = serverName
        self.verifies = verifies
        self.minimumVersion = minimumVersion
    }
}

/// Where a request goes when the certificate bears another name than the URL: libcurl checks the
/// URL's host, so that becomes the name, and the connection is routed to the real host.
struct ConnectionTarget: Equatable {
    let url: String
    let isTLS: Bool
    /// For `CURLOPT_CONNECT_TO`.
    private(set) var route: String?
    /// The `Host` the server is to see: the real one.
    private(set) var hostField: String?

    init(url: String, serverName: String?) {
        let scheme = "https://"
        isTLS = url.prefix(scheme.count).lowercased() == scheme
        guard isTLS, let serverName, !serverName.isEmpty else {
            self.url = url
            return
        }
        let rest = url.dropFirst(scheme.count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = String(rest[..<end])
        var port = "443"
        var host = authority
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            port = String(authority[authority.index(after: colon)...])
            host = String(authority[..<colon])
        }
        self.url = "\(scheme)\(serverName):\(port)\(rest[end...])"
        route = "\(serverName):\(port):\(host):\(port)"
        hostField = authority
    }
}

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

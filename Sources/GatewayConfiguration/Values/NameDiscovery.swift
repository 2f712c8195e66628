public import UpstreamSettings

/// Names whose records are the servers of a pool, or replicas: `discovery.dns`.
public struct NameDiscovery: Sendable, Hashable {
    public enum RecordType: String, Sendable, Hashable, CaseIterable {
        case a = "A"
        case aaaa = "AAAA"
        case srv = "SRV"
    }

    public static let defaultInterval = Duration.seconds(30)

    /// In the order written.
    public var names: [String] = []
    public var type = RecordType.srv
    /// The port of servers; SRV records have their own.
    public var port: Int?
    /// Between two questions.
    public var interval = NameDiscovery.defaultInterval
    /// The server to ask, an IPv4 address and a port; nil for those of the system.
    public var resolver: ListenAddress?
    public var scheme = ServerURL.Scheme.http
    /// "" or a path that begins with a slash.
    public var pathPrefix = ""

    public init() {}

    /// What a server is asked as.
    ///
    /// - Parameters:
    ///   - host: A name or the text of an address, IPv6 in brackets.
    ///   - name: The name whose record it is. Over TLS the certificate of an address bears it.
    /// - Returns: nil for what is no host and port.
    public func cluster(host: String, port: Int, of name: String) -> Cluster? {
        guard let url = try? ServerURL("\(scheme.rawValue)://\(host):\(port)\(pathPrefix)") else {
            return nil
        }
        var source = PrometheusSource(url: url)
        if scheme == .https, type != .srv { source.tls.serverName = name }
        return Cluster(name: "\(host):\(port)", source: .prometheus(source))
    }
}

/// How the certificate of a server is judged, and which one is shown to it.
public struct TLSSettings: Sendable, Hashable {
    /// PEM file of the authorities to trust instead of the system's.
    public var caFile: String?
    /// PEM files of the client's own certificate and key.
    public var certFile: String?
    public var keyFile: String?
    /// Name to expect in the certificate instead of the URL's host.
    public var serverName: String?
    public var skipVerify: Bool

    public init(
        caFile: String? = nil, certFile: String? = nil, keyFile: String? = nil,
        serverName: String? = nil, skipVerify: Bool = false
    ) {
        self.caFile = caFile
        self.certFile = certFile
        self.keyFile = keyFile
        self.serverName = serverName
        self.skipVerify = skipVerify
    }
}

/// How the certificate of a server is judged, and which one is shown to it.
public struct TransferTLS: Sendable, Hashable {
    /// PEM, in a file or at hand.
    public enum Material: Sendable, Hashable {
        case file(String)
        case bytes([UInt8])
    }

    /// The authorities to trust instead of the system's.
    public var authorities: Material?
    public var certificate: Material?
    public var key: Material?
    /// Name to expect in the certificate, and to ask for, instead of the URL's host.
    public var serverName: String?
    /// False: any certificate will do.
    public var verifies: Bool

    public init(
        authorities: Material? = nil, certificate: Material? = nil, key: Material? = nil,
        serverName: String? = nil, verifies: Bool = true
    ) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
        self.serverName = serverName
        self.verifies = verifies
    }
}

/// A project of another Coroot (or of another Tributary), reached by URL and API key.
public struct RemoteCoroot: Sendable, Hashable {
    public static let defaultResolution: Int64 = 15_000

    public var url: ServerURL
    public var apiKey: Secret
    /// Milliseconds; the least step this member is asked for.
    public var metricResolution: Int64
    public var tls: TLSSettings
    public var acceptEncoding: AcceptEncoding
    /// Milliseconds.
    public var timeout: Int64

    public init(
        url: ServerURL, apiKey: Secret, metricResolution: Int64 = RemoteCoroot.defaultResolution,
        tls: TLSSettings = TLSSettings(), acceptEncoding: AcceptEncoding = .auto,
        timeout: Int64 = PrometheusSource.defaultTimeout
    ) {
        self.url = url
        self.apiKey = apiKey
        self.metricResolution = metricResolution
        self.tls = tls
        self.acceptEncoding = acceptEncoding
        self.timeout = timeout
    }
}

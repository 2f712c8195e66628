/// One place that can answer for the pools it is in.
public struct Cluster: Sendable, Hashable {
    public enum Source: Sendable, Hashable {
        case prometheus(PrometheusSource)
        case remoteCoroot(RemoteCoroot)
    }

    public var name: String
    public var source: Source
    /// `storage.bucketName`: clusters of one pool share it, clusters of different pools do not.
    public var bucketName: String?
    /// A disabled cluster is never chosen.
    public var enabled: Bool

    public init(name: String, source: Source, bucketName: String? = nil, enabled: Bool = true) {
        self.name = name
        self.source = source
        self.bucketName = bucketName
        self.enabled = enabled
    }
}

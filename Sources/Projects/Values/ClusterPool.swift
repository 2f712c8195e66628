/// Clusters of which any one may answer.
public struct ClusterPool: Sendable, Hashable {
    /// The pool that answers when no attribute names another.
    public static let defaultName = "default"

    public var name: String
    /// Names of clusters, or of regular or remote projects, in the order written.
    public var clusters: [String]

    public init(name: String, clusters: [String]) {
        self.name = name
        self.clusters = clusters
    }
}

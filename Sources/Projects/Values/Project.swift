/// A named source of series.
public struct Project: Sendable, Hashable {
    /// Where its series come from; exactly one of these.
    public enum Kind: Sendable, Hashable {
        case prometheus(PrometheusSource)
        case remoteCoroot(RemoteCoroot)
        case clusterPool(PoolChoice)
        /// Names of regular projects, in the order written, none twice.
        case multiCluster(members: [String])
        /// Something outside the file is missing, such as a secret. Such a project answers every
        /// request with the reason; the others go on.
        case misconfigured(reason: String)
    }

    /// Which pool answers for a pooled project.
    public enum PoolChoice: Sendable, Hashable {
        /// The one that `clusterPoolAttributes` gives for the request's domain and workflow.
        case attributes
        case pool(String)
    }

    public var name: String
    public var kind: Kind
    /// Keys that choose this project and let it be read; none for multi-cluster projects.
    public var apiKeys: [APIKey]
    public var partialResponse: PartialResponse
    public var exactness: Exactness

    public init(
        name: String, kind: Kind, apiKeys: [APIKey] = [], partialResponse: PartialResponse = .safe,
        exactness: Exactness = .twoStep
    ) {
        self.name = name
        self.kind = kind
        self.apiKeys = apiKeys
        self.partialResponse = partialResponse
        self.exactness = exactness
    }

    public var isMultiCluster: Bool {
        switch kind {
        case .multiCluster: true
        case .prometheus, .remoteCoroot, .clusterPool, .misconfigured: false
        }
    }
}

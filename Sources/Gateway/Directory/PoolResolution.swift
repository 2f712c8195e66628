import Projects

/// Which pool and which of its clusters answer for a pooled project.
///
/// The most specific record wins: workflow, then project and domain, then the pool `default`
/// (projects.md, 5.2). Within a pool the choice is stable for the same text, so that a dashboard
/// keeps asking the same cluster and finds its caches warm.
struct PoolResolution: Sendable {
    /// How a pool was found; told to the client.
    enum Level: String, Sendable {
        case workflow
        case projectDomain = "project-domain"
        case `default`
        case named
    }

    struct Choice: Sendable, Equatable {
        var pool: String
        var level: Level
    }

    let pools: [ClusterPool]
    let attributes: [ClusterPoolAttribute]

    init(_ configuration: Configuration) {
        pools = configuration.clusterPools
        attributes = configuration.clusterPoolAttributes
    }

    /// The pool for a request; nil when nothing names one and there is no pool `default`.
    func pool(
        for choice: Project.PoolChoice, project: String, domain: String?, workflow: String?
    ) -> Choice? {
        switch choice {
        case .pool(let name): return Choice(pool: name, level: .named)
        case .attributes:
            let ofDomain = attributes.filter { $0.project == project && $0.domain == domain }
            if let workflow, let record = ofDomain.first(where: { $0.workflow == workflow }) {
                return Choice(pool: record.clusterPoolName, level: .workflow)
            }
            if let record = ofDomain.first(where: { $0.workflow == nil }) {
                return Choice(pool: record.clusterPoolName, level: .projectDomain)
            }
            guard pools.contains(where: { $0.name == ClusterPool.defaultName }) else { return nil }
            return Choice(pool: ClusterPool.defaultName, level: .default)
        }
    }

    /// The clusters of a pool that may answer, the one to ask first at the front.
    func clusters(of pool: String, enabled: (String) -> Bool, seed: String) -> [String] {
        let candidates = (pools.first { $0.name == pool }?.clusters ?? []).filter(enabled).sorted()
        guard !candidates.isEmpty else { return [] }
        let first = Int(Self.hash(seed) % UInt64(candidates.count))
        return Array(candidates[first...] + candidates[..<first])
    }

    /// FNV-1a, 64 bits.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }
}

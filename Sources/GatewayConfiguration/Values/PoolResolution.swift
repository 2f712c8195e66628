import GoText

/// Which pool and which of its clusters answer for a pooled project.
///
/// The most specific record wins: workflow, then project and domain, then project, then domain,
/// then the pool `default`. Within a pool the choice is stable for the same
/// seed, so that a dashboard keeps asking the same cluster and finds its caches warm.
public struct PoolResolution: Sendable {
    /// How a pool was found; told to the client.
    public enum Level: String, Sendable {
        case workflow
        case projectDomain = "project-domain"
        case project
        case domain
        case `default`
        /// The project's own configuration names it.
        case named
        /// The request named it, and nothing else did.
        case requested
    }

    public struct Choice: Sendable, Equatable {
        public var pool: String
        public var level: Level
    }

    /// What a request says about where it belongs.
    public struct Request: Sendable {
        var project: String
        var domain: String?
        var workflow: String?
        /// The pool that the client asks for; it must not contradict the configured one.
        var pool: String?

        public init(
            project: String, domain: String? = nil, workflow: String? = nil, pool: String? = nil
        ) {
            self.project = project
            self.domain = domain
            self.workflow = workflow
            self.pool = pool
        }
    }

    /// Why there is no such pool; what the parameter `clusterPool` is told.
    public struct Refusal: Error, Sendable {
        public var text: String
    }

    let pools: [ClusterPool]
    let attributes: [ClusterPoolAttribute]
    let assignments: ClusterPoolAssignments

    public init(_ configuration: Configuration) {
        pools = configuration.clusterPools
        attributes = configuration.clusterPoolAttributes
        assignments = configuration.clusterPoolAssignments
    }

    /// The pool for a request; nil when nothing names one and there is no pool `default`.
    ///
    /// - Throws: 400 for a requested pool that does not exist or that contradicts the configured
    ///   one.
    public func pool(
        for choice: Project.PoolChoice, _ request: Request
    ) throws(Refusal) -> Choice? {
        let configured = configured(choice, request)
        if let wanted = request.pool {
            guard pools.contains(where: { $0.name == wanted }) else {
                throw Refusal(text: "unknown cluster pool \(GoQuoting.quote(wanted))")
            }
            guard let configured else { return Choice(pool: wanted, level: .requested) }
            guard configured.pool == wanted else {
                let domain = request.domain.map { ", domain \(GoQuoting.quote($0))" } ?? ""
                throw Refusal(
                    text:
                        "project \(GoQuoting.quote(request.project))\(domain): the requested pool "
                        + "\(GoQuoting.quote(wanted)) contradicts the configured pool "
                        + GoQuoting.quote(configured.pool))
            }
            return configured
        }
        if let configured { return configured }
        guard pools.contains(where: { $0.name == ClusterPool.defaultName }) else { return nil }
        return Choice(pool: ClusterPool.defaultName, level: .default)
    }

    /// What is written down, the pool `default` left out.
    private func configured(_ choice: Project.PoolChoice, _ request: Request) -> Choice? {
        switch choice {
        case .pool(let name): return Choice(pool: name, level: .named)
        case .attributes: break
        }
        let ofDomain = attributes.filter {
            $0.project == request.project && $0.domain == request.domain
        }
        if let workflow = request.workflow,
            let record = ofDomain.first(where: { $0.workflow == workflow })
        {
            return Choice(pool: record.clusterPoolName, level: .workflow)
        }
        if let record = ofDomain.first(where: { $0.workflow == nil }) {
            return Choice(pool: record.clusterPoolName, level: .projectDomain)
        }
        if let pool = assignments.projects[request.project] {
            return Choice(pool: pool, level: .project)
        }
        if let domain = request.domain, let pool = assignments.domains[domain] {
            return Choice(pool: pool, level: .domain)
        }
        return nil
    }

    /// The clusters of a pool that may answer, the one to ask first at the front.
    ///
    /// Every cluster is ranked by a hash of seed and name: one that comes or goes moves only its own
    /// share of the questions.
    public func clusters(of pool: String, seed: String, mayAnswer: (String) -> Bool) -> [String] {
        let members = pools.first { $0.name == pool }?.clusters ?? []
        return members.filter(mayAnswer).map { (rank: Self.rank(seed, $0), name: $0) }
            .sorted { $0 < $1 }.map(\.name)
    }

    /// FNV-1a over seed and name, then mixed, so that names that differ in one character rank
    /// independently.
    private static func rank(_ seed: String, _ name: String) -> UInt64 {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for text in [seed, name] {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
            hash = (hash ^ 0xFF) &* 1_099_511_628_211
        }
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ (hash >> 33)
    }
}

import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire

/// Which pool and which of its clusters answer for a pooled project.
///
/// The most specific record wins: workflow, then project and domain, then project, then domain,
/// then the pool `default` (projects.md, 5.2). Within a pool the choice is stable for the same
/// seed, so that a dashboard keeps asking the same cluster and finds its caches warm.
struct PoolResolution: Sendable {
    /// How a pool was found; told to the client.
    enum Level: String, Sendable {
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

    struct Choice: Sendable, Equatable {
        var pool: String
        var level: Level
    }

    /// What a request says about where it belongs.
    struct Request: Sendable {
        var project: String
        var domain: String?
        var workflow: String?
        /// The pool that the client asks for; it must not contradict the configured one.
        var pool: String?
    }

    let pools: [ClusterPool]
    let attributes: [ClusterPoolAttribute]
    let assignments: ClusterPoolAssignments

    init(_ configuration: Configuration) {
        pools = configuration.clusterPools
        attributes = configuration.clusterPoolAttributes
        assignments = configuration.clusterPoolAssignments
    }

    /// The pool for a request; nil when nothing names one and there is no pool `default`.
    ///
    /// - Throws: 400 for a requested pool that does not exist or that contradicts the configured
    ///   one.
    func pool(
        for choice: Project.PoolChoice, _ request: Request
    ) throws(APIError) -> Choice? {
        let configured = configured(choice, request)
        if let wanted = request.pool {
            guard pools.contains(where: { $0.name == wanted }) else {
                throw .parameter("clusterPool", "unknown cluster pool \(GoQuoting.quote(wanted))")
            }
            guard let configured else { return Choice(pool: wanted, level: .requested) }
            guard configured.pool == wanted else {
                let domain = request.domain.map { ", domain \(GoQuoting.quote($0))" } ?? ""
                throw .parameter(
                    "clusterPool",
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
    func clusters(of pool: String, seed: String, mayAnswer: (String) -> Bool) -> [String] {
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

/// What chooses among the clusters of a pool: the same text about the same hour chooses the same
/// cluster, and the next hour may choose another, so that no cluster keeps the dearest queries.
enum PoolAffinityKey {
    /// Milliseconds.
    static let bucket: Int64 = 3_600_000

    /// - Parameter now: milliseconds since the epoch, for requests that name no time.
    static func of(_ request: PrometheusRequest, now: Int64) -> String {
        var texts = [request.parameter("query")] + request.parameters.all("match[]")
        texts.append(String(bucketNumber(of: request, now: now)))
        return texts.joined(separator: "\n")
    }

    private static func bucketNumber(of request: PrometheusRequest, now: Int64) -> Int64 {
        for name in ["end", "time"] {
            // What cannot be read is refused later, with the right words.
            if let time = try? RequestTime.parse(request.parameter(name)) {
                return time.flooredQuotient(by: bucket)
            }
        }
        return now.flooredQuotient(by: bucket)
    }
}

extension Int64 {
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// Tells the client which pool stood for a pooled project, how it was found, and which of its
/// clusters answered. Of several pooled members each value is given as `<project>=<value>`.
enum PoolHeaders {
    static func add(to response: inout PrometheusResponse, for project: ResolvedProject) async {
        let calls = project.members.compactMap(\.pool)
        guard !calls.isEmpty else { return }
        var pools: [String] = []
        var levels: [String] = []
        var clusters: [String] = []
        for call in calls {
            let prefix = project.isMultiCluster ? "\(call.project)=" : ""
            pools.append(prefix + call.choice.pool)
            levels.append(prefix + call.choice.level.rawValue)
            clusters += await call.answered.map { prefix + $0 }
        }
        response.headers["X-Tributary-Pool"] = pools.joined(separator: ", ")
        response.headers["X-Tributary-Pool-Level"] = levels.joined(separator: ", ")
        if !clusters.isEmpty {
            response.headers["X-Tributary-Cluster"] = clusters.joined(separator: ", ")
        }
    }
}

public import GatewayConfiguration
public import Upstream
public import UpstreamSettings

extension ReplicaSet {
    /// The sets of all projects that are replicas, by name.
    ///
    /// - Parameters:
    ///   - old: sets of an earlier configuration; those that ask the same servers in the same way are
    ///     kept, with what they found out.
    ///   - client: for a project's replica.
    public static func all(
        of configuration: Configuration, reusing old: [String: ReplicaSet],
        client: (_ project: String, _ replica: String, UpstreamSource) -> UpstreamClient
    ) -> [String: ReplicaSet] {
        var sets: [String: ReplicaSet] = [:]
        for project in configuration.projects {
            guard case .replicas(let group) = project.kind else { continue }
            let replicas = group.servers(configuration.findings).map { server in
                Replica(
                    name: server.name,
                    client: client(project.name, server.name, .prometheus(server.prometheus)),
                    timeRange: server.timeRange)
            }
            let set = ReplicaSet(
                project: project.name, replicas: replicas, labels: group.labels,
                mergesAlways: group.deduplication == .raw,
                hedgeAfter: configuration.query.hedgeAfter)
            sets[project.name] = old[project.name].flatMap { $0.isSame(as: set) ? $0 : nil } ?? set
        }
        return sets
    }
}

/// Pools for what no attribute speaks of: by project, and by domain.
public struct ClusterPoolAssignments: Sendable, Hashable {
    /// Pool names by project.
    public var projects: [String: String]
    /// Pool names by domain.
    public var domains: [String: String]

    public init(projects: [String: String] = [:], domains: [String: String] = [:]) {
        self.projects = projects
        self.domains = domains
    }
}

/// Which pool answers for a project and domain, or for one workflow in them.
public struct ClusterPoolAttribute: Sendable, Hashable {
    public var project: String
    public var domain: String
    public var workflow: String?
    public var clusterPoolName: String

    public init(project: String, domain: String, workflow: String? = nil, clusterPoolName: String) {
        self.project = project
        self.domain = domain
        self.workflow = workflow
        self.clusterPoolName = clusterPoolName
    }
}

/// Everything in the store, as of one moment. Edits are made to this value, checked, and written
/// back as one transaction.
public struct StoreContents: Sendable, Equatable {
    /// Grows with each change, of this gateway and of others.
    public var revision: Int64 = 0
    public var projects: [String: StoredProject] = [:]
    public var tokens: [String: StoredToken] = [:]
    public var clusterPools: [String: ClusterPool] = [:]
    public var attributes: [AttributeKey: ClusterPoolAttribute] = [:]

    /// What a pool attribute is about; at most one record each.
    public struct AttributeKey: Sendable, Hashable {
        public var project: String
        public var domain: String
        public var workflow: String?

        public init(project: String, domain: String, workflow: String?) {
            self.project = project
            self.domain = domain
            self.workflow = workflow
        }
    }

    public init() {}
}

extension ClusterPoolAttribute {
    public var key: StoreContents.AttributeKey {
        StoreContents.AttributeKey(project: project, domain: domain, workflow: workflow)
    }
}

/// What a change did.
public enum StoreChange: Sendable, Equatable {
    case created, updated, removed, unchanged
}

extension StoreContents {
    /// Creates or replaces the record for a project and domain, or for one workflow in them.
    ///
    /// - Parameter file: The configuration file, whose own records are read-only and whose pools
    ///   and projects may be named.
    public mutating func put(
        _ attribute: ClusterPoolAttribute, file: Configuration
    ) throws(StoreRefusal) -> StoreChange {
        let required = [
            ("project", attribute.project), ("domain", attribute.domain),
            ("clusterPoolName", attribute.clusterPoolName),
        ]
        let missing = required.filter { $0.1.isEmpty }
        guard missing.isEmpty else {
            throw .invalid(
                missing.map { ConfigurationError(keyPath: $0.0, problem: "\($0.0) is required") })
        }
        try StoreRefusal.checkLine(attribute.domain, "domain")
        try StoreRefusal.checkLine(attribute.workflow ?? "", "workflow")
        var attribute = attribute
        if attribute.workflow == "" { attribute.workflow = nil }
        try refuseFileAttribute(attribute.key, file)
        let projects = effective(file).projects.map(\.name)
        guard projects.contains(attribute.project) else {
            throw .invalid([
                .unknown("project", attribute.project, key: "project", among: projects)
            ])
        }
        let pools = effective(file).clusterPools.map(\.name)
        guard pools.contains(attribute.clusterPoolName) else {
            throw .invalid([
                .unknown(
                    "cluster pool", attribute.clusterPoolName, key: "clusterPoolName", among: pools)
            ])
        }
        let old = attributes.updateValue(attribute, forKey: attribute.key)
        return old == nil ? .created : old == attribute ? .unchanged : .updated
    }

    /// Removes a record, if it is there.
    public mutating func removeAttribute(
        _ key: AttributeKey, file: Configuration
    ) throws(StoreRefusal) -> StoreChange {
        try refuseFileAttribute(key, file)
        return attributes.removeValue(forKey: key) == nil ? .unchanged : .removed
    }

    private func refuseFileAttribute(
        _ key: AttributeKey, _ file: Configuration
    ) throws(StoreRefusal) {
        guard file.clusterPoolAttributes.contains(where: { $0.key == key }) else { return }
        let workflow = key.workflow.map { ", workflow \($0)" } ?? ""
        throw .readOnly(
            "the cluster pool attribute of project \(key.project), domain \(key.domain)\(workflow) "
                + "is defined in the configuration file and cannot be changed here")
    }
}

extension ConfigurationError {
    static func unknown(
        _ what: String, _ name: String, key: String, among known: [String]
    ) -> ConfigurationError {
        ConfigurationError(
            keyPath: key, problem: "unknown \(what) \(name)",
            mend: NearestName.of(name, among: known).map { "did you mean \($0)?" })
    }
}

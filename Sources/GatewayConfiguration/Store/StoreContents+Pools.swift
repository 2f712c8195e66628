import UpstreamSettings

extension StoreContents {
    /// Creates or replaces a cluster pool, by the rules of the configuration file.
    public mutating func put(
        _ pool: ClusterPool, file: Configuration
    ) throws(StoreRefusal) -> StoreChange {
        try refuseFilePool(pool.name, file)
        guard !pool.name.isEmpty else {
            throw .invalid([ConfigurationError(keyPath: "name", problem: "name is required")])
        }
        try StoreRefusal.checkLine(pool.name, "name")
        var changed = self
        let old = changed.clusterPools.updateValue(pool, forKey: pool.name)
        let configuration = changed.effective(file)
        let errors = ConfigurationReader.errors(of: pool, in: configuration)
        guard errors.isEmpty else { throw .invalid(errors) }
        self = changed
        return old == nil ? .created : old == pool ? .unchanged : .updated
    }

    /// Removes a pool, if it is there and nothing refers to it.
    public mutating func removePool(
        _ name: String, file: Configuration
    ) throws(StoreRefusal) -> StoreChange {
        try refuseFilePool(name, file)
        guard clusterPools[name] != nil else { return .unchanged }
        let configuration = effective(file)
        var users = configuration.projects.compactMap { project in
            project.kind == .clusterPool(.pool(name)) ? "project \(project.name)" : nil
        }
        users += configuration.clusterPoolAttributes.filter { $0.clusterPoolName == name }.map {
            let workflow = $0.workflow.map { ", workflow \($0)" } ?? ""
            return "the attribute of project \($0.project), domain \($0.domain)\(workflow)"
        }
        guard users.isEmpty else {
            throw .conflict(
                "cluster pool \(name) cannot be deleted: it is used by "
                    + users.joined(separator: "; "))
        }
        clusterPools[name] = nil
        return .removed
    }

    private func refuseFilePool(_ name: String, _ file: Configuration) throws(StoreRefusal) {
        guard file.clusterPools.contains(where: { $0.name == name }) else { return }
        throw .readOnly(
            "cluster pool \(name) is defined in the configuration file and cannot be changed here")
    }
}

extension ConfigurationReader {
    /// What the file's rules have against a pool.
    static func errors(
        of pool: ClusterPool, in configuration: Configuration
    ) -> [ConfigurationError] {
        guard !pool.clusters.isEmpty || pool.discovery != nil else {
            return [
                ConfigurationError(
                    keyPath: "clusters", problem: "the pool has no clusters",
                    mend: "list the names of its clusters")
            ]
        }
        var errors: [ConfigurationError] = []
        var seen: Set<String> = []
        let projects = configuration.projects
        let known = configuration.clusters.map(\.name) + projects.map(\.name)
        for name in pool.clusters {
            if !seen.insert(name).inserted {
                errors.append(
                    ConfigurationError(keyPath: "clusters", problem: "duplicate cluster \(name)"))
            } else if !known.contains(name) {
                errors.append(.unknown("cluster", name, key: "clusters", among: known))
            } else if configuration.project(named: name)?.isMultiCluster == true {
                errors.append(
                    ConfigurationError(
                        keyPath: "clusters",
                        problem: "\(name) is a multi-cluster project, not a cluster"))
            }
        }
        let nothing = ConfigurationNode(line: 0, column: 0, keyPath: "", content: .mapping([]))
        var reader = ConfigurationReader(secrets: SecretFiles(), existingProjects: [])
        if let section = Section<Keys.Root>(nothing, &reader.report) {
            reader.checkBuckets(section, configuration)
        }
        return errors + reader.report.errors
    }
}

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

extension StoreContents {
    /// The configuration file and the store as one. What the file defines comes first, and hides
    /// what the store has under the same name; the rest follows by name.
    public func effective(_ file: Configuration) -> Configuration {
        var configuration = file
        let own = Set(file.projects.map(\.name))
        configuration.projects += projects.values.map(\.project)
            .filter { !own.contains($0.name) }.sorted { $0.name < $1.name }
        let ownPools = Set(file.clusterPools.map(\.name))
        configuration.clusterPools += clusterPools.values
            .filter { !ownPools.contains($0.name) }.sorted { $0.name < $1.name }
        let ownAttributes = Set(file.clusterPoolAttributes.map(\.key))
        configuration.clusterPoolAttributes += attributes.values
            .filter { !ownAttributes.contains($0.key) }
            .sorted {
                ($0.project, $0.domain, $0.workflow ?? "")
                    < ($1.project, $1.domain, $1.workflow ?? "")
            }
        return configuration
    }

    /// Regular projects that a configuration file may name without defining them.
    public var regularProjects: Set<String> {
        Set(projects.values.map(\.project).filter { !$0.isMultiCluster }.map(\.name))
    }
}

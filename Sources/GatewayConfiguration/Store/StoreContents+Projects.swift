extension StoreContents {
    /// Creates a project, or replaces its definition; its keys stay, but a multi-cluster project
    /// has none.
    ///
    /// - Parameters:
    ///   - document: A block of `projects`. A `name` in it that is not the project's renames it,
    ///     and everything that refers to it follows.
    ///   - onlyNew: Whether a project that exists already is a conflict.
    public mutating func putProject(
        _ document: DocumentValue, name: String, file: Configuration, onlyNew: Bool = false
    ) throws(StoreRefusal) -> (change: StoreChange, project: Project) {
        let wanted = document["name"]?.text ?? name
        try refuseFileProject(name, file)
        try refuseFileProject(wanted, file)
        let all = effective(file).projects
        let old = projects[name]
        if onlyNew, old != nil { throw .conflict("the name \(name) is in use") }
        if wanted != name {
            guard old != nil else { throw .notFound("project \(name) not found") }
            if all.contains(where: { $0.name == wanted }) {
                throw .conflict("the name \(wanted) is in use")
            }
            let users = references(to: name, file).inFile
            guard users.isEmpty else {
                throw .conflict(
                    "project \(name) cannot be renamed: the configuration file refers to it in "
                        + users.joined(separator: ", "))
            }
        }
        let found = effective(file).foundNames
        let project = try ProjectDocument.read(
            document, name: wanted,
            // What may be gone tomorrow can only be chosen.
            among: all.filter { $0.name != name && found[$0.name] == nil }, old: old?.project,
            partitionLabel: file.partitionLabel,
            keepsAuthorization: file.authentication?.keepsAuthorization ?? false)
        try checkPool(of: project, file)
        if project.isMultiCluster {
            let users = references(to: name, file)
            guard users.all.isEmpty else {
                throw .invalid(
                    "project \(name) cannot become a multi-cluster project: it is used by "
                        + users.all.joined(separator: ", "))
            }
        }
        let stored = StoredProject(
            project: project, keys: project.isMultiCluster ? [] : old?.keys ?? [])
        if wanted != name { rename(name, to: wanted) }
        projects[wanted] = stored
        let change: StoreChange = old == nil ? .created : old == stored ? .unchanged : .updated
        return (change, project)
    }

    /// Removes a project with its keys and pool attributes, if it is there.
    public mutating func removeProject(
        _ name: String, file: Configuration
    ) throws(StoreRefusal) -> StoreChange {
        try refuseFileProject(name, file)
        guard projects[name] != nil else { return .unchanged }
        let users = references(to: name, file).all
        guard users.isEmpty else {
            throw .conflict(
                "project \(name) cannot be deleted: it is used by "
                    + users.joined(separator: ", "))
        }
        projects[name] = nil
        attributes = attributes.filter { $0.key.project != name }
        for (token, stored) in tokens {
            // Of a list that becomes empty nothing is left to read, and not everything.
            tokens[token]?.projects = stored.projects?.filter { $0 != name }
        }
        return .removed
    }

    /// Who refers to a project, in words.
    private func references(
        to name: String, _ file: Configuration
    ) -> (inFile: [String], all: [String]) {
        var inFile: [String] = []
        for project in file.projects {
            if case .multiCluster(let members) = project.kind, members.contains(name) {
                inFile.append("multi-cluster project \(project.name)")
            }
        }
        for pool in file.clusterPools where pool.clusters.contains(name) {
            inFile.append("cluster pool \(pool.name)")
        }
        for token in file.authentication?.tokens ?? []
        where token.projects?.contains(name) == true {
            inFile.append("token \(token.name)")
        }
        if file.defaultProject == name { inFile.append("defaultProject") }
        if file.clusterPoolAssignments.projects[name] != nil {
            inFile.append("clusterPoolAssignments")
        }
        if file.clusterPoolAttributes.contains(where: { $0.project == name }) {
            inFile.append("clusterPoolAttributes")
        }
        var all = inFile
        let own = Set(file.projects.map(\.name))
        for stored in projects.values.sorted(by: { $0.project.name < $1.project.name })
        where !own.contains(stored.project.name) {
            if case .multiCluster(let members) = stored.project.kind, members.contains(name) {
                let user = "multi-cluster project \(stored.project.name)"
                all.append(user)
                // Of the file of another gateway.
                if stored.isFileDefined { inFile.append(user) }
            }
        }
        for pool in clusterPools.values.sorted(by: { $0.name < $1.name })
        where pool.clusters.contains(name) {
            all.append("cluster pool \(pool.name)")
        }
        return (inFile, all)
    }

    private mutating func rename(_ name: String, to new: String) {
        projects[name] = nil
        for (other, stored) in projects {
            guard case .multiCluster(let members) = stored.project.kind else { continue }
            projects[other]?.project.kind = .multiCluster(
                members: members.map { $0 == name ? new : $0 })
        }
        for (token, stored) in tokens {
            tokens[token]?.projects = stored.projects?.map { $0 == name ? new : $0 }
        }
        for (pool, stored) in clusterPools {
            clusterPools[pool]?.clusters = stored.clusters.map { $0 == name ? new : $0 }
        }
        for var attribute in attributes.values where attribute.project == name {
            attributes[attribute.key] = nil
            attribute.project = new
            attributes[attribute.key] = attribute
        }
    }

    private func checkPool(
        of project: Project, _ file: Configuration
    ) throws(StoreRefusal) {
        guard case .clusterPool(.pool(let pool)) = project.kind else { return }
        let pools = effective(file).clusterPools.map(\.name)
        guard !pools.contains(pool) else { return }
        throw .invalid([.unknown("cluster pool", pool, key: "clusterPool", among: pools)])
    }

    /// Refuses changes of what is not the store's own.
    func refuseFileProject(_ name: String, _ file: Configuration) throws(StoreRefusal) {
        try refuseFoundProject(name, file)
        guard
            file.projects.contains(where: { $0.name == name })
                || projects[name]?.isFileDefined == true
        else { return }
        throw .readOnly(
            "project \(name) is defined in the configuration file and cannot be changed here")
    }

    private func refuseFoundProject(_ name: String, _ file: Configuration) throws(StoreRefusal) {
        guard let source = effective(file).foundNames[name] else { return }
        throw .readOnly(
            "project \(name) was found at \(source) and cannot be changed here")
    }
}

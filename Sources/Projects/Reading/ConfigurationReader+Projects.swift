extension ConfigurationReader {
    mutating func readProjects(
        _ section: Section<Keys.Root>, clusters: [Cluster]
    ) -> [Project] {
        guard let elements = section.list(.projects, &report), !elements.isEmpty else {
            // Where there is a store, projects may all be made through the API.
            if section[.projects] == nil, section[.dataDirectory] == nil, section[.postgres] == nil
            {
                report.error(
                    at: section.place(of: .projects), "there are no projects",
                    mend: "list at least one, with a name and a prometheus url")
            }
            return []
        }
        return readProjects(elements)
    }

    mutating func readProjects(_ elements: [ConfigurationNode]) -> [Project] {
        var projects: [Project] = []
        var members: [MemberRules.Listing] = []
        var keyOwners: [String: String] = [:]
        var rules = MemberRules(elements, existing: existingProjects)
        for (index, element) in elements.enumerated() {
            let nameText = element.value(of: "name")?.scalar
            let subject = nameText.map { "project \($0)" } ?? "project #\(index)"
            guard
                let section = Section<Keys.Project>(
                    element, subject: subject, lenient: isLenient, &report)
            else { continue }
            let name = readName(section, taken: &rules)
            guard let project = readProject(section, name: name ?? "", subject: subject) else {
                continue
            }
            for key in project.apiKeys {
                if let owner = keyOwners[key.key.exposed] {
                    report.error(
                        at: section.place(of: .apiKeys), subject: subject,
                        "duplicate key: project \(owner) has the same one",
                        mend: "give every project keys of its own")
                }
                keyOwners[key.key.exposed] = project.name
            }
            if case .multiCluster = project.kind, let list = section[.memberProjects] {
                members.append(MemberRules.Listing(project: name ?? "", index: index, node: list))
            }
            if name != nil { projects.append(project) }
        }
        rules.check(members, projects: projects, &report)
        return projects
    }

    private mutating func readName(
        _ section: Section<Keys.Project>, taken rules: inout MemberRules
    ) -> String? {
        guard let name = section.text(.name, &report), !name.isEmpty else {
            if case .unusable = section[.name]?.content { return nil }
            report.error(
                at: section.place(of: .name), subject: section.subject, "name is required")
            return nil
        }
        guard ProjectName.isValid(name) else {
            report.error(
                at: section.place(of: .name), subject: section.subject,
                "\"\(name)\" is not a project name",
                mend: "write 1 to 63 of a-z, 0-9, - and _")
            return nil
        }
        let place = section.place(of: .name)
        if let first = rules.claim(name, line: place.line) {
            report.error(
                at: place, subject: section.subject,
                "duplicate project name: line \(first) has it already",
                mend: "give every project a name of its own")
            return nil
        }
        return name
    }

    private mutating func readProject(
        _ section: Section<Keys.Project>, name: String, subject: String
    ) -> Project? {
        let written = section.list(.apiKeys, &report) ?? []
        let keys = readAPIKeys(written, subject: subject)
        let members = section.names(.memberProjects, &report) ?? []
        let partial = section.choice(.partialResponse, of: PartialResponse.self, &report)
        let exactness = section.choice(.exactness, of: Exactness.self, &report)
        let source = readSource(
            section, members: members.map(\.name),
            // Also those whose secret is still to be made.
            hasKeys: !written.isEmpty)
        guard let source else { return nil }
        return Project(
            name: name, kind: source, apiKeys: keys, partialResponse: partial ?? .safe,
            exactness: exactness ?? .twoStep)
    }

    /// Exactly one source; everything else is reported.
    private mutating func readSource(
        _ section: Section<Keys.Project>, members: [String], hasKeys: Bool
    ) -> Project.Kind? {
        let given: [Keys.Project] = [.prometheus, .remoteCoroot, .clusterPool, .memberProjects]
            .filter { section[$0] != nil && ($0 != .memberProjects || !members.isEmpty) }
        if isLenient {
            // The rule of the custom resource's own schema, in its words.
            let exclusive =
                (members.isEmpty ? 0 : 1) + (section[.remoteCoroot] == nil ? 0 : 1)
                + (hasKeys ? 1 : 0)
            if exclusive != 1 {
                report.error(
                    at: section.node, subject: section.subject,
                    "exactly one of memberProjects (non-empty), remoteCoroot, apiKeys (non-empty) must be set"
                )
                return nil
            }
        }
        if given.count > 1 {
            report.error(
                at: section.node, subject: section.subject,
                "\(given.map(\.rawValue).joined(separator: " and ")) exclude each other",
                mend: "keep one of them")
        } else if given == [.memberProjects], hasKeys {
            report.error(
                at: section.place(of: .apiKeys), subject: section.subject,
                "a multi-cluster project has no api keys",
                mend: "use the keys of its members, or auth.tokens")
        }
        var kinds: [Project.Kind?] = []
        if let node = section[.prometheus] {
            kinds.append(readPrometheus(node, subject: section.subject).map { .prometheus($0) })
        }
        if let node = section[.remoteCoroot] {
            kinds.append(readRemoteCoroot(node, subject: section.subject))
        }
        if let text = section.text(.clusterPool, &report) {
            kinds.append(.clusterPool(text == "attributes" ? .attributes : .pool(text)))
        }
        if !members.isEmpty { kinds.append(.multiCluster(members: members)) }
        if let first = kinds.first { return first }
        return given.isEmpty ? sharedSource(section, hasKeys: hasKeys) : nil
    }

    private mutating func sharedSource(
        _ section: Section<Keys.Project>, hasKeys: Bool
    ) -> Project.Kind? {
        if let sharedPrometheus { return .prometheus(sharedPrometheus) }
        let problem =
            hasKeys
            ? "api keys are defined, but no data source"
            : "no data source and no api keys are defined"
        report.error(
            at: section.node, subject: section.subject, problem,
            mend: "write prometheus: {url: ...}, remoteCoroot, clusterPool or memberProjects, "
                + "or globalPrometheus for the whole file")
        return nil
    }
}

import GoText
import UpstreamSettings

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

extension StoreContents {
    /// The configuration file and the store as one. What the file defines comes first, and hides
    /// what the store has under the same name; the rest follows by name. Multi-cluster projects have the members
    /// that fit among all of them.
    public func effective(_ file: Configuration) -> Configuration {
        var configuration = file
        let own = Set(file.projects.map(\.name))
        configuration.projects += projects.values.map(\.project)
            .filter { !own.contains($0.name) }.sorted { $0.name < $1.name }
            .map {
                $0.checked(againstPartitionLabel: file.partitionLabel)
                    .checked(against: file.authentication)
            }
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
        return configuration.withChosenMembers
    }

    /// Regular projects that a configuration file may name without defining them.
    public var regularProjects: Set<String> {
        Set(projects.values.map(\.project).filter { !$0.isMultiCluster }.map(\.name))
    }
}

extension StoreContents {
    /// Takes over the projects of a configuration file, at start and at each reload: what the file
    /// has is replaced whole, its keys too, and is read-only from now on; what it has no more can
    /// be edited again. Everything else stays.
    ///
    /// - Returns: What is worth telling.
    public mutating func register(_ file: Configuration, now: Timestamp) -> [String] {
        var notes: [String] = []
        let own = Set(file.projects.map(\.name))
        for (name, stored) in projects where stored.isFileDefined && !own.contains(name) {
            projects[name]?.isFileDefined = false
            notes.append(
                "project \(name) is not in the configuration file any more; it can be edited")
        }
        let claimed = Set(file.projects.flatMap { $0.apiKeys.map { SecretDigest(of: $0.key) } })
        for (name, stored) in projects where !own.contains(name) {
            let kept = stored.keys.filter { !claimed.contains($0.digest) }
            guard kept.count < stored.keys.count else { continue }
            projects[name]?.keys = kept
            notes.append(
                "project \(name) loses a key that the configuration file gives to another project")
        }
        // Members that are to be made are those of other files, and dangle; the file was checked
        // against the store, so that none is left but by a change in between.
        for project in file.projects {
            let old = projects[project.name]?.keys ?? []
            let keys = project.apiKeys.map { key in
                let digest = SecretDigest(of: key.key)
                let known = old.first { $0.digest == digest }
                return StoredKey(
                    id: known?.id ?? Secret.randomText(count: 12), digest: digest,
                    description: key.description, created: known?.created ?? now)
            }
            projects[project.name] = StoredProject(
                project: project, keys: keys, isFileDefined: true)
        }
        return notes
    }
}

extension StoreContents {
    /// Makes a key of a regular project. The key itself is shown now and never again.
    public mutating func addKey(
        to name: String, description: String, file: Configuration, now: Timestamp
    ) throws(StoreRefusal) -> (id: String, key: Secret) {
        try checkKeys(of: name, file)
        try StoreRefusal.checkLine(description, "description")
        let key = Secret.random()
        let id = Secret.randomText(count: 12)
        projects[name]?.keys.append(
            StoredKey(
                id: id, digest: SecretDigest(of: key), description: description, created: now))
        return (id, key)
    }

    /// Removes a key, if it is there.
    public mutating func removeKey(
        _ id: String, of name: String, file: Configuration
    ) throws(StoreRefusal) -> StoreChange {
        try checkKeys(of: name, file)
        guard let index = projects[name]?.keys.firstIndex(where: { $0.id == id }) else {
            return .unchanged
        }
        projects[name]?.keys.remove(at: index)
        return .removed
    }

    private func checkKeys(of name: String, _ file: Configuration) throws(StoreRefusal) {
        try refuseFileProject(name, file)
        guard let project = projects[name]?.project else {
            throw .notFound("project \(name) not found")
        }
        if project.isMultiCluster {
            throw .invalid(
                "project \(name) is a multi-cluster project, which has no api keys",
                mend: "use the keys of its members, or a token")
        }
    }

    /// Makes a gateway access token. The token itself is shown now and never again.
    ///
    /// - Parameter allowed: The projects it opens; nil for every one.
    public mutating func addToken(
        _ name: String, projects allowed: [String]?, isAdministrator: Bool,
        rights: TokenRights = TokenRights(), file: Configuration, now: Timestamp
    ) throws(StoreRefusal) -> Secret {
        guard ProjectName.isValid(name) else {
            throw .invalid([
                ConfigurationError(
                    keyPath: "name", problem: "\"\(name)\" is not a name",
                    mend: "write 1 to 63 of a-z, 0-9, - and _")
            ])
        }
        let inFile = file.authentication?.tokens.contains { $0.name == name } ?? false
        guard tokens[name] == nil, !inFile else { throw .conflict("the name \(name) is in use") }
        let known = effective(file).projects.map(\.name)
        let unknown = (allowed ?? []).filter { !known.contains($0) }
        guard unknown.isEmpty else {
            throw .invalid(
                unknown.map { .unknown("project", $0, key: "projects", among: known) })
        }
        let token = Secret.random()
        tokens[name] = StoredToken(
            name: name, digest: SecretDigest(of: token), projects: allowed,
            isAdministrator: isAdministrator, rights: rights, created: now)
        return token
    }

    /// Removes a token, if it is there.
    public mutating func removeToken(
        _ name: String, file: Configuration
    ) throws(StoreRefusal) -> StoreChange {
        if file.authentication?.tokens.contains(where: { $0.name == name }) == true {
            throw .readOnly(
                "token \(name) is defined in the configuration file and cannot be changed here")
        }
        return tokens.removeValue(forKey: name) == nil ? .unchanged : .removed
    }
}

extension StoreContents {
    /// Makes a key of a regular project. The key itself is shown now and never again.
    ///
    /// - Parameter now: Milliseconds since the epoch.
    public mutating func addKey(
        to name: String, description: String, file: Configuration, now: Int64
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
    /// - Parameters:
    ///   - allowed: The projects it opens; nil for every one.
    ///   - now: Milliseconds since the epoch.
    public mutating func addToken(
        _ name: String, projects allowed: [String]?, isAdministrator: Bool, file: Configuration,
        now: Int64
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
            isAdministrator: isAdministrator, created: now)
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

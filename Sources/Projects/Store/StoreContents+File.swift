extension StoreContents {
    /// Takes over the projects of a configuration file, at start and at each reload: what the file
    /// has is replaced whole, its keys too, and is read-only from now on; what it has no more can
    /// be edited again. Everything else stays (projects.md, row 5).
    ///
    /// - Returns: What is worth telling.
    public mutating func register(_ file: Configuration, now: Int64) -> [String] {
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

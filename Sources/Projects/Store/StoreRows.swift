import Foundation

/// The contents as rows.
enum StoreRows {
    static func revision(_ session: some SQLSession) throws -> Int64 {
        try session.run("SELECT revision FROM store_state").first?.integer(0) ?? 0
    }

    static func contents(_ session: some SQLSession) throws -> StoreContents {
        var contents = StoreContents()
        contents.revision = try revision(session)
        var members: [String: [String]] = [:]
        for row in try session.run(
            "SELECT project, member FROM project_members ORDER BY project, position")
        {
            members[try row.text(0), default: []].append(try row.text(1))
        }
        var keys: [String: [StoredKey]] = [:]
        for row in try session.run(
            "SELECT project, id, digest, description, created FROM api_keys ORDER BY created, id")
        {
            keys[try row.text(0), default: []].append(
                StoredKey(
                    id: try row.text(1), digest: try digest(row.text(2)),
                    description: try row.text(3), created: try row.integer(4)))
        }
        for row in try session.run("SELECT name, definition, file_defined FROM projects") {
            let name = try row.text(0)
            contents.projects[name] = StoredProject(
                project: try ProjectDocument.read(
                    row.text(1), name: name, members: members[name] ?? []),
                keys: keys[name] ?? [], isFileDefined: try row.bool(2))
        }
        for row in try session.run(
            "SELECT name, digest, projects, administrator, created FROM access_tokens")
        {
            let name = try row.text(0)
            contents.tokens[name] = StoredToken(
                name: name, digest: try digest(row.text(1)),
                projects: try row.optionalText(2).map(names), isAdministrator: try row.bool(3),
                created: try row.integer(4))
        }
        for row in try session.run("SELECT name, clusters FROM cluster_pools") {
            let name = try row.text(0)
            contents.clusterPools[name] = ClusterPool(
                name: name, clusters: try names(row.text(1)))
        }
        for row in try session.run(
            "SELECT project, domain, workflow, pool FROM cluster_pool_attributes")
        {
            let workflow = try row.text(2)
            let attribute = ClusterPoolAttribute(
                project: try row.text(0), domain: try row.text(1),
                workflow: workflow.isEmpty ? nil : workflow, clusterPoolName: try row.text(3))
            contents.attributes[attribute.key] = attribute
        }
        return contents
    }

    /// Writes the difference. What changed is taken out whole and put in anew.
    static func write(
        _ contents: StoreContents, over old: StoreContents, _ session: some SQLSession
    ) throws {
        try each(contents.projects, old.projects) { name, project in
            for table in ["api_keys", "project_members"] {
                _ = try session.run("DELETE FROM \(table) WHERE project = ?", .text(name))
            }
            _ = try session.run("DELETE FROM projects WHERE name = ?", .text(name))
        } add: { name, stored in
            _ = try session.run(
                "INSERT INTO projects (name, definition, file_defined) VALUES (?, ?, ?)",
                .text(name), .text(ProjectDocument.written(stored.project)),
                .integer(stored.isFileDefined ? 1 : 0))
            if case .multiCluster(let members) = stored.project.kind {
                for (position, member) in members.enumerated() {
                    _ = try session.run(
                        "INSERT INTO project_members (project, position, member) VALUES (?, ?, ?)",
                        .text(name), .integer(Int64(position)), .text(member))
                }
            }
        }
        // Keys after all projects, since one may pass from a project to another.
        for (name, stored) in contents.projects where old.projects[name] != stored {
            for key in stored.keys {
                _ = try session.run(
                    "INSERT INTO api_keys (id, project, digest, description, created) "
                        + "VALUES (?, ?, ?, ?, ?)", .text(key.id), .text(name),
                    .text(key.digest.written), .text(key.description), .integer(key.created))
            }
        }
        try each(contents.tokens, old.tokens) { name, _ in
            _ = try session.run("DELETE FROM access_tokens WHERE name = ?", .text(name))
        } add: { name, token in
            _ = try session.run(
                "INSERT INTO access_tokens (name, digest, projects, administrator, created) "
                    + "VALUES (?, ?, ?, ?, ?)", .text(name), .text(token.digest.written),
                try token.projects.map { .text(try written($0)) } ?? .null,
                .integer(token.isAdministrator ? 1 : 0), .integer(token.created))
        }
        try each(contents.clusterPools, old.clusterPools) { name, _ in
            _ = try session.run("DELETE FROM cluster_pools WHERE name = ?", .text(name))
        } add: { name, pool in
            _ = try session.run(
                "INSERT INTO cluster_pools (name, clusters) VALUES (?, ?)", .text(name),
                .text(try written(pool.clusters)))
        }
        try each(contents.attributes, old.attributes) { key, _ in
            _ = try session.run(
                "DELETE FROM cluster_pool_attributes "
                    + "WHERE project = ? AND domain = ? AND workflow = ?", .text(key.project),
                .text(key.domain), .text(key.workflow ?? ""))
        } add: { key, attribute in
            _ = try session.run(
                "INSERT INTO cluster_pool_attributes (project, domain, workflow, pool) "
                    + "VALUES (?, ?, ?, ?)", .text(key.project), .text(key.domain),
                .text(key.workflow ?? ""), .text(attribute.clusterPoolName))
        }
        _ = try session.run("UPDATE store_state SET revision = ?", .integer(contents.revision))
    }

    /// Everything that is different is removed before anything is added.
    private static func each<Key, Value: Equatable>(
        _ new: [Key: Value], _ old: [Key: Value],
        remove: (Key, Value) throws -> Void, add: (Key, Value) throws -> Void
    ) throws {
        for (key, value) in old where new[key] != value { try remove(key, value) }
        for (key, value) in new where old[key] != value { try add(key, value) }
    }

    private struct Unreadable: Error, CustomStringConvertible { var description: String }

    private static func digest(_ text: String) throws -> SecretDigest {
        guard let digest = SecretDigest(written: text) else {
            throw Unreadable(description: "a digest in the store cannot be read")
        }
        return digest
    }

    private static func names(_ text: String) throws -> [String] {
        try JSONDecoder().decode([String].self, from: Data(text.utf8))
    }

    private static func written(_ names: [String]) throws -> String {
        String(decoding: try JSONEncoder().encode(names), as: UTF8.self)
    }
}

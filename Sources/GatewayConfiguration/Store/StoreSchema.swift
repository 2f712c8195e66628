import Foundation
import GoText
import UpstreamSettings

/// The tables, alike in both databases: only TEXT and BIGINT, and no SQL that one of them has alone.
enum StoreSchema {
    /// Steps from an empty database to the present one. A step that was released never changes.
    static let migrations: [(name: String, statements: [String])] = [
        (
            "1 projects, keys, tokens and pools",
            [
                // One row. Each change locks it.
                "CREATE TABLE store_state (revision BIGINT NOT NULL)",
                "INSERT INTO store_state (revision) VALUES (0)",
                """
                CREATE TABLE projects (
                    name TEXT NOT NULL PRIMARY KEY,
                    definition TEXT NOT NULL,
                    file_defined BIGINT NOT NULL)
                """,
                // Deferred, since a change rewrites whole projects.
                """
                CREATE TABLE project_members (
                    project TEXT NOT NULL REFERENCES projects (name)
                        DEFERRABLE INITIALLY DEFERRED,
                    position BIGINT NOT NULL,
                    member TEXT NOT NULL REFERENCES projects (name)
                        DEFERRABLE INITIALLY DEFERRED,
                    PRIMARY KEY (project, position))
                """,
                """
                CREATE TABLE api_keys (
                    id TEXT NOT NULL PRIMARY KEY,
                    project TEXT NOT NULL REFERENCES projects (name)
                        DEFERRABLE INITIALLY DEFERRED,
                    digest TEXT NOT NULL UNIQUE,
                    description TEXT NOT NULL,
                    created BIGINT NOT NULL)
                """,
                """
                CREATE TABLE access_tokens (
                    name TEXT NOT NULL PRIMARY KEY,
                    digest TEXT NOT NULL UNIQUE,
                    projects TEXT,
                    administrator BIGINT NOT NULL,
                    created BIGINT NOT NULL)
                """,
                """
                CREATE TABLE cluster_pools (
                    name TEXT NOT NULL PRIMARY KEY,
                    clusters TEXT NOT NULL)
                """,
                // An empty workflow means all workflows.
                """
                CREATE TABLE cluster_pool_attributes (
                    project TEXT NOT NULL,
                    domain TEXT NOT NULL,
                    workflow TEXT NOT NULL,
                    pool TEXT NOT NULL,
                    PRIMARY KEY (project, domain, workflow))
                """,
            ]
        ),
        (
            "2 rights of tokens",
            ["ALTER TABLE access_tokens ADD COLUMN rights TEXT"]
        ),
        (
            "3 servers of pools",
            ["ALTER TABLE cluster_pools ADD COLUMN discovery TEXT"]
        ),
    ]
}

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
                    description: try row.text(3),
                    created: Timestamp(milliseconds: try row.integer(4))))
        }
        for row in try session.run("SELECT name, definition, file_defined FROM projects") {
            let name = try row.text(0)
            contents.projects[name] = StoredProject(
                project: try ProjectDocument.read(
                    row.text(1), name: name, members: members[name] ?? []),
                keys: keys[name] ?? [], isFileDefined: try row.bool(2))
        }
        for row in try session.run(
            "SELECT name, digest, projects, administrator, created, rights FROM access_tokens")
        {
            let name = try row.text(0)
            contents.tokens[name] = StoredToken(
                name: name, digest: try digest(row.text(1)),
                projects: try row.optionalText(2).map(names), isAdministrator: try row.bool(3),
                rights: try row.optionalText(5).map(TokenDocument.rights) ?? TokenRights(),
                created: Timestamp(milliseconds: try row.integer(4)))
        }
        for row in try session.run("SELECT name, clusters, discovery FROM cluster_pools") {
            let name = try row.text(0)
            contents.clusterPools[name] = ClusterPool(
                name: name, clusters: try names(row.text(1)),
                discovery: try row.optionalText(2).flatMap(PoolDocument.storedDiscovery))
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
                    .text(key.digest.written), .text(key.description),
                    .integer(key.created.milliseconds))
            }
        }
        try each(contents.tokens, old.tokens) { name, _ in
            _ = try session.run("DELETE FROM access_tokens WHERE name = ?", .text(name))
        } add: { name, token in
            _ = try session.run(
                "INSERT INTO access_tokens "
                    + "(name, digest, projects, administrator, created, rights) "
                    + "VALUES (?, ?, ?, ?, ?, ?)", .text(name), .text(token.digest.written),
                try token.projects.map { .text(try written($0)) } ?? .null,
                .integer(token.isAdministrator ? 1 : 0), .integer(token.created.milliseconds),
                TokenDocument.written(token.rights).map { .text($0) } ?? .null)
        }
        try each(contents.clusterPools, old.clusterPools) { name, _ in
            _ = try session.run("DELETE FROM cluster_pools WHERE name = ?", .text(name))
        } add: { name, pool in
            _ = try session.run(
                "INSERT INTO cluster_pools (name, clusters, discovery) VALUES (?, ?, ?)",
                .text(name), .text(try written(pool.clusters)),
                PoolDocument.written(pool).map { .text($0) } ?? .null)
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

/// A connection inside a transaction, to either database.
protocol SQLSession {
    /// Runs one statement, with a `?` for each value.
    func run(_ statement: String, _ values: [SQLValue]) throws -> [SQLRow]
}

extension SQLSession {
    func run(_ statement: String, _ values: SQLValue...) throws -> [SQLRow] {
        try run(statement, values)
    }
}

/// The two types of the schema.
enum SQLValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case text(String)
}

struct SQLRow {
    struct Unexpected: Error, CustomStringConvertible {
        var column: Int
        var description: String { "a value of column \(column + 1) is not of the schema's type" }
    }

    var values: [SQLValue]

    func text(_ column: Int) throws -> String {
        guard let text = try optionalText(column) else { throw Unexpected(column: column) }
        return text
    }

    func optionalText(_ column: Int) throws -> String? {
        guard values.indices.contains(column) else { throw Unexpected(column: column) }
        switch values[column] {
        case .text(let text): return text
        case .null: return nil
        case .integer: throw Unexpected(column: column)
        }
    }

    /// PostgreSQL sends numbers as text.
    func integer(_ column: Int) throws -> Int64 {
        guard values.indices.contains(column) else { throw Unexpected(column: column) }
        switch values[column] {
        case .integer(let number): return number
        case .text(let text):
            guard let number = Int64(text) else { throw Unexpected(column: column) }
            return number
        case .null: throw Unexpected(column: column)
        }
    }

    func bool(_ column: Int) throws -> Bool { try integer(column) != 0 }
}

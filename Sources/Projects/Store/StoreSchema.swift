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
                // An empty workflow stands for all of them.
                """
                CREATE TABLE cluster_pool_attributes (
                    project TEXT NOT NULL,
                    domain TEXT NOT NULL,
                    workflow TEXT NOT NULL,
                    pool TEXT NOT NULL,
                    PRIMARY KEY (project, domain, workflow))
                """,
            ]
        )
    ]
}

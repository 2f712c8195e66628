import UpstreamSettings

/// The store in a PostgreSQL database, so that several gateways share it. Its tables are in the
/// schema `tributary`, beside whatever else the database holds.
public actor PostgresProjectStore: ProjectStore {
    private static let schema = "tributary"
    /// Any number that no other program uses as a lock.
    private static let migrationLock: Int64 = 7_498_327_011_451

    /// libpq blocks, so everything here runs on a thread of its own.
    private let thread = DedicatedThread(name: "postgres")
    private let connectionString: Secret
    private var connection: PostgresConnection?

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// Connects, and brings the schema up to date.
    ///
    /// - Throws: `StoreError.unavailable`.
    public init(connectionString: Secret) async throws(StoreError) {
        self.connectionString = connectionString
        try await migrate()
    }

    private init(unchanged connectionString: Secret) { self.connectionString = connectionString }

    /// What the store of a database holds, if there is one; nothing is made or changed.
    static func present(at connectionString: Secret) async throws(StoreError) -> StoreContents {
        try await PostgresProjectStore(unchanged: connectionString).present()
    }

    private func present() throws(StoreError) -> StoreContents {
        try transaction(.reading) { session in
            let found = try session.run(
                "SELECT tablename FROM pg_tables WHERE schemaname = ? AND tablename = ?",
                .text(Self.schema), .text("store_state"))
            return try found.isEmpty ? StoreContents() : StoreRows.contents(session)
        }
    }

    public func revision() async throws(StoreError) -> Int64 {
        try transaction(.reading) { try StoreRows.revision($0) }
    }

    public func contents() async throws(StoreError) -> StoreContents {
        try transaction(.reading) { try StoreRows.contents($0) }
    }

    public func change<Outcome: Sendable>(
        _ edit: @escaping @Sendable (inout StoreContents) throws(StoreRefusal) -> Outcome
    ) async throws(StoreError) -> (outcome: Outcome, contents: StoreContents) {
        try transaction(.writing) { session in
            // A second change waits here, before it reads anything.
            _ = try session.run("SELECT revision FROM store_state FOR UPDATE")
            return try StoreTransaction.change(session, edit)
        }
    }

    private func migrate() throws(StoreError) {
        try transaction(.writing) { session in
            _ = try session.run("SELECT pg_advisory_xact_lock(?)", .integer(Self.migrationLock))
            let found = try session.run(
                "SELECT nspname FROM pg_namespace WHERE nspname = ?", .text(Self.schema))
            if found.isEmpty { try session.execute("CREATE SCHEMA \(Self.schema)") }
            try session.execute(
                "CREATE TABLE IF NOT EXISTS store_migrations (name TEXT NOT NULL PRIMARY KEY)")
            let done = try session.run("SELECT name FROM store_migrations").map { try $0.text(0) }
            for (name, statements) in StoreSchema.migrations where !done.contains(name) {
                for statement in statements { try session.execute(statement) }
                _ = try session.run(
                    "INSERT INTO store_migrations (name) VALUES (?)", .text(name))
            }
        }
    }

    private enum Purpose {
        case reading, writing

        /// All that is read belongs to one moment; changes wait for each other by a lock.
        var begin: String {
            switch self {
            case .reading: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            case .writing: "BEGIN ISOLATION LEVEL READ COMMITTED"
            }
        }
    }

    private func transaction<Value>(
        _ purpose: Purpose, _ work: (PostgresConnection) throws -> Value
    ) throws(StoreError) -> Value {
        do {
            let session = try begin(purpose)
            do {
                let value = try work(session)
                try session.execute("COMMIT")
                return value
            } catch {
                do { try session.execute("ROLLBACK") } catch { connection = nil }
                throw error
            }
        } catch let refusal as StoreRefusal {
            throw .refused(refusal)
        } catch {
            if connection?.isUsable == false { connection = nil }
            throw .unavailable("\(error)")
        }
    }

    /// A server that was restarted is seen at the first statement, when a new connection can take
    /// over without anything being done twice.
    private func begin(_ purpose: Purpose) throws -> PostgresConnection {
        let statements =
            "\(purpose.begin); SET LOCAL search_path TO \(Self.schema); "
            + "SET LOCAL statement_timeout TO '10s'"
        if let connection {
            do {
                try connection.execute(statements)
                return connection
            } catch {
                self.connection = nil
            }
        }
        let fresh = try PostgresConnection(connectionString: connectionString)
        connection = fresh
        try fresh.execute(statements)
        return fresh
    }
}

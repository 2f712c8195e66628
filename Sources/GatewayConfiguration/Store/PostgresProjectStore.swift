import GoText
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
    /// Until when a server that fell silent is not asked again: of many calls that wait for this
    /// store's one thread, not each is to wait for the server too.
    private var restsUntil = MonotonicInstant.now
    private static let rest = Duration.seconds(2)

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// Connects, and brings the schema up to date.
    ///
    /// - Throws: `StoreError.unavailable`.
    public init(connectionString: Secret) async throws(StoreError) {
        self.connectionString = connectionString
        try migrate(by: Self.deadline)
    }

    private init(unchanged connectionString: Secret) { self.connectionString = connectionString }

    /// What the store of a database holds, if there is one; nothing is made or changed.
    static func present(at connectionString: Secret) async throws(StoreError) -> StoreContents {
        try await PostgresProjectStore(unchanged: connectionString).present(by: deadline)
    }

    private func present(by deadline: MonotonicInstant) throws(StoreError) -> StoreContents {
        try transaction(.reading, by: deadline) { session in
            let found = try session.run(
                "SELECT tablename FROM pg_tables WHERE schemaname = ? AND tablename = ?",
                .text(Self.schema), .text("store_state"))
            return try found.isEmpty ? StoreContents() : StoreRows.contents(session)
        }
    }

    public nonisolated func revision() async throws(StoreError) -> Int64 {
        try await reading(by: Self.deadline) { try StoreRows.revision($0) }
    }

    public nonisolated func contents() async throws(StoreError) -> StoreContents {
        try await reading(by: Self.deadline) { try StoreRows.contents($0) }
    }

    public nonisolated func change<Outcome: Sendable>(
        _ edit: @escaping @Sendable (inout StoreContents) throws(StoreRefusal) -> Outcome
    ) async throws(StoreError) -> (outcome: Outcome, contents: StoreContents) {
        try await change(by: Self.deadline, edit)
    }

    /// Of a call that is made now. What waits for calls before it has the less for itself.
    private static var deadline: MonotonicInstant { .now.advanced(by: ProjectStoreTime.call) }

    private func reading<Value: Sendable>(
        by deadline: MonotonicInstant, _ work: @Sendable (PostgresConnection) throws -> Value
    ) throws(StoreError) -> Value {
        try transaction(.reading, by: deadline, work)
    }

    private func change<Outcome: Sendable>(
        by deadline: MonotonicInstant,
        _ edit: @Sendable (inout StoreContents) throws(StoreRefusal) -> Outcome
    ) throws(StoreError) -> (outcome: Outcome, contents: StoreContents) {
        try transaction(.writing, by: deadline) { session in
            // A second change waits here, before it reads anything.
            _ = try session.run("SELECT revision FROM store_state FOR UPDATE")
            return try StoreTransaction.change(session, edit)
        }
    }

    private func migrate(by deadline: MonotonicInstant) throws(StoreError) {
        try transaction(.writing, by: deadline) { session in
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
        _ purpose: Purpose, by deadline: MonotonicInstant,
        _ work: (PostgresConnection) throws -> Value
    ) throws(StoreError) -> Value {
        do {
            try checkTurn(deadline)
            let session = try begin(purpose, by: deadline)
            do {
                let value = try work(session)
                try commit(session, purpose)
                return value
            } catch {
                // One that is lost is closed, by which the server rolls back.
                if session.isUsable {
                    do { try session.execute("ROLLBACK") } catch { connection = nil }
                }
                throw error
            }
        } catch let refusal as StoreRefusal {
            throw .refused(refusal)
        } catch {
            if connection?.isUsable == false { connection = nil }
            if let failure = error as? PostgresConnection.Failure, failure.isSilence {
                restsUntil = .now.advanced(by: Self.rest)
            }
            throw .unavailable("\(error)")
        }
    }

    /// Refuses a call for which there is no time left, and one whose caller is gone.
    private func checkTurn(_ deadline: MonotonicInstant) throws(PostgresConnection.Failure) {
        if Task.isCancelled { throw .init(description: "the call was given up") }
        let now = MonotonicInstant.now
        guard now >= restsUntil else { throw .init(description: "PostgreSQL gives no answer") }
        guard now < deadline else {
            throw .init(description: "other calls to PostgreSQL took all the time")
        }
    }

    private func commit(
        _ session: PostgresConnection, _ purpose: Purpose
    ) throws(PostgresConnection.Failure) {
        do {
            try session.execute("COMMIT")
        } catch {
            guard error.isSilence, case .writing = purpose else { throw error }
            throw .silence("COMMIT, so that the change may have been made or not,")
        }
    }

    /// A server that was restarted is seen at the first statement, when a new connection can take
    /// over without anything being done twice.
    private func begin(
        _ purpose: Purpose, by deadline: MonotonicInstant
    ) throws(PostgresConnection.Failure) -> PostgresConnection {
        if let connection {
            connection.deadline = deadline
            do {
                try connection.execute(Self.beginning(purpose))
                return connection
            } catch {
                self.connection = nil
                if error.isSilence || Task.isCancelled { throw error }
            }
        }
        let fresh = try PostgresConnection(
            connectionString: connectionString, deadline: deadline)
        connection = fresh
        try fresh.execute(Self.beginning(purpose))
        return fresh
    }

    /// The server's own bounds are less than the gateway's, so that it is the one that says what
    /// took so long. A gateway that is stopped in a transaction does not keep the others waiting.
    private static func beginning(_ purpose: Purpose) -> String {
        """
        \(purpose.begin); SET LOCAL search_path TO \(schema); SET LOCAL lock_timeout TO '5s'; \
        SET LOCAL statement_timeout TO '8s'; \
        SET LOCAL idle_in_transaction_session_timeout TO '15s'
        """
    }
}

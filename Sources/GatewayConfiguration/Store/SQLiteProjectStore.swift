import Foundation
import GRDB
import GoText
import UpstreamSettings

/// The store in a SQLite file of its own.
public struct SQLiteProjectStore: ProjectStore {
    /// The file's name within `data_dir`.
    public static let fileName = "tributary.sqlite"

    private let database: DatabaseQueue

    /// Opens the store of a directory, makes both when missing, and brings the schema up to date.
    ///
    /// - Throws: `StoreError.unavailable`.
    public init(directory: String) throws(StoreError) {
        let path = directory + "/" + Self.fileName
        do {
            try PrivateFile.makeDirectory(directory)
            // It holds the keys of remote projects, so only its owner may read it. SQLite gives the
            // files that it makes beside it the same permissions.
            try PrivateFile.make(path)
            // Two gateways may share the file, so one may have to wait for the other.
            var settings = GRDB.Configuration()
            settings.busyMode = .timeout(5)
            database = try DatabaseQueue(path: path, configuration: settings)
            try Self.migrator.migrate(database)
        } catch {
            throw .unavailable("\(path): \(Self.text(of: error))")
        }
    }

    private init(_ database: DatabaseQueue) { self.database = database }

    /// What the store of a directory holds, if there is one; nothing is made or changed.
    static func present(in directory: String) async throws(StoreError) -> StoreContents {
        let path = directory + "/" + Self.fileName
        guard FileManager.default.fileExists(atPath: path) else { return StoreContents() }
        var settings = GRDB.Configuration()
        settings.readonly = true
        settings.busyMode = .timeout(5)
        let database: DatabaseQueue
        do {
            database = try DatabaseQueue(path: path, configuration: settings)
        } catch {
            throw .unavailable("\(path): \(Self.text(of: error))")
        }
        return try await SQLiteProjectStore(database).using { database in
            try await database.read { connection in
                // An empty file, which the next start fills.
                guard try connection.tableExists("store_state") else { return StoreContents() }
                return try StoreRows.contents(SQLiteSession(database: connection))
            }
        }
    }

    public func revision() async throws(StoreError) -> Int64 {
        try await using { database in
            try await database.read { try StoreRows.revision(SQLiteSession(database: $0)) }
        }
    }

    public func contents() async throws(StoreError) -> StoreContents {
        try await using { database in
            try await database.read { try StoreRows.contents(SQLiteSession(database: $0)) }
        }
    }

    public func change<Outcome: Sendable>(
        _ edit: @escaping @Sendable (inout StoreContents) throws(StoreRefusal) -> Outcome
    ) async throws(StoreError) -> (outcome: Outcome, contents: StoreContents) {
        let deadline = MonotonicInstant.now.advanced(by: ProjectStoreTime.call)
        return try await using { database in
            // Takes the file's one write lock before anything is read.
            try await database.writeWithoutTransaction { connection in
                // Who asked for it was told that it failed.
                guard MonotonicInstant.now < deadline else {
                    throw DatabaseError(
                        resultCode: .SQLITE_BUSY, message: "other changes took all the time")
                }
                var answer: (outcome: Outcome, contents: StoreContents)?
                try connection.inTransaction(.immediate) {
                    answer = try StoreTransaction.change(
                        SQLiteSession(database: connection), edit)
                    return .commit
                }
                guard let answer else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
                return answer
            }
        }
    }

    private func using<Value>(
        _ work: (DatabaseQueue) async throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await work(database)
        } catch let refusal as StoreRefusal {
            throw .refused(refusal)
        } catch {
            throw .unavailable(Self.text(of: error))
        }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for (name, statements) in StoreSchema.migrations {
            migrator.registerMigration(name) { database in
                for statement in statements { try database.execute(sql: statement) }
            }
        }
        return migrator
    }

    /// Without the statement's arguments, among which are secrets.
    private static func text(of error: any Error) -> String {
        switch error {
        case let error as DatabaseError: error.message ?? "\(error.resultCode)"
        case let error as CocoaError: error.localizedDescription
        default: "\(error)"
        }
    }
}

private struct SQLiteSession: SQLSession {
    let database: Database

    func run(_ statement: String, _ values: [SQLValue]) throws -> [SQLRow] {
        let arguments = StatementArguments(
            values.map { value -> (any DatabaseValueConvertible)? in
                switch value {
                case .null: nil
                case .integer(let number): number
                case .text(let text): text
                }
            })
        let prepared = try database.makeStatement(sql: statement)
        guard prepared.columnCount > 0 else {
            try prepared.execute(arguments: arguments)
            return []
        }
        return try Row.fetchAll(prepared, arguments: arguments).map { row in
            SQLRow(
                values: try row.databaseValues.enumerated().map { index, value in
                    switch value.storage {
                    case .null: .null
                    case .int64(let number): .integer(number)
                    case .string(let text): .text(text)
                    case .double, .blob: throw SQLRow.Unexpected(column: index)
                    }
                })
        }
    }
}

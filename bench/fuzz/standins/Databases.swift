// In place of the stores in databases, as parts of the same module: a fuzzer opens none.

import UpstreamSettings

/// A store that holds nothing and takes nothing.
public protocol AbsentStore: ProjectStore {}

extension AbsentStore {
    public func revision() async throws(StoreError) -> Int64 { 0 }

    public func contents() async throws(StoreError) -> StoreContents { StoreContents() }

    public func change<Outcome: Sendable>(
        _ edit: @escaping @Sendable (inout StoreContents) throws(StoreRefusal) -> Outcome
    ) async throws(StoreError) -> (outcome: Outcome, contents: StoreContents) {
        throw .unavailable("no database here")
    }
}

public struct SQLiteProjectStore: AbsentStore {
    public init(directory: String) throws(StoreError) { throw .unavailable("no database here") }

    static func present(in directory: String) async throws(StoreError) -> StoreContents {
        StoreContents()
    }
}

public struct PostgresProjectStore: AbsentStore {
    public init(connectionString: Secret) async throws(StoreError) {
        throw .unavailable("no database here")
    }

    static func present(at connectionString: Secret) async throws(StoreError) -> StoreContents {
        StoreContents()
    }
}

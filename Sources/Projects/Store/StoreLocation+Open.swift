extension StoreLocation {
    /// Opens the store, and brings its schema up to date.
    public func open() async throws(StoreError) -> any ProjectStore {
        switch self {
        case .directory(let path): try SQLiteProjectStore(directory: path)
        case .postgres(let connectionString):
            try await PostgresProjectStore(connectionString: connectionString)
        }
    }

    /// What the store holds, for a reader: nothing is made or changed. A store that is
    /// not there yet holds nothing.
    public func present() async throws(StoreError) -> StoreContents {
        switch self {
        case .directory(let path): try await SQLiteProjectStore.present(in: path)
        case .postgres(let connectionString):
            try await PostgresProjectStore.present(at: connectionString)
        }
    }
}

extension StoreLocation {
    /// Opens the store, and brings its schema up to date.
    public func open() async throws(StoreError) -> any ProjectStore {
        switch self {
        case .directory(let path): try SQLiteProjectStore(directory: path)
        case .postgres(let connectionString):
            try await PostgresProjectStore(connectionString: connectionString)
        }
    }
}

public import Projects

/// Reads the configuration again, as at start.
public struct ConfigurationSource: Sendable {
    /// Why it was not taken, in words for the editor of the file.
    public struct Refused: Error, Sendable, CustomStringConvertible {
        public var description: String

        public init(_ description: String) { self.description = description }
    }

    /// - Parameter existing: Regular projects of the store, which the file may name.
    public var load: @Sendable (_ existing: Set<String>) async throws(Refused) -> Configuration

    public init(
        load: @escaping @Sendable (_ existing: Set<String>) async throws(Refused) -> Configuration
    ) {
        self.load = load
    }
}

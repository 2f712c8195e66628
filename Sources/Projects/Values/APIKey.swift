/// A key that chooses one regular project and lets it be read.
public struct APIKey: Sendable, Hashable {
    public var key: Secret
    public var description: String

    public init(key: Secret, description: String = "") {
        self.key = key
        self.description = description
    }
}

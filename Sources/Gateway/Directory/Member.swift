public import Members

/// A project in its role inside one query.
public struct Member: Sendable {
    /// The value of the partition label.
    public var name: String
    public var client: MemberClient

    public init(name: String, client: MemberClient) {
        self.name = name
        self.client = client
    }
}

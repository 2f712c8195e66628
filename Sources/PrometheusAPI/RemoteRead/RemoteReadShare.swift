/// A query as a member was sent it.
public struct RemoteReadShare: Sendable {
    /// What the client's request calls the query; several of a member's may be one of the client's.
    public var number: Int
    public var editor: RemoteSeriesEditor

    public init(number: Int, editor: RemoteSeriesEditor) {
        self.number = number
        self.editor = editor
    }
}

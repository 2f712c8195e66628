/// What goes wrong around a test rather than in it, with enough words to act on.
public struct TestFailure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// A secret on its way to a member. Every way of showing it says `<redacted>`; the value is reached
/// through `exposed` alone, so that each use can be found by its name.
public struct Redacted: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let read: @Sendable () -> [String]

    public init(_ value: String) { read = { [value] } }

    /// A secret that may be replaced while it is in use.
    ///
    /// - Parameter values: Gives the secret in force, and after it those that requests under way may
    ///   still carry. It is called for each request, and must not block.
    public init(values: @escaping @Sendable () -> [String]) { read = values }

    /// As of now.
    public var exposed: String { read().first ?? "" }

    /// As of now, and those before it that a member may still speak of.
    var exposedValues: [String] { read() }

    public var description: String { "<redacted>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

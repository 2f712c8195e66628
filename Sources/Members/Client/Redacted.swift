/// A secret on its way to a member. Every way of showing it says `<redacted>`; the value is reached
/// through `exposed` alone, so that each use can be found by its name.
public struct Redacted: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    public let exposed: String

    public init(_ value: String) { exposed = value }

    public var description: String { "<redacted>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

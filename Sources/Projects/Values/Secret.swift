/// A value that must never be printed. Every way of showing it says `<redacted>`; the value itself
/// is reached only through `exposed`, so that each use can be found by its name.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    public let exposed: String

    public init(_ value: String) { exposed = value }

    public var description: String { "<redacted>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Compares in a time that depends on the lengths alone, for keys that strangers present.
    public func equalsInConstantTime(_ other: String) -> Bool {
        let mine = Array(exposed.utf8)
        let theirs = Array(other.utf8)
        var difference = mine.count ^ theirs.count
        for index in 0..<max(mine.count, theirs.count) {
            let a = index < mine.count ? mine[index] : 0
            let b = index < theirs.count ? theirs[index] : 0
            difference |= Int(a ^ b)
        }
        return difference == 0
    }
}

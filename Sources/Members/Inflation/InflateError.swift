/// Why a compressed body cannot be inflated.
public enum InflateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not gzip, not zlib, or a checksum that does not fit.
    case corrupt(String)
    /// The body ends before the stream's trailer.
    case truncated
    /// More inflated bytes than allowed.
    case tooLarge(limit: Int)
    /// More inflated bytes for each compressed one than any honest answer has.
    case suspiciousRatio(limit: Int)
    case outOfMemory

    public var description: String {
        switch self {
        case .corrupt(let reason): "corrupt compressed data: \(reason)"
        case .truncated: "the compressed data ends in the middle"
        case .tooLarge(let limit): "the answer inflates to more than \(limit) bytes"
        case .suspiciousRatio(let limit):
            "the answer inflates to more than \(limit) times its size"
        case .outOfMemory: "out of memory"
        }
    }
}

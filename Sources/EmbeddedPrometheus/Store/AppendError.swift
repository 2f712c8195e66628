/// Why a single sample was not stored.
public enum AppendError: Error, Sendable, Equatable {
    /// The series already has a sample at this time or a later one. Times are ms.
    case outOfOrder(time: Int64, last: Int64)
}

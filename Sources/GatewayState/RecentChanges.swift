import GoText
public import PrometheusWire
import Synchronization

/// The last changes that were made through the API, the newest first. They are forgotten when the
/// gateway ends; the log has them too.
public final class RecentChanges: Sendable {
    public static let most = 1000

    private struct Change {
        var time: Timestamp
        var author: String
        var action: String
        var subject: String
    }

    private let changes = Mutex<[Change]>([])

    public init() {}

    /// - Parameters:
    ///   - author: Who, in words.
    ///   - action: A verb: `creates`.
    ///   - subject: What, in words.
    public func add(by author: String, _ action: String, _ subject: String) {
        let change = Change(
            time: WallClock.now(), author: author, action: action, subject: subject)
        changes.withLock { changes in
            if changes.count == Self.most { changes.removeFirst() }
            changes.append(change)
        }
    }

    /// - Parameter limit: Of changes.
    public func json(limit: Int) -> JSONValue {
        .array(
            changes.withLock { $0 }.suffix(limit).reversed().map { change in
                .strings(of: [
                    ("time", RFC3339.text(change.time)), ("by", change.author),
                    ("action", change.action), ("subject", change.subject),
                ])
            })
    }
}

import Foundation
import Synchronization

/// A file that holds one secret and is looked at again while the gateway runs, as files of
/// certificates are at each handshake.
///
/// A new secret is taken once two looks in a row find the same, so that a file that is just being
/// written is not taken half. Whatever cannot be taken leaves the former secret in force. There is
/// one of these a path, so that a configuration that is read again goes on with what is known.
public final class SecretFile: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// What a look found, when it is worth telling.
    public enum Change: Sendable, Equatable {
        /// Another secret is in force.
        case replaced
        /// The file holds none, for this reason; the former secret stays in force.
        case refused(String)
        /// The file holds the secret in force again.
        case recovered
    }

    public struct Counts: Sendable, Equatable {
        /// Secrets that took the place of another.
        public var replacements = 0
        /// Times that the file began to hold no secret.
        public var refusals = 0
        public var isUsable = true
    }

    private struct State {
        var value: String
        var digest: SecretDigest
        /// The one before.
        var former: String?
        /// Found by the last look for the first time.
        var candidate: String?
        var problem: String?
        var leastBytes = 1
        var counts = Counts()

        mutating func take(_ new: String) {
            former = value
            value = new
            digest = SecretDigest(ofText: new)
            candidate = nil
            counts.replacements += 1
        }
    }

    /// Bytes; no secret is longer.
    package static let limit = 64 << 10

    public let path: String
    private let state: Mutex<State>

    private struct Weak: Sendable {
        weak var file: SecretFile?
    }

    private static let known = Mutex<[String: Weak]>([:])

    private init(path: String, value: String) {
        self.path = path
        state = Mutex(State(value: value, digest: SecretDigest(ofText: value)))
    }

    /// The file at a path that was just found to hold this secret.
    static func at(_ path: String, holding value: String) -> SecretFile {
        known.withLock { known in
            if let file = known[path]?.file {
                file.state.withLock { if $0.value != value { $0.take(value) } }
                return file
            }
            known = known.filter { $0.value.file != nil }
            let file = SecretFile(path: path, value: value)
            known[path] = Weak(file: file)
            return file
        }
    }

    /// The secret in force.
    public var value: String { state.withLock { $0.value } }

    /// The secret in force, and the one before it, which requests under way may still carry.
    public var values: [String] { state.withLock { [$0.value] + ($0.former.map { [$0] } ?? []) } }

    /// Of the secret in force.
    public var digest: SecretDigest { state.withLock { $0.digest } }

    public var counts: Counts { state.withLock { $0.counts } }

    /// Refuses shorter secrets from now on.
    package func require(bytes: Int) {
        state.withLock { $0.leastBytes = max($0.leastBytes, bytes) }
    }

    /// Looks at the file once. It blocks for as long as the file system does.
    ///
    /// - Returns: What happened; nil when it is the same as at the last look.
    public func look() -> Change? {
        let found: Result<String, SecretFiles.Failure>
        do throws(SecretFiles.Failure) {
            found = .success(try SecretFiles.line(of: path, isWatched: true))
        } catch {
            found = .failure(error)
        }
        return state.withLock { state in
            switch found {
            case .failure(let failure): return Self.refuse(failure.text, &state)
            case .success(let text) where text.utf8.count < state.leastBytes:
                return Self.refuse("is too short to be safe", &state)
            case .success(let text) where text == state.value: state.candidate = nil
            case .success(let text) where text == state.candidate:
                state.take(text)
                state.problem = nil
                state.counts.isUsable = true
                return .replaced
            case .success(let text):
                state.candidate = text
                return nil
            }
            guard state.problem != nil else { return nil }
            state.problem = nil
            state.counts.isUsable = true
            return .recovered
        }
    }

    private static func refuse(_ problem: String, _ state: inout State) -> Change? {
        state.candidate = nil
        guard state.problem != problem else { return nil }
        if state.problem == nil { state.counts.refusals += 1 }
        state.problem = problem
        state.counts.isUsable = false
        return .refused(problem)
    }

    public static func == (a: SecretFile, b: SecretFile) -> Bool { a === b }

    public func hash(into hasher: inout Hasher) { hasher.combine(path) }

    /// Nothing of the secret.
    public var description: String { path }
    public var customMirror: Mirror { Mirror(self, children: ["path": path]) }
}

public import NIOSSL
import Synchronization

/// The certificate that new connections of clients are made with. Its files are looked at again
/// while the gateway runs; connections that are there keep what they were made with.
public final class LiveTLS: Sendable {
    /// What a look found, when it is worth telling.
    public enum Change: Sendable, Equatable {
        case replaced
        /// The files cannot be used; the former certificate stays in use.
        case refused(ServerTLS.Problem)
        case recovered
    }

    private typealias Found = Result<ServerTLS.Material, ServerTLS.Problem>

    private struct State {
        var context: NIOSSLContext
        var material: ServerTLS.Material
        /// Found by the last look for the first time.
        var candidate: Found?
        var problem: ServerTLS.Problem?
    }

    private let files: ServerTLS
    private let state: Mutex<State>

    public init(_ files: ServerTLS) throws(ServerTLS.Problem) {
        let material = try files.material()
        let context = try files.context(of: material)
        self.files = files
        state = Mutex(State(context: context, material: material))
    }

    public var context: NIOSSLContext { state.withLock { $0.context } }

    /// Looks at the files once. It blocks for as long as the file system does. What is found is
    /// judged when the next look finds the same: certificate and key may be replaced one by one.
    public func look() -> Change? {
        let found: Found
        do throws(ServerTLS.Problem) {
            found = .success(try files.material())
        } catch {
            found = .failure(error)
        }
        return state.withLock { state in
            if case .success(state.material) = found {
                state.candidate = nil
                defer { state.problem = nil }
                return state.problem == nil ? nil : .recovered
            }
            guard state.candidate == found else {
                state.candidate = found
                return nil
            }
            do throws(ServerTLS.Problem) {
                let material = try found.get()
                state.context = try files.context(of: material)
                state.material = material
                state.candidate = nil
                state.problem = nil
                return .replaced
            } catch {
                defer { state.problem = error }
                return state.problem == error ? nil : .refused(error)
            }
        }
    }
}

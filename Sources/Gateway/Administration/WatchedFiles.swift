import Dispatch
import GatewayConfiguration
import GoText
import NIOSSL
import ServiceLifecycle
import Synchronization
import UpstreamSettings

/// The certificate that new connections of clients are made with. Its files are looked at again
/// while the gateway runs; connections that are there keep what they were made with.
final class LiveTLS: Sendable {
    /// What a look found, when it is worth telling.
    enum Change: Equatable {
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

    init(_ files: ServerTLS) throws(ServerTLS.Problem) {
        let material = try files.material()
        let context = try files.context(of: material)
        self.files = files
        state = Mutex(State(context: context, material: material))
    }

    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Looks at the files once. It blocks for as long as the file system does. What is found is
    /// judged when the next look finds the same: certificate and key may be replaced one by one.
    func look() -> Change? {
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

/// Looks at the files of secrets and of the gateway's certificate again, so that what is replaced is
/// in force soon, without a reload. Requests read no file.
struct SecretWatch: Service {
    /// Between two looks; two in a row must find a secret before it is taken.
    static let interval: Duration = .seconds(1)

    let live: ConfigurationReloader

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await live.lookAtSecretFiles()
                await live.lookAtCertificates()
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    struct Finding: Sendable {
        var path: String
        var change: SecretFile.Change
    }

    /// Looks once, on a thread that may wait for a slow file system. Nothing is found when the
    /// caller is cancelled meanwhile.
    static func look(at files: [SecretFile]) async -> [Finding] {
        if files.isEmpty { return [] }
        return await offPool {
            files.compactMap { file in
                file.look().map { Finding(path: file.path, change: $0) }
            }
        } ?? []
    }

    /// As above.
    static func look(at tls: LiveTLS) async -> LiveTLS.Change? {
        await offPool { tls.look() } ?? nil
    }

    private static func offPool<Outcome: Sendable>(
        _ work: @escaping @Sendable () -> Outcome
    ) async -> Outcome? {
        let look = Task {
            await withCheckedContinuation { continuation in
                DispatchQueue.global(qos: .utility).async { continuation.resume(returning: work()) }
            }
        }
        return await look.value(within: nil)
    }
}

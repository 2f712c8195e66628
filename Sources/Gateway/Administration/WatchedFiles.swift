import Discovery
import Dispatch
import GatewayConfiguration
import GoText
import ServiceLifecycle
import UpstreamSettings

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

    /// As above.
    static func look(at files: ProjectFiles) async -> FileLook? {
        await offPool { FileLook(files.patterns) }
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

/// Sees changes of project files, so that they are in force within seconds.
struct ProjectFileWatch: Service {
    let live: ConfigurationReloader

    private var directories: [String] { live.current.value.file.projectFiles.directories }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let watched = directories
                for await _ in DirectoryWatch(watched).changes {
                    while await live.lookAtProjectFiles() {
                        try? await Task.sleep(for: DirectoryWatch.settling)
                    }
                    if directories != watched { break }
                }
            }
        }
    }
}

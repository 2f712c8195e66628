public import GatewayConfiguration
import ServiceLifecycle
import UnixSignals
import Upstream

/// Reloads the configuration on SIGHUP.
struct HangupReload: Service {
    let live: ConfigurationReloader

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        await cancelWhenGracefulShutdown {
            for await _ in signals {
                // What went wrong was logged, and the former configuration stays in force.
                try? await live.reload()
            }
        }
    }
}

/// Sees what other gateways change in the store they share, within a second.
struct StoreWatch: Service {
    /// Between two looks; one costs the reading of one number.
    static let interval: Duration = .milliseconds(500)

    let live: ConfigurationReloader

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await live.refresh()
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}

/// Asks members in the background whether they are there.
struct MemberProbing: Service {
    let live: ConfigurationReloader

    func run() async throws {
        let probes = BackgroundProbes { [live] in
            let snapshot = live.current.value
            return BackgroundProbes.Wanted(
                members: snapshot.enabledMembers.map(\.client),
                interval: snapshot.configuration.probes.interval)
        }
        await cancelWhenGracefulShutdown { await probes.run() }
    }
}

/// Reads the configuration again, as at start.
public struct ConfigurationSource: Sendable {
    /// Why it was not taken, in words for the editor of the file.
    public struct Refused: Error, Sendable, CustomStringConvertible {
        public var description: String
        /// Whether the store does not answer, or the reading does not end: nothing is wrong with
        /// the file as far as is known.
        public var isUnavailable: Bool

        public init(_ description: String, isUnavailable: Bool = false) {
            self.description = description
            self.isUnavailable = isUnavailable
        }
    }

    /// What is to be read.
    public struct Reading: Sendable {
        /// Regular projects of the store, which the file may name.
        public var existing: Set<String>
        /// In force, of which project files that are wrong now stay as they are.
        public var former: Configuration
        /// Whether the configuration file itself is to be what it was.
        public var isOfProjectFilesAlone: Bool
    }

    /// Must not hold one of the threads that all tasks share, however long the file system takes.
    public var load: @Sendable (Reading) async throws(Refused) -> Configuration

    /// A reload that takes longer to read fails, and keeps no later one waiting.
    public var readingTime: Duration

    public init(
        readingTime: Duration = .seconds(30),
        load: @escaping @Sendable (Reading) async throws(Refused) -> Configuration
    ) {
        self.readingTime = readingTime
        self.load = load
    }
}

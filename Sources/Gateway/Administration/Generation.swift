import Projects
import PrometheusHTTP
import Synchronization

/// Everything that answers requests, as of one configuration and one state of the store. It is
/// replaced whole: a request that began under one ends under it.
struct Generation: Sendable {
    /// As the configuration file has it.
    var file: Configuration
    var contents: StoreContents
    /// Both together.
    var configuration: Configuration
    var clients: MemberClients
    var resources: QueryResources
    var routes: RouteTable
    /// Files of secrets in use, which are looked at again and again.
    var secretFiles: [SecretFile]
}

/// The generation in force.
final class CurrentGeneration: Sendable {
    private let current: Mutex<Generation>

    init(_ first: Generation) { current = Mutex(first) }

    var value: Generation {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}

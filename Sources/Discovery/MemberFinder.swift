public import GatewayConfiguration
import GoText
public import HTTPTransport
public import Logging
public import ServiceLifecycle

/// Asks sources of members, and of servers of pools, again and again, and tells what they said. A source that fails keeps its
/// last answer.
public actor MemberFinder {
    /// What is to be asked, as the configuration in force says.
    public struct Wanted: Sendable, Equatable {
        public var sources: Set<DiscoverySource>
        /// What no label of a project may be.
        public var partitionLabel: String

        public init(_ configuration: Configuration) {
            sources = configuration.discoverySources
            partitionLabel = configuration.partitionLabel
        }
    }

    private let transport: CurlMulti
    private let logger: Logger
    private let install: @Sendable (Findings) async -> Void
    private var wanted: Wanted?
    private var findings = Findings()
    private var tasks: [DiscoverySource: Task<Void, Never>] = [:]

    /// - Parameters:
    ///   - transport: What servers are asked over.
    ///   - install: Puts what was found in force. It is given all findings at each change.
    public init(
        transport: CurlMulti, logger: Logger, install: @escaping @Sendable (Findings) async -> Void
    ) {
        self.transport = transport
        self.logger = logger
        self.install = install
    }

    /// Begins to ask sources that are new, and ends those that are wanted no more. When the partition
    /// label is another one, all are asked anew.
    public func follow(_ wanted: Wanted) async {
        guard wanted != self.wanted else { return }
        let isSameLabel = wanted.partitionLabel == self.wanted?.partitionLabel
        self.wanted = wanted
        for (source, task) in tasks where !isSameLabel || !wanted.sources.contains(source) {
            task.cancel()
            tasks[source] = nil
        }
        let former = findings.bySource
        findings.bySource = former.filter { wanted.sources.contains($0.key) }
        for source in wanted.sources where tasks[source] == nil {
            let query = MemberQuery(
                source: source, partitionLabel: wanted.partitionLabel, transport: transport)
            tasks[source] = Task { [weak self] in
                for await answer in query.answers {
                    guard let self else { return }
                    await self.take(answer, of: source)
                }
            }
        }
        if findings.bySource != former { await tell() }
    }

    /// Ends all questions.
    public func stop() {
        for task in tasks.values { task.cancel() }
        tasks = [:]
        wanted = nil
    }

    private func take(_ answer: MemberQuery.Answer, of source: DiscoverySource) async {
        // One that was ended meanwhile has nothing to say any more.
        guard !Task.isCancelled, wanted?.sources.contains(source) == true else { return }
        let former = findings.bySource[source] ?? Findings.Finding()
        var finding = former
        switch answer {
        case .success(let found):
            finding = Findings.Finding(found)
            if former.problem != nil {
                logger.notice("\(source) is usable again")
            }
            if found != former.found { log(found.names, after: former.found?.names, of: source) }
        case .failure(let refused):
            finding.problem = refused.reason
            if finding.problem != former.problem {
                let kept = former.found.map { "its last answer stays in force (\($0.names.count))" }
                logger.warning(
                    "\(source) cannot be used: \(refused.reason); \(kept ?? "it gave none before")")
            }
        }
        guard finding != findings.bySource[source] else { return }
        findings.bySource[source] = finding
        await tell()
    }

    private func tell() async {
        findings.revision += 1
        await install(findings)
    }

    private func log(_ names: [String], after former: [String]?, of source: DiscoverySource) {
        let (new, old) = (Set(names), Set(former ?? []))
        let changes = [("new", new.subtracting(old)), ("gone", old.subtracting(new))]
            .filter { !$0.1.isEmpty }
            .map { "; \($0.0): \($0.1.sorted().prefix(20).joined(separator: ", "))" }
        logger.notice("\(source) tells \(names.count)\(changes.joined())")
    }
}

/// Runs a finder for as long as the gateway runs.
public struct MemberFinding: Service {
    /// Between two looks at what is wanted, which a reload or the API may have changed.
    private static let interval: Duration = .milliseconds(200)

    private let finder: MemberFinder
    private let wanted: @Sendable () -> MemberFinder.Wanted

    public init(_ finder: MemberFinder, wanted: @escaping @Sendable () -> MemberFinder.Wanted) {
        self.finder = finder
        self.wanted = wanted
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await finder.follow(wanted())
                try? await Task.sleep(for: Self.interval)
            }
        }
        await finder.stop()
    }
}

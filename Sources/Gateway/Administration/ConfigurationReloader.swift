import Federation
import GatewayConfiguration
import GatewayLog
import GatewayState
import GoText
import HTTPTransport
import Logging
import PrometheusServer
import PrometheusWire
import Synchronization
import Upstream
import UpstreamSettings

/// Changes what is in force: by the API, by another gateway's change in the store, and by a
/// reload of the configuration file.
actor ConfigurationReloader {
    /// Makes the next generation; the former one is there to take over what did not change.
    typealias Builder =
        @Sendable (Configuration, StoreContents, _ former: RuntimeSnapshot?) -> RuntimeSnapshot

    nonisolated let current: CurrentGeneration
    nonisolated let reloads: ReloadState
    nonisolated let store: (any ProjectStore)?
    nonisolated let source: ConfigurationSource?
    /// Where the gateway was started, whatever a reload says.
    nonisolated let bound: ListenAddress
    /// What clients' connections are made with; nil for plain HTTP.
    nonisolated let tls: LiveTLS?
    private let build: Builder
    private let logger: Logger
    /// Follows reloads.
    private let log: GatewayLog?
    private typealias Reload = Task<Result<Void, ConfigurationSource.Refused>, Never>
    /// The last of a line: one reload at a time, so that the last one asked for is the last taken.
    private var reloading: Reload?
    /// One that did not begin to read: what is asked meanwhile is answered by it.
    private var waiting: Reload?
    private var isStoreLost = false
    /// What the last look at the project files found, when that is not in force.
    private var candidate: FileLook?
    /// Why that could not be put in force.
    private var fileProblem: String?

    init(
        file: Configuration, contents: StoreContents, store: (any ProjectStore)?,
        source: ConfigurationSource?, tls: LiveTLS? = nil, logger: Logger, log: GatewayLog? = nil,
        build: @escaping Builder
    ) {
        current = CurrentGeneration(build(file, contents, nil))
        bound = file.listenAddress
        reloads = ReloadState(hasStore: store != nil)
        self.tls = tls
        self.store = store
        self.source = source
        self.logger = logger
        self.log = log
        self.build = build
    }

    // MARK: The API

    /// Changes the store and puts the change in force.
    ///
    /// - Parameter edit: is given the configuration file, whose rules hold.
    /// - Throws: what the API answers.
    func change<Outcome: Sendable>(
        _ edit:
            @escaping @Sendable (inout StoreContents, Configuration) throws(StoreRefusal) ->
            Outcome
    ) async throws(APIError) -> Outcome {
        guard let store else {
            throw APIError(
                .forbidden,
                "nothing can be changed here: the configuration names no store; "
                    + "set data_dir or postgres.connection_string")
        }
        let file = current.value.file
        let (outcome, contents): (Outcome, StoreContents)
        do throws(StoreError) {
            (outcome, contents) = try await store.change { (contents) throws(StoreRefusal) in
                try edit(&contents, file)
            }
        } catch {
            throw APIError(error)
        }
        install(contents)
        return outcome
    }

    // MARK: Other gateways

    /// Looks whether the store changed, and puts the change in force. What is in force stays there
    /// while the store cannot be reached.
    func refresh() async {
        guard let store else { return }
        do throws(StoreError) {
            let revision = try await store.revision()
            if isStoreLost { logger.warning("the store is available again") }
            isStoreLost = false
            reloads.record(storeFailure: nil)
            guard revision != current.value.contents.revision else { return }
            install(try await store.contents())
        } catch {
            if !isStoreLost {
                logger.error("\(error); what is in force stays so")
            }
            isStoreLost = true
            reloads.record(storeFailure: "\(error)")
        }
    }

    private func install(_ contents: StoreContents) {
        let now = current.value
        // A slower one of two changes must not undo the other.
        guard contents.revision > now.contents.revision else { return }
        current.value = build(now.file, contents, now)
    }

    // MARK: Members that are found

    /// Puts in force what sources of members told.
    func install(_ findings: Findings) {
        let now = current.value
        guard findings.revision > now.file.findings.revision else { return }
        var file = now.file
        file.findings = findings
        current.value = build(file, now.contents, now)
    }

    // MARK: Secrets

    /// Looks once at every file that a secret comes from, and tells what changed.
    func lookAtSecretFiles() async {
        var isReplaced = false
        for finding in await SecretWatch.look(at: current.value.secretFiles) {
            switch finding.change {
            case .replaced:
                isReplaced = true
                logger.notice("\(finding.path) holds another secret, which is used from now on")
            case .refused(let problem):
                logger.warning(
                    "\(finding.path) \(problem); the secret that it held before stays in use")
            case .recovered: logger.notice("\(finding.path) holds its secret again")
            }
        }
        guard isReplaced, let store else { return }
        // The store must not give a project back a key that was replaced meanwhile. Never beside a
        // reload, which registers another file.
        let task = inLine {
            await self.registerAgain(in: store)
            return .success(())
        }
        _ = await task.value(within: nil)
    }

    /// Looks once at the files of the gateway's certificate, and tells what changed.
    func lookAtCertificates() async {
        guard let tls, let change = await SecretWatch.look(at: tls) else { return }
        switch change {
        case .replaced:
            logger.notice("new connections of clients are made with the replaced files of tls")
        case .refused(let problem):
            logger.warning("\(problem); the certificate of before stays in use")
        case .recovered: logger.notice("the files of tls hold the certificate in use again")
        }
    }

    private func registerAgain(in store: any ProjectStore) async {
        do throws(StoreError) {
            install(try await Self.register(current.value.file, in: store, logger))
        } catch {
            logger.error("\(error); the store keeps the digests of former keys")
        }
    }

    // MARK: Reload

    /// Reads the configuration file again and puts it in force. A file with errors changes nothing.
    ///
    /// It ends also when the caller is cancelled; the reload then goes on without it.
    func reload() async throws(ConfigurationSource.Refused) {
        let task = waiting ?? beginReload()
        guard let result = await task.value(within: nil) else {
            throw ConfigurationSource.Refused(
                "the request for the reload was given up; the reload goes on", isUnavailable: true)
        }
        try result.get()
    }

    /// The configuration that a reload would put in force, as YAML without secrets. Nothing is changed.
    ///
    /// - Throws: `notFound` where there is no file; `badData` in the words that a reload would fail with.
    func yamlAfterReload() async throws(APIError) -> String {
        guard let source else {
            throw APIError(.notFound, "the configuration in force was read from no file")
        }
        let now = current.value
        do throws(ConfigurationSource.Refused) {
            var file = try await read(
                source,
                ConfigurationSource.Reading(
                    existing: now.contents.regularProjects, former: now.file,
                    isOfProjectFilesAlone: false))
            file.findings = now.file.findings
            return now.contents.effective(file).redactedYAML
        } catch {
            throw APIError(error.isUnavailable ? .unavailable : .badData, error.description)
        }
    }

    /// In force.
    nonisolated var configuration: Configuration { current.value.configuration }

    private func beginReload() -> Reload {
        let task = inLine {
            await self.leaveLine()
            do throws(ConfigurationSource.Refused) {
                let change = try await self.readAgain()
                await self.record(nil, change)
                return .success(())
            } catch {
                await self.record(error)
                return .failure(error)
            }
        }
        waiting = task
        return task
    }

    private func inLine(
        _ work: @escaping @Sendable () async -> Result<Void, ConfigurationSource.Refused>
    ) -> Reload {
        let former = reloading
        let task = Reload {
            _ = await former?.value
            return await work()
        }
        reloading = task
        return task
    }

    /// Looks once at the project files, and puts in force what two looks in a row found.
    ///
    /// - Returns: Whether something was found that the next look must find too.
    func lookAtProjectFiles() async -> Bool {
        let files = current.value.file.projectFiles
        guard source != nil, !files.patterns.isEmpty, let look = await SecretWatch.look(at: files)
        else { return false }
        if look == files.seen || look != candidate {
            candidate = look == files.seen ? nil : look
            return candidate != nil
        }
        let task = inLine {
            do throws(ConfigurationSource.Refused) {
                _ = try await self.readAgain(projectFilesAlone: true)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        let problem: String?
        switch await task.value(within: nil) {
        case .failure(let refused)?: problem = refused.description
        case .success?, nil: problem = nil
        }
        if let problem, problem != fileProblem {
            logger.error("the project files are not in force as they are now: \(problem)")
        }
        fileProblem = problem
        return false
    }

    /// What is asked for from here on may be about a file that the reload under way did not see.
    private func leaveLine() { waiting = nil }

    private func record(
        _ failure: ConfigurationSource.Refused?, _ change: ConfigurationChange? = nil
    ) {
        reloads.record(failure: failure?.description)
        if let failure {
            logger.error("the configuration was not reloaded, the former one stays: \(failure)")
        } else {
            logger.notice(
                "the configuration was reloaded",
                metadata: [
                    "config_hash": "\(current.value.configuration.fingerprint)",
                    "changed": "\(change?.text ?? "")",
                ])
        }
    }

    private func readAgain(
        projectFilesAlone: Bool = false
    ) async throws(ConfigurationSource.Refused) -> ConfigurationChange {
        guard let source else { throw ConfigurationSource.Refused("there is no file to read") }
        let existing: Set<String>
        do throws(StoreError) {
            existing = try await store?.contents().regularProjects ?? []
        } catch {
            throw ConfigurationSource.Refused(error)
        }
        let reading = ConfigurationSource.Reading(
            existing: existing, former: current.value.file, isOfProjectFilesAlone: projectFilesAlone
        )
        var file = try await read(source, reading)
        try refuseOpening(file)
        var contents = current.value.contents
        do throws(StoreError) {
            if let store { contents = try await Self.register(file, in: store, logger) }
        } catch {
            throw ConfigurationSource.Refused(error)
        }
        let now = current.value
        for note in file.notesOnRestart(from: now.file, bound: bound) {
            logger.warning("\(note)")
        }
        for news in file.projectFiles.news(since: now.file.projectFiles) {
            logger.log(level: news.isWarning ? .warning : .notice, "\(news.text)")
        }
        // Not older than what another change put in force meanwhile.
        if now.contents.revision > contents.revision { contents = now.contents }
        file.findings = now.file.findings
        current.value = build(file, contents, now)
        do throws(LogWriter.Unwritable) {
            try log?.apply(file)
        } catch {
            logger.error("the query log stays where it was (query.logFile): \(error)")
        }
        return ConfigurationChange(from: now.file, to: file)
    }

    /// The socket stays where it was opened, so that a file that says another address must not
    /// take away what that one needs.
    private func refuseOpening(_ file: Configuration) throws(ConfigurationSource.Refused) {
        guard file.authentication == nil, !bound.isLoopback else { return }
        throw ConfigurationSource.Refused(
            "auth cannot be left out: the gateway listens on \(bound), which can be reached from "
                + "other machines, until it is started again; keep auth, or restart")
    }

    /// A path may lead to a pipe without a writer, which must not keep later reloads waiting.
    private func read(
        _ source: ConfigurationSource, _ reading: ConfigurationSource.Reading
    ) async throws(ConfigurationSource.Refused) -> Configuration {
        let task = Task { () async -> Result<Configuration, ConfigurationSource.Refused> in
            do throws(ConfigurationSource.Refused) {
                return .success(try await source.load(reading))
            } catch {
                return .failure(error)
            }
        }
        guard let result = await task.value(within: source.readingTime, isCancellable: false) else {
            throw ConfigurationSource.Refused(
                "the configuration file and its secrets could not be read within "
                    + "\(source.readingTime.components.seconds) s; does a path lead to a pipe, or to a "
                    + "disk that does not answer?", isUnavailable: true)
        }
        return try result.get()
    }

    /// Takes the projects of a file over into the store.
    static func register(
        _ file: Configuration, in store: any ProjectStore, _ logger: Logger
    ) async throws(StoreError) -> StoreContents {
        let now = WallClock.now()
        let (notes, contents) = try await store.change { (contents) throws(StoreRefusal) in
            contents.register(file, now: now)
        }
        for note in notes { logger.notice("\(note)") }
        return contents
    }
}

extension ConfigurationSource.Refused {
    fileprivate init(_ error: StoreError) {
        switch error {
        case .refused: self.init("\(error)")
        case .unavailable: self.init("\(error)", isUnavailable: true)
        }
    }
}

/// The live configuration as its own routes see it, which exist before it does. Weak, since it
/// holds the routes in turn.
final class LiveReference: Sendable {
    private struct Weak: Sendable {
        weak var live: ConfigurationReloader?
    }

    private let weak = Mutex(Weak())

    var live: ConfigurationReloader? {
        get { weak.withLock { $0.live } }
        set { weak.withLock { $0.live = newValue } }
    }
}

/// Everything that answers requests, as of one configuration and one state of the store. It is
/// replaced whole: a request that began under one ends under it.
struct RuntimeSnapshot: Sendable {
    /// As the configuration file has it.
    var file: Configuration
    var contents: StoreContents
    /// Where the gateway listens, as of its start.
    var bound: ListenAddress
    /// File and store together.
    var configuration: Configuration
    var clients: UpstreamClients
    var resources: QueryResources
    var routes: RouteTable
    /// Files of secrets in use, which are looked at again and again.
    var secretFiles: [SecretFile]
}

extension RuntimeSnapshot {
    /// All servers that may be asked, by the names that metrics show.
    var enabledMembers: [(name: String, client: UpstreamClient)] {
        let disabled = Set(configuration.clusters.filter { !$0.enabled }.map(\.name))
        return clients.named.filter { member in
            !disabled.contains { clients.clusters[$0] === member.client }
        }
    }

    /// What there is to notify of, as far as a reader may know.
    func notifications(for grant: Grant, _ reloads: ReloadState.Value?) -> [Notification] {
        Notifications(
            grant.seesEverything ? reloads : nil,
            members: enabledMembers.map { member in
                (
                    member.name, clients.projects[member.name].map { _ in member.name },
                    member.client.health.presence
                )
            }, now: WallClock.now()
        ).all.filter { grant.seesEverything || $0.project.map(grant.opens) ?? false }
    }
}

/// The generation in force.
final class CurrentGeneration: Sendable {
    private let current: Mutex<RuntimeSnapshot>

    init(_ first: RuntimeSnapshot) { current = Mutex(first) }

    var value: RuntimeSnapshot {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}

public import GatewayConfiguration
import GoText
public import Logging
import Synchronization

/// The log of one gateway, and its query log. Level, format and the query log can be changed while it
/// is in use.
public final class GatewayLog: Sendable {
    /// What the command line says, which goes before the configuration.
    public struct Overrides: Sendable {
        public var level: LogSettings.Level?
        public var format: LogSettings.Format?

        public init(level: LogSettings.Level? = nil, format: LogSettings.Format? = nil) {
            self.level = level
            self.format = format
        }
    }

    private struct State {
        var settings = LogSettings()
        var queries = QueryLogSettings()
        /// nil where no query is logged.
        var queryWriter: LogWriter?
        /// Of query logs that are not in use any more.
        var droppedBefore = 0
    }

    private let overrides: Overrides
    private let writer: LogWriter
    private let state = Mutex(State())

    /// - Parameter destination: Of the log; the query log has its own.
    /// - Throws: `LogWriter.Unwritable`.
    public init(
        overrides: Overrides = Overrides(), to destination: LogWriter.Destination = .standardError
    ) throws(LogWriter.Unwritable) {
        self.overrides = overrides
        let format = Mutex(overrides.format ?? .text)
        writer = try LogWriter(to: destination) { count in
            Self.loss(count).bytes(format.withLock { $0 })
        }
    }

    /// Puts what a configuration says in force, and opens the file of the query log again.
    ///
    /// - Throws: `LogWriter.Unwritable` where that cannot be opened; the query log then stays as it
    ///   was, and everything else is in force.
    public func apply(_ configuration: Configuration) throws(LogWriter.Unwritable) {
        var settings = configuration.log
        settings.level = overrides.level ?? settings.level
        settings.format = overrides.format ?? settings.format
        let queries = configuration.query.log
        let former = state.withLock { state in
            state.settings = settings
            return state.queryWriter
        }
        guard queries.queries != .off else {
            use(nil, queries)
            return
        }
        let destination = queries.file.map { LogWriter.Destination.file($0) } ?? .standardError
        // Two writers of one stream would break each other's lines.
        if destination == writer.destination { return use(writer, queries) }
        if let former, former.destination == destination {
            use(former, queries)
            return try former.reopen()
        }
        use(try LogWriter(to: destination) { Self.loss($0).bytes(.json) }, queries)
    }

    private func use(_ writer: LogWriter?, _ queries: QueryLogSettings) {
        state.withLock { state in
            if let former = state.queryWriter, former !== writer, former !== self.writer {
                state.droppedBefore += former.dropped
            }
            state.queryWriter = writer
            state.queries = queries
        }
    }

    /// Writes to this log, at the level in force.
    public func logger(_ label: String = "tributary") -> Logger {
        Logger(label: label) { _ in Handler(log: self) }
    }

    /// Lines that were dropped as they were not written in time.
    public var droppedLines: Int {
        let (queries, before) = state.withLock { ($0.queryWriter, $0.droppedBefore) }
        return writer.dropped + (queries === writer ? 0 : queries?.dropped ?? 0) + before
    }

    /// Waits a short time until everything is written.
    public func flush() {
        state.withLock { $0.queryWriter }?.flush()
        writer.flush()
    }

    /// Which queries are logged.
    var queries: QueryLogSettings { state.withLock { $0.queries } }

    /// - Parameter line: An object of JSON in one line.
    func write(query line: [UInt8]) { state.withLock { $0.queryWriter }?.write(line) }

    fileprivate var level: Logger.Level { Logger.Level(state.withLock { $0.settings.level }) }

    fileprivate func write(_ line: LogLine) {
        writer.write(line.bytes(state.withLock { $0.settings.format }))
    }

    private static func loss(_ count: Int) -> LogLine {
        LogLine(
            time: WallClock.now(), level: .warning,
            message: "lines of the log were dropped, as they could not be written in time",
            fields: [("lines", String(count))])
    }

    /// What swift-log writes by.
    private struct Handler: LogHandler {
        let log: GatewayLog
        var metadata: Logger.Metadata = [:]
        var metadataProvider: Logger.MetadataProvider?
        /// Set for one logger alone.
        private var ownLevel: Logger.Level?

        init(log: GatewayLog) { self.log = log }

        var logLevel: Logger.Level {
            get { ownLevel ?? log.level }
            set { ownLevel = newValue }
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            var all = metadata
            all.merge(metadataProvider?.get() ?? [:]) { $1 }
            all.merge(event.metadata ?? [:]) { $1 }
            let fields = all.sorted { $0.key < $1.key }.map { (name: $0.key, value: "\($0.value)") }
            log.write(
                LogLine(
                    time: WallClock.now(), level: event.level, message: "\(event.message)",
                    fields: fields))
        }
    }
}

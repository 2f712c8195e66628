import CPostgres
import Foundation
import GoText
import UpstreamSettings

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One connection to a PostgreSQL server. Every call blocks, for a bounded time.
final class PostgresConnection: SQLSession {
    /// What went wrong, in the server's words. Never holds a value that was sent.
    struct Failure: Error, CustomStringConvertible {
        var description: String
        /// Whether the server said nothing for as long as it is waited for.
        var isSilence = false

        static func silence(_ action: String) -> Failure {
            Failure(
                description: "PostgreSQL gave no answer to \(action) within "
                    + "\(ProjectStoreTime.call.components.seconds) s", isSilence: true)
        }
    }

    /// How long connecting may take, for each host that the connection string names.
    private static let connectSeconds = 5
    /// How often a waiting call looks whether its task was cancelled.
    private static let slice = Duration.milliseconds(100)

    private let connection: OpaquePointer
    /// When the transaction under way must have ended.
    var deadline: MonotonicInstant
    /// A statement was left unanswered: what comes next on the connection is its answer.
    private var isLost = false

    /// - Parameter deadline: When the first transaction must have ended, connecting included.
    /// - Throws: `Failure`. Its text does not repeat the connection string, which holds a password.
    init(connectionString: Secret, deadline: MonotonicInstant) throws(Failure) {
        var parseError: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(connectionString.exposed, &parseError) else {
            PQfreemem(parseError)
            throw Failure(
                description: "postgres.connection_string is not a connection string of PostgreSQL")
        }
        let read = Self.values(of: options)
        PQconninfoFree(options)
        // What stands behind `dbname`, which is the whole string, is not overridden by it.
        var settings = [
            ("tcp_user_timeout", "10000"),
            ("dbname", connectionString.exposed), ("fallback_application_name", "tributary"),
            ("client_encoding", "UTF8"),
        ]
        // A longer time would hold up everything that waits for the store; none is for ever.
        if !(1...Self.connectSeconds).contains(read["connect_timeout"].flatMap(Int.init) ?? 0) {
            settings.append(("connect_timeout", String(Self.connectSeconds)))
        }
        let begun = MonotonicInstant.now
        let opened = Self.withCStrings(settings.map(\.0)) { keywords in
            Self.withCStrings(settings.map(\.1)) { values in
                PQconnectdbParams(keywords, values, 1)
            }
        }
        guard let opened else { throw Failure(description: "out of memory") }
        guard PQstatus(opened) == CONNECTION_OK else {
            let message = Self.message(of: opened)
            PQfinish(opened)
            throw Failure(
                description: Self.connectFailure(message, read),
                // A server that refuses does so at once.
                isSilence: Duration.since(begun) >= .seconds(1))
        }
        // Notices would go to standard error.
        PQsetNoticeProcessor(opened, { _, _ in }, nil)
        // A server that takes nothing in must not hold up the sending either.
        PQsetnonblocking(opened, 1)
        connection = opened
        self.deadline = deadline
    }

    deinit {
        // The polite farewell of `PQfinish` could wait for a server that takes nothing in; and the
        // server is to roll back what was left open.
        if isLost { shutdown(PQsocket(connection), Int32(SHUT_RDWR)) }
        PQfinish(connection)
    }

    /// False once the connection is of no more use.
    var isUsable: Bool { !isLost && PQstatus(connection) == CONNECTION_OK }

    /// Runs statements without values.
    func execute(_ statements: String) throws(Failure) {
        let isSent = PQsendQuery(connection, statements)
        _ = try rows(of: try answer(ifSent: isSent))
    }

    /// The last result of what was sent, or the first that is an error, as `PQexec` has it.
    private func answer(ifSent isSent: Int32) throws(Failure) -> OpaquePointer? {
        guard isSent == 1 else { throw Failure(description: Self.message(of: connection)) }
        var last: OpaquePointer?
        do throws(Failure) {
            while true {
                let rest = PQflush(connection)
                if rest < 0 { throw Failure(description: Self.message(of: connection)) }
                if rest == 0, PQisBusy(connection) == 0 {
                    guard let result = PQgetResult(connection) else { return last }
                    if let last, PQresultStatus(last) == PGRES_FATAL_ERROR {
                        PQclear(result)
                    } else {
                        PQclear(last)
                        last = result
                    }
                    continue
                }
                try wait(toSend: rest > 0)
                if PQconsumeInput(connection) == 0 {
                    throw Failure(description: Self.message(of: connection))
                }
            }
        } catch {
            PQclear(last)
            isLost = true
            throw error
        }
    }

    /// Returns after a while at most, or when the connection may have moved.
    private func wait(toSend: Bool) throws(Failure) {
        if Task.isCancelled { throw Failure(description: "the call was given up") }
        let left = MonotonicInstant.now.duration(to: deadline)
        guard left > .zero else { throw .silence("a statement") }
        var item = pollfd(
            fd: PQsocket(connection), events: Int16(toSend ? POLLIN | POLLOUT : POLLIN),
            revents: 0)
        poll(&item, 1, Int32(clamping: min(left, Self.slice).millisecondsToWait))
    }

    func run(_ statement: String, _ values: [SQLValue]) throws -> [SQLRow] {
        let texts = values.map { value -> String? in
            switch value {
            case .null: nil
            case .integer(let number): String(number)
            case .text(let text): text
            }
        }
        let isSent = Self.withCStrings(texts) { pointers in
            PQsendQueryParams(
                connection, Self.numbered(statement), Int32(texts.count), nil, pointers, nil, nil,
                0)
        }
        return try rows(of: try answer(ifSent: isSent))
    }

    private func rows(of result: OpaquePointer?) throws(Failure) -> [SQLRow] {
        guard let result else { throw Failure(description: Self.message(of: connection)) }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return []
        case PGRES_TUPLES_OK: break
        default:
            // The first line alone: the details hold values.
            let primary = PQresultErrorField(result, Int32(UInt8(ascii: "M")))
            throw Failure(
                description: primary.map { String(cString: $0) }
                    ?? Self.message(of: connection))
        }
        return (0..<PQntuples(result)).map { row in
            SQLRow(
                values: (0..<PQnfields(result)).map { column in
                    if PQgetisnull(result, row, column) != 0 { return .null }
                    return .text(String(cString: PQgetvalue(result, row, column)))
                })
        }
    }

    /// `?` becomes `$1`, `$2` and so on. No statement of ours has a question mark elsewhere.
    static func numbered(_ statement: String) -> String {
        var out = ""
        var count = 0
        for character in statement {
            if character == "?" {
                count += 1
                out += "$\(count)"
            } else {
                out.append(character)
            }
        }
        return out
    }

    private static func message(of connection: OpaquePointer) -> String {
        let text = String(cString: PQerrorMessage(connection))
        return text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "no reason given"
    }

    private static func values(
        of options: UnsafeMutablePointer<PQconninfoOption>
    ) -> [String: String] {
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                values[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        return values
    }

    /// A password with a character that should have been escaped can end up in the host's name.
    private static func connectFailure(_ message: String, _ options: [String: String]) -> String {
        let host = options["host"] ?? ""
        let shown = ["host", "hostaddr", "dbname", "user"].compactMap { options[$0] }.joined()
        guard !shown.contains("@"), !shown.contains(":") || host.hasPrefix("/") else {
            return "cannot connect to PostgreSQL; are all special characters of user and password "
                + "in postgres.connection_string escaped?"
        }
        guard let password = options["password"], !password.isEmpty, message.contains(password)
        else { return message }
        return "cannot connect to PostgreSQL"
    }

    /// Calls with the texts as C strings; nil stays nil, and a last nil ends the list.
    private static func withCStrings<Value>(
        _ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
    ) -> Value {
        let copies = texts.map { text in text.flatMap { strdup($0) } }
        defer { for copy in copies { free(copy) } }
        let pointers = copies.map { UnsafePointer($0) } + [nil]
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}

/// An executor with a thread of its own, for calls that block: they must not hold one of the few
/// threads that all tasks share.
final class DedicatedThread: SerialExecutor {
    private let queue = Queue()

    init(name: String) {
        let thread = Thread { [queue] in queue.run() }
        thread.name = name
        thread.start()
    }

    deinit { queue.end() }

    func enqueue(_ job: consuming ExecutorJob) {
        queue.add(UnownedJob(job), asUnownedSerialExecutor())
    }

    /// `@unchecked Sendable`: `condition` is held wherever a property is reached.
    private final class Queue: @unchecked Sendable {
        private let condition = NSCondition()
        private var jobs: [(job: UnownedJob, executor: UnownedSerialExecutor)] = []
        private var isOver = false

        func add(_ job: UnownedJob, _ executor: UnownedSerialExecutor) {
            condition.withLock {
                jobs.append((job, executor))
                condition.signal()
            }
        }

        func end() {
            condition.withLock {
                isOver = true
                condition.signal()
            }
        }

        func run() {
            while let (job, executor) = next() { job.runSynchronously(on: executor) }
        }

        private func next() -> (job: UnownedJob, executor: UnownedSerialExecutor)? {
            condition.withLock {
                while jobs.isEmpty, !isOver { condition.wait() }
                return jobs.isEmpty ? nil : jobs.removeFirst()
            }
        }
    }
}

import Foundation
import Glibc
import Synchronization
import TestSupport

/// A real Redis server of its own, on a free port of the loopback interface and on a socket.
public final class RedisServer: Sendable {
    public let port: UInt16
    public let socketPath: String
    private let server: String
    private let directory: String
    private let options: [String]
    private let password: String?
    private let process = Mutex<ChildProcess?>(nil)

    /// - Parameter options: further ones of the command line.
    public init(password: String? = nil, options: [String] = []) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let found = try CommandOutput.of(
            root.appendingPathComponent("scripts/fetch-redis").path, [])
        guard found.status == 0 else { throw TestFailure("no Redis: \(found.errors)") }
        server = found.output.trimmingCharacters(in: .whitespacesAndNewlines)
        directory = "/tmp/tributary-redis-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        socketPath = "\(directory)/s"
        port = try LoopbackPort.free()
        self.password = password
        self.options = options + (password.map { ["--requirepass", $0] } ?? [])
        try start()
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Starts it, with nothing in it, and waits until it answers.
    public func start() throws {
        let process = try ChildProcess(
            name: "redis",
            command: [
                server, "--port", "\(port)", "--bind", "127.0.0.1", "--unixsocket", socketPath,
                "--save", "", "--appendonly", "no", "--dir", directory,
            ] + options, logPath: "\(directory)/log")
        self.process.withLock { $0 = process }
        for _ in 0..<600 {
            if let answer = try? call("PING"), answer == .word("PONG") { return }
            guard process.isRunning else { break }
            usleep(50_000)
        }
        throw TestFailure("Redis is not there: \(process.log.suffix(2000))")
    }

    /// Ends it as a machine that fails does.
    public func stop() {
        goOn()
        let ended = process.withLock { process in
            defer { process = nil }
            return process
        }
        if let ended { kill(ended.processID, SIGKILL) }
        ended?.stop()
    }

    /// It stands still: the system still takes connections for it, and nothing is answered.
    public func freeze() { signal(SIGSTOP) }

    public func goOn() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        process.withLock { if let process = $0 { kill(process.processID, number) } }
    }

    public enum Reply: Sendable, Equatable {
        case word(String)
        case bytes([UInt8])
        case list([[UInt8]])
        case none
    }

    /// Runs a command over a connection of its own.
    @discardableResult
    public func call(_ words: String...) throws -> Reply { try call(words.map { Array($0.utf8) }) }

    @discardableResult
    public func call(_ words: [[UInt8]]) throws -> Reply {
        let socket = try Socket(connectingTo: port, timeout: 30)
        if let password {
            try Self.send(["AUTH", password].map { Array($0.utf8) }, over: socket)
            _ = try Self.reply(over: socket)
        }
        try Self.send(words, over: socket)
        return try Self.reply(over: socket)
    }

    /// All keys, in an order.
    public func keys() throws -> [[UInt8]] {
        guard case .list(let keys) = try call("KEYS", "*") else { return [] }
        return keys.sorted { $0.lexicographicallyPrecedes($1) }
    }

    public func value(of key: [UInt8]) throws -> [UInt8] {
        guard case .bytes(let bytes) = try call([Array("GET".utf8), key]) else { return [] }
        return bytes
    }

    public func set(_ key: [UInt8], _ value: [UInt8]) throws {
        try call([Array("SET".utf8), key, value])
    }

    private static func send(_ words: [[UInt8]], over socket: Socket) throws {
        var bytes = Array("*\(words.count)\r\n".utf8)
        for word in words { bytes += Array("$\(word.count)\r\n".utf8) + word + Array("\r\n".utf8) }
        try socket.write(bytes)
    }

    private static func reply(over socket: Socket) throws -> Reply {
        guard let line = try socket.readLine(), let kind = line.first else {
            throw TestFailure("Redis closed the connection")
        }
        let rest = String(line.dropFirst())
        switch kind {
        case "+", ":": return .word(rest)
        case "$":
            guard let count = Int(rest), count >= 0 else { return .none }
            var bytes: [UInt8] = []
            try socket.read(count + 2) { bytes += $0 }
            return .bytes(Array(bytes.dropLast(2)))
        case "*":
            var list: [[UInt8]] = []
            for _ in 0..<(Int(rest) ?? 0) {
                if case .bytes(let bytes) = try reply(over: socket) { list.append(bytes) }
            }
            return .list(list)
        default: throw TestFailure("Redis: \(line)")
        }
    }
}

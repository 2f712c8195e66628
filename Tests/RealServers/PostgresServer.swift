import Foundation
import TestSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A real PostgreSQL server of its own, on a free port of the loopback interface.
public final class PostgresServer {
    public struct Failure: Error, CustomStringConvertible { public var description: String }

    public let connectionString: String
    private let bin: String
    private let directory: String
    private let port: Int
    private var process: Process?

    public init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        bin = try Self.run([root.appendingPathComponent("scripts/fetch-postgresql").path])
        directory = "/tmp/tributary-pg-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        port = Int(try LoopbackPort.free())
        connectionString = "postgres://tributary@127.0.0.1:\(port)/postgres"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        if geteuid() == 0 { chown(directory, Self.nobody, Self.nobody) }
        _ = try Self.run(
            Self.unprivileged + [
                "\(bin)/initdb", "-D", "\(directory)/data", "-U", "tributary", "-A", "trust",
                "--no-sync", "--no-locale", "-E", "UTF8",
            ])
        try start()
    }

    deinit {
        try? stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    public func start() throws {
        process = try Self.launch(
            Self.unprivileged + [
                "\(bin)/postgres", "-D", "\(directory)/data", "-p", "\(port)", "-h", "127.0.0.1",
                "-k", directory, "-F",
            ], output: nil)
    }

    /// Connections are cut, and the server ends.
    public func stop() throws {
        goOn()
        process?.interrupt()
        process?.waitUntilExit()
        process = nil
    }

    /// The server and the processes of its connections stand still: the system still takes
    /// connections for it, and nothing is answered.
    public func freeze() {
        // The first one, so that it makes no more of the others.
        for process in processes { kill(process, SIGSTOP) }
        for process in processes { kill(process, SIGSTOP) }
    }

    /// Ends a standstill.
    public func goOn() { for process in processes { kill(process, SIGCONT) } }

    /// The server first, then what it started.
    private var processes: [pid_t] {
        guard let server = process?.processIdentifier else { return [] }
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let children = all.compactMap { pid_t($0) }.filter { process in
            let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            // Behind the name, which may hold blanks: the state, then the parent.
            return status?.split(separator: ")").last?.split(separator: " ").dropFirst().first
                == "\(server)"
        }
        return [server] + children
    }

    /// A session of PostgreSQL's own client, which ends with the value.
    public func session() throws -> Session {
        try Session([
            "\(bin)/psql", "-h", "127.0.0.1", "-p", "\(port)", "-U", "tributary", "-XqAt",
            "-v", "ON_ERROR_STOP=1", "postgres",
        ])
    }

    public final class Session {
        private let process: Process
        private let input = Pipe()
        private let output = Pipe()

        fileprivate init(_ command: [String]) throws {
            process = try PostgresServer.launch(command, input: input, output: output)
        }

        deinit {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }

        /// Runs statements and returns their first line, so the last of them must give one row.
        public func ask(_ statements: String) throws -> String {
            try input.fileHandleForWriting.write(contentsOf: Data("\(statements);\n".utf8))
            var line: [UInt8] = []
            while line.last != UInt8(ascii: "\n") {
                guard let byte = try output.fileHandleForReading.read(upToCount: 1)?.first else {
                    throw Failure(
                        description: "psql ended: \(String(decoding: line, as: UTF8.self))")
                }
                line.append(byte)
            }
            return String(decoding: line.dropLast(), as: UTF8.self)
        }
    }

    /// Waits until it answers.
    public func waitUntilReady() throws {
        for _ in 0..<300 {
            let probe = ["\(bin)/pg_isready", "-q", "-h", "127.0.0.1", "-p", "\(port)"]
            if (try? Self.run(probe)) != nil { return }
            usleep(100_000)
        }
        throw Failure(description: "PostgreSQL was not ready in 30 s")
    }

    private static let nobody: uid_t = 65534

    /// PostgreSQL refuses to run as root.
    private static var unprivileged: [String] {
        geteuid() == 0
            ? ["setpriv", "--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups"] : []
    }

    private static func launch(
        _ command: [String], input: Pipe? = nil, output: Pipe?
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = URL(fileURLWithPath: "/tmp")
        if let input { process.standardInput = input }
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// The first line of what a command says.
    private static func run(_ command: [String]) throws -> String {
        let output = Pipe()
        let process = try launch(command, output: output)
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(command[0]) ended with \(process.terminationStatus)")
        }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").first.map(String.init)
            ?? ""
    }
}

import Foundation
import GatewayConfiguration
import TestSupport
import UpstreamSettings

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A real PostgreSQL server of its own, on a free port of the loopback interface.
final class PostgresServer {
    struct Failure: Error, CustomStringConvertible { var description: String }

    let connectionString: Secret
    private let bin: String
    private let directory: String
    private let port: Int
    private var process: Process?

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        bin = try Self.run([root.appendingPathComponent("scripts/fetch-postgresql").path])
        directory = "/tmp/tributary-pg-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        port = Int(try LoopbackPort.free())
        connectionString = Secret("postgres://tributary@127.0.0.1:\(port)/postgres")
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

    func start() throws {
        process = try Self.launch(
            Self.unprivileged + [
                "\(bin)/postgres", "-D", "\(directory)/data", "-p", "\(port)", "-h", "127.0.0.1",
                "-k", directory, "-F",
            ], output: nil)
    }

    /// Connections are cut, and the server ends.
    func stop() throws {
        process?.interrupt()
        process?.waitUntilExit()
        process = nil
    }

    /// A store in it, as soon as it answers.
    func store() async throws -> PostgresProjectStore {
        for _ in 0..<300 {
            if let store = try? await PostgresProjectStore(connectionString: connectionString) {
                return store
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await PostgresProjectStore(connectionString: connectionString)
    }

    private static let nobody: uid_t = 65534

    /// PostgreSQL refuses to run as root.
    private static var unprivileged: [String] {
        geteuid() == 0
            ? ["setpriv", "--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups"] : []
    }

    private static func launch(_ command: [String], output: Pipe?) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = URL(fileURLWithPath: "/tmp")
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

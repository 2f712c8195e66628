import Foundation
import Glibc
import RealServers
import TestSupport
import Testing

/// What the API acknowledged is there after a `kill -9`, whenever it comes; what it did not
/// acknowledge is there wholly or not at all. `TRIBUTARY_KILLS` and `TRIBUTARY_SEED` widen the
/// campaign.
@Suite(.serialized) struct KillTests {
    private struct Figures {
        var kills = 0
        var acknowledged = 0
        /// Under way when the kill came: those that were made, and those that were not.
        var made = 0
        var notMade = 0
        var verified = 0
    }

    private static let environment = ProcessInfo.processInfo.environment
    private static let kills = Int(environment["TRIBUTARY_KILLS"] ?? "") ?? 6
    private static let seed = UInt64(environment["TRIBUTARY_SEED"] ?? "") ?? 20_261_127
    private static let writers = 3

    @Test func acknowledgedChangesOutliveAKillWithSQLite() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                try Self.campaign("SQLite", "data_dir: \(folder)/data\n", folder: folder)
            }
        }
    }

    @Test func acknowledgedChangesOutliveAKillWithPostgreSQL() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let database = try PostgresServer()
                try database.waitUntilReady()
                try Self.campaign(
                    "PostgreSQL",
                    "postgres: {connection_string: \"\(database.connectionString)\"}\n",
                    folder: folder)
            }
        }
    }

    private static func campaign(_ store: String, _ section: String, folder: String) throws {
        var random = SeededRandom(seed: seed)
        var figures = Figures()
        let writers = (0..<writers).map { StoreWriter(number: $0, seed: seed &+ UInt64($0)) }
        for round in 0...kills {
            let gateway = try start(section, folder: folder, round: round)
            for writer in writers {
                let outcome = try writer.verify(gateway.address)
                figures.verified += outcome.verified
                figures.made += outcome.made
                figures.notMade += outcome.notMade
            }
            guard round < kills else { break }
            let group = DispatchGroup()
            for writer in writers {
                group.enter()
                Thread.detachNewThread {
                    writer.writeUntilTheEnd(of: gateway.address)
                    group.leave()
                }
            }
            usleep(UInt32(100_000 + random.below(1_200_000)))
            #expect(kill(gateway.process.processID, SIGKILL) == 0)
            group.wait()
            figures.kills += 1
        }
        for writer in writers {
            figures.acknowledged += writer.acknowledged
            for problem in writer.problems { Issue.record("\(store): \(problem)") }
        }
        print(
            """
            kill -9 with \(store), seed \(seed): \(figures.kills) kills, \
            \(figures.acknowledged) acknowledged changes, \(figures.made + figures.notMade) under \
            way (\(figures.made) made, \(figures.notMade) not), \(figures.verified) states verified
            """)
        #expect(figures.acknowledged > 0)
    }

    private static func start(
        _ section: String, folder: String, round: Int
    ) throws -> (process: ChildProcess, address: HTTPAddress) {
        let address = HTTPAddress(port: try LoopbackPort.free())
        let path = "\(folder)/configuration.yaml"
        try """
        listen_address: 127.0.0.1:\(address.port)
        \(section)
        auth: {tokens: [{name: root, token: \(StoreWriter.rootToken), admin: true}]}
        projects:
          - {name: base0, prometheus: {url: http://127.0.0.1:1}}
          - {name: base1, prometheus: {url: http://127.0.0.1:1}}
          - {name: base2, prometheus: {url: http://127.0.0.1:1}}
          - {name: pooled, clusterPool: attributes}
        """.write(toFile: path, atomically: true, encoding: .utf8)
        let process = try ChildProcess(
            name: "gateway \(round)",
            command: [try Repository.gateway(), "serve", "--config", path],
            logPath: "\(folder)/gateway-\(round).log")
        try process.waitUntilReady(address)
        return (process, address)
    }
}

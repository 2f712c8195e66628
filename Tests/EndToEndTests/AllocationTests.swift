import Foundation
import RealServers
import TestSupport
import Testing

/// What a small query allocates. Time on a machine with other work tells little; this number tells
/// when the short path grows longer.
@Suite struct AllocationTests {
    private static let time = 1_700_000_000

    private static let data: String = {
        var text = "# TYPE up gauge\n"
        for index in 0..<10 { text += "up{instance=\"host\(index)\"} 1 \(time)\n" }
        return text + "# EOF\n"
    }()

    /// About a sixth more than was counted, the client's own connection included.
    private struct Bound {
        var query: String
        /// The debug build copies much more than the one that people run.
        var ofDebug: Int
        var ofRelease: Int
    }

    private static let bounds = [
        Bound(query: "up", ofDebug: 36_600, ofRelease: 1180),
        Bound(query: #"up{project="a"}"#, ofDebug: 7300, ofRelease: 715),
        Bound(query: "1 + 1", ofDebug: 2000, ofRelease: 485),
    ]

    @Test func aSmallQueryAllocatesLittle() async throws {
        try await withTemporaryFolder { folder in
            try await offPool {
                let (process, address, counted) = try Self.gateway(in: folder)
                let isRelease = try Repository.gateway().contains("/release/")
                for bound in Self.bounds {
                    let target = "/p/all/api/v1/query"
                    let parameters = [("query", bound.query), ("time", "\(Self.time)")]
                    func ask(_ times: Int) throws {
                        for _ in 0..<times {
                            let answer = try address.get(target, parameters)
                            try #require(answer.status == 200, "\(answer.text)")
                        }
                    }
                    try ask(50)
                    let before = try counted()
                    try ask(100)
                    let each = try (counted() - before) / 100
                    let most = isRelease ? bound.ofRelease : bound.ofDebug
                    #expect(each > 0 && each <= most, "\(bound.query): \(each)")
                }
                process.stop()
            }
        }
    }

    /// A gateway over three projects, and what reads how much it has allocated.
    private static func gateway(
        in folder: String
    ) throws -> (process: ChildProcess, address: HTTPAddress, counted: () throws -> Int) {
        let library = "\(folder)/count.so"
        let source = "\(Repository.root)/scripts/count-allocations.c"
        let compiled = try CommandOutput.of(
            "/usr/bin/env", ["clang", "-O1", "-shared", "-fPIC", "-o", library, source])
        guard compiled.status == 0 else { throw TestFailure(compiled.errors) }
        let file = "\(folder)/count"
        try Data(count: 4096).write(to: URL(fileURLWithPath: file))

        let member = try PrometheusServer(name: "member", openMetrics: data, directory: folder)
        let path = "\(folder)/gateway.yaml"
        var text = "projects:\n"
        for name in ["a", "b", "c"] {
            text += "  - {name: \(name), prometheus: {url: \"\(member.address.url)\"}}\n"
        }
        text += "  - {name: all, memberProjects: [a, b, c]}\n"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let (process, address) = try ChildProcess.gateway(
            "gateway", over: path, in: folder,
            environment: ["LD_PRELOAD=\(library)", "COUNT_ALLOCATIONS_IN=\(file)"])
        return (
            process, address,
            {
                withExtendedLifetime(member) {}
                let bytes = try Data(contentsOf: URL(fileURLWithPath: file)).prefix(8)
                return bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
            }
        )
    }
}

import Foundation
import GoText
import RealServers
import TestSupport

/// What a few targets expose over four hours, as replicas that scrape them store it.
struct ReplicaData {
    static let start = 1_700_000_000
    static let interval = 15
    static let scrapes = 960
    static var end: Int { start + interval * (scrapes - 1) }

    /// One that scrapes the targets.
    struct Replica {
        /// Seconds, in which it scraped nothing.
        var holes: [ClosedRange<Int>] = []
        /// Of these the targets of one job only.
        var lostJobs: [(job: String, times: ClosedRange<Int>)] = []
        /// Seconds behind the scrapes of others.
        var offset = 0
        /// What all of its series have.
        var labels: [String: String] = [:]
        /// The seconds that it has samples of.
        var kept = Int.min...Int.max
    }

    private static let targets = [("api", "i0"), ("api", "i1"), ("db", "i2")]

    /// As `promtool tsdb create-blocks-from openmetrics` reads it.
    static func openMetrics(_ replicas: [Replica]) -> String {
        var text = ""
        for name in ["latency_bucket", "memory", "requests_total", "up"] {
            for replica in replicas {
                for (index, target) in targets.enumerated() {
                    append(name, target, index, replica, to: &text)
                }
            }
        }
        return text + "# EOF\n"
    }

    private static func append(
        _ name: String, _ target: (job: String, instance: String), _ index: Int,
        _ replica: Replica, to text: inout String
    ) {
        var labels = replica.labels
        labels["job"] = target.job
        labels["instance"] = target.instance
        let bounds = name == "latency_bucket" ? ["0.1", "1", "+Inf"] : [""]
        for (place, bound) in bounds.enumerated() {
            if !bound.isEmpty { labels["le"] = bound }
            let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
            let head = "\(name){\(pairs.joined(separator: ","))}"
            for scrape in 0..<scrapes {
                let second = scrape * interval + replica.offset
                let time = start + second
                guard replica.kept.contains(time),
                    !replica.holes.contains(where: { $0.contains(second) }),
                    !replica.lostJobs.contains(where: {
                        $0.job == target.job && $0.times.contains(second)
                    })
                else { continue }
                text += "\(head) \(value(name, index, place, second)) \(time)\n"
            }
        }
    }

    /// What a target shows at a time.
    private static func value(_ name: String, _ target: Int, _ bound: Int, _ second: Int) -> Int {
        switch name {
        case "up": return 1
        case "memory": return 1000 + (second * (target + 3) * 7919) % 997
        case "requests_total":
            // The second target begins anew after an hour and a half.
            let since = target == 1 && second >= 5400 ? second - 5400 : second
            return since * (target + 1)
        default: return second * (bound + 1) * (target + 1) / 5
        }
    }
}

/// Replicas of one project, an oracle that was never down, and the gateway.
final class ReplicaScene: Sendable {
    let replicas: [PrometheusServer]
    let oracle: PrometheusServer
    let process: ChildProcess
    let gateway: HTTPAddress

    /// - Parameters:
    ///   - servers: what each server holds.
    ///   - settings: of the project; lines without indentation.
    ///   - ranges: the `timeRange` of each replica, where it has one.
    init(
        _ servers: [[ReplicaData.Replica]], settings: [String] = [], ranges: [Int: String] = [:],
        in folder: String
    ) throws {
        replicas = try servers.enumerated().map { index, held in
            try PrometheusServer(
                name: "replica\(index)", openMetrics: ReplicaData.openMetrics(held),
                directory: folder, options: Self.options)
        }
        oracle = try PrometheusServer(
            name: "oracle",
            openMetrics: ReplicaData.openMetrics([.init(labels: ["project": "pair"])]),
            directory: folder, options: Self.options)
        var text = "query: {features: [promql-experimental-functions]}\ndefaultProject: pair\n"
        text += "projects:\n  - name: pair\n    replicas:\n"
        for (index, server) in replicas.enumerated() {
            text += "      - prometheus: {url: \"\(server.address.url)\"}\n"
            if let range = ranges[index] { text += "        timeRange: \(range)\n" }
        }
        for line in settings { text += "    \(line)\n" }
        let path = "\(folder)/gateway.yaml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        (process, gateway) = try ChildProcess.gateway("gateway", over: path, in: folder)
    }

    static let options = ["--enable-feature=promql-experimental-functions"]

    deinit { process.stop() }
}

func withReplicas(
    _ servers: [[ReplicaData.Replica]], settings: [String] = [], ranges: [Int: String] = [:],
    _ work: @escaping @Sendable (ReplicaScene, _ folder: String) throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        try await offPool {
            let scene = try ReplicaScene(servers, settings: settings, ranges: ranges, in: folder)
            try work(scene, folder)
        }
    }
}

import Foundation
import GoText
import RealServers
import TestSupport

/// A real VictoriaMetrics over generated data, on a free loopback port.
final class VictoriaMetricsServer: Sendable {
    let process: ChildProcess
    let address: HTTPAddress

    /// Where `victoria-metrics` is; `scripts/fetch-victoriametrics` knows how to get it.
    private static func tool() throws -> String {
        let named = ProcessInfo.processInfo.environment["TRIBUTARY_VICTORIAMETRICS_BIN"]
        for place in [named, "\(Repository.root)/.build/forky/usr/bin"].compactMap({ $0 }) {
            let path = "\(place)/victoria-metrics"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw TestFailure(
            "no victoria-metrics on this machine: run scripts/fetch-victoriametrics")
    }

    /// Starts, and takes the text in, but for values that it does not store (NaN).
    init(name: String, openMetrics: String, directory: String) throws {
        let port = try LoopbackPort.free()
        address = HTTPAddress(port: port)
        process = try ChildProcess(
            name: name,
            command: [
                try Self.tool(), "-storageDataPath=\(directory)/\(name)",
                "-httpListenAddr=127.0.0.1:\(port)", "-retentionPeriod=100y",
                "-loggerLevel=ERROR",
            ],
            logPath: "\(directory)/\(name).log")
        try process.waitUntilReady(address)
        var lines = ""
        for line in openMetrics.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "),
                let seconds = Double(line[line.index(after: space)...])
            else { throw TestFailure("a line without a time: \(line)") }
            // Milliseconds, where OpenMetrics has seconds.
            lines += "\(line[..<space]) \(Int64((seconds * 1000).rounded()))\n"
        }
        let taken = try address.post("/api/v1/import/prometheus", body: Array(lines.utf8))
        guard taken.status == 204 else {
            throw TestFailure("\(name) took nothing in: \(taken.status) \(taken.text)")
        }
        // What was just taken in is not searched before it is flushed.
        _ = try address.get("/internal/force_flush")
    }
}

import Foundation
import TestSupport

/// A real Prometheus over generated data, on a free loopback port.
public final class PrometheusServer: Sendable {
    public let process: ChildProcess
    public let address: HTTPAddress

    /// Loads the text into a fresh storage under `directory`, and starts. Without a text it has
    /// nothing of its own.
    public init(
        name: String, version: PrometheusVersion = .three, openMetrics: String? = nil,
        directory: String, options: [String] = [],
        configuration: String = "global: {}\n"
    ) throws {
        let home = "\(directory)/\(name)"
        try FileManager.default.createDirectory(
            atPath: "\(home)/data", withIntermediateDirectories: true)
        try configuration.write(
            toFile: "\(home)/prometheus.yml", atomically: false, encoding: .utf8)
        if let openMetrics {
            try openMetrics.write(toFile: "\(home)/data.om", atomically: false, encoding: .utf8)
            let loading = try CommandOutput.of(
                try version.tool("promtool"),
                ["tsdb", "create-blocks-from", "openmetrics", "\(home)/data.om", "\(home)/data"])
            guard loading.status == 0 else {
                throw TestFailure("promtool could not load \(name): \(loading.errors)")
            }
        }
        let port = try LoopbackPort.free()
        address = HTTPAddress(port: port)
        process = try ChildProcess(
            name: name,
            command: [
                try version.tool("prometheus"), "--config.file=\(home)/prometheus.yml",
                "--storage.tsdb.path=\(home)/data", "--storage.tsdb.retention.time=3650d",
                "--web.listen-address=127.0.0.1:\(port)", "--log.level=warn",
            ] + options,
            logPath: "\(home)/log")
        try process.waitUntilReady(address)
    }
}

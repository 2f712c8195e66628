import Foundation
import RealServers

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A real Prometheus over given samples, on a loopback port of its own choice. It cannot outlive
/// these tests: a shell holds it and ends it when the pipe from here closes.
final class RealPrometheus: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    let url: String
    private let leash: FileHandle
    private let home: URL

    /// Loads the text into a fresh storage and starts; ready when this returns.
    init(_ version: PrometheusVersion, openMetrics: String) async throws {
        home = FileManager.default.temporaryDirectory
            .appending(path: "tributary-differential-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        let (text, data, log) = (home.path + "/data.om", home.path + "/data", home.path + "/log")
        try openMetrics.write(toFile: text, atomically: false, encoding: .utf8)
        let configuration = home.path + "/prometheus.yml"
        try "global: {}\n".write(toFile: configuration, atomically: false, encoding: .utf8)

        let loading = Process()
        loading.executableURL = URL(filePath: try version.tool("promtool"))
        loading.arguments = ["tsdb", "create-blocks-from", "openmetrics", text, data]
        loading.standardOutput = FileHandle.nullDevice
        try loading.run()
        loading.waitUntilExit()
        guard loading.terminationStatus == 0 else {
            throw Failure(description: "promtool could not load the samples")
        }

        let holder = Process()
        holder.executableURL = URL(filePath: "/bin/sh")
        holder.arguments =
            [
                "-c", "log=$1; shift; \"$@\" >\"$log\" 2>&1 & child=$!; read -r _; kill $child",
                "-",
                log, try version.tool("prometheus"), "--config.file=\(configuration)",
                "--storage.tsdb.path=\(data)", "--storage.tsdb.retention.time=3650d",
                "--web.listen-address=127.0.0.1:0",
            ] + version.options
        let pipe = Pipe()
        holder.standardInput = pipe
        try holder.run()
        leash = pipe.fileHandleForWriting
        url = try await Self.address(inLog: log)
        for _ in 0..<200 {
            if try await Self.isReady(url) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Failure(description: "the real Prometheus did not become ready")
    }

    deinit {
        try? leash.close()
        try? FileManager.default.removeItem(at: home)
    }

    /// What it says it listens on, once it does.
    private static func address(inLog path: String) async throws -> String {
        for _ in 0..<600 {
            let log = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            for line in log.split(separator: "\n") where line.contains("Listening on") {
                if let rest = line.split(separator: "address=").last,
                    let address = rest.split(separator: " ").first
                {
                    return "http://\(address)"
                }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Failure(description: "the real Prometheus did not start")
    }

    private static func isReady(_ url: String) async throws -> Bool {
        guard let address = URL(string: url + "/-/ready") else { return false }
        guard let (_, response) = try? await URLSession.shared.data(from: address) else {
            return false
        }
        return (response as? HTTPURLResponse)?.statusCode == 200
    }

    /// The body of the answer to a form posted to an API path, whatever its status.
    func post(_ path: String, _ parameters: [String: String]) async throws -> Data {
        guard let address = URL(string: url + path) else {
            throw Failure(description: "no address \(url + path)")
        }
        var request = URLRequest(url: address, timeoutInterval: 60)
        request.httpMethod = "POST"
        request.setValue(
            "application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
        let form = parameters.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }
        request.httpBody = Data(form.joined(separator: "&").utf8)
        return try await URLSession.shared.data(for: request).0
    }
}

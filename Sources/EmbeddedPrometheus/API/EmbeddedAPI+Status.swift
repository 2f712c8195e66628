import PromQLEngine
import PrometheusHTTP

extension EmbeddedAPI {
    func addStatus(to routes: inout RouteTable) {
        add(["GET"], "/status/buildinfo", to: &routes) { _ in Answer(data: buildInformation) }
        add(["GET"], "/status/flags", to: &routes) { _ in Answer(data: flags) }
        add(["GET"], "/status/runtimeinfo", to: &routes) { _ in Answer(data: runtimeInformation) }
        routes.on("GET", path: "/version", traits: []) { _ in
            PrometheusResponse(
                headers: ["Content-Type": "text/plain; charset=utf-8"],
                body: .bytes(buildInformation + [UInt8(ascii: "\n")]))
        }
    }

    /// Six keys and no more: others make Grafana take the server for something else.
    private var buildInformation: [UInt8] {
        Self.object([
            ("version", options.version), ("revision", "tributary"), ("branch", "embedded"),
            ("buildUser", ""), ("buildDate", ""), ("goVersion", ""),
        ])
    }

    private var flags: [UInt8] {
        Self.object([
            ("query.lookback-delta", Self.duration(options.engine.lookback)),
            ("query.max-concurrency", "20"),
            ("query.max-samples", String(options.engine.maxSamples)),
            ("query.timeout", Self.duration(options.queryTimeout.wholeMilliseconds)),
            ("web.enable-admin-api", "false"),
            ("web.enable-lifecycle", "false"),
        ])
    }

    private var runtimeInformation: [UInt8] {
        var json = JSONText()
        let started = UTCText.of(milliseconds: startTime)
        json.raw("{\"startTime\":\"\(started)\",\"CWD\":")
        json.string(Self.workingDirectory)
        json.raw(",\"hostname\":")
        json.string(Self.hostName)
        json.raw(",\"serverTime\":\"\(UTCText.of(milliseconds: now()))\"")
        json.raw(",\"reloadConfigSuccess\":true,\"lastConfigTime\":\"\(started)\"")
        json.raw(",\"corruptionCount\":0,\"goroutineCount\":0")
        json.raw(",\"GOMAXPROCS\":\(sysconf(Int32(_SC_NPROCESSORS_ONLN)))")
        json.raw(",\"GOMEMLIMIT\":9223372036854775807,\"GOGC\":\"\",\"GODEBUG\":\"\"")
        json.raw(",\"storageRetention\":\"\"}")
        return json.bytes
    }

    private static func object(_ pairs: [(String, String)]) -> [UInt8] {
        var json = JSONText()
        json.raw("{")
        for (index, pair) in pairs.enumerated() {
            if index > 0 { json.raw(",") }
            json.string(pair.0)
            json.raw(":")
            json.string(pair.1)
        }
        json.raw("}")
        return json.bytes
    }

    /// As Prometheus writes durations of whole units: `5m`, `1h30m`, `0s`.
    private static func duration(_ milliseconds: Int64) -> String {
        var rest = milliseconds
        var text = ""
        let units: [(String, Int64)] = [
            ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
        ]
        for (name, size) in units where rest >= size {
            text += "\(rest / size)\(name)"
            rest %= size
        }
        return text.isEmpty ? "0s" : text
    }

    private static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "" }
        defer { free(path) }
        return String(cString: path)
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

import GoText
import PromQLEngine
import PrometheusServer
import PrometheusWire

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension EmbeddedAPI {
    func addStatus(to routes: inout RouteTable) {
        add(["GET"], "/status/buildinfo", to: &routes) { _ in Answer(buildInformation) }
        add(["GET"], "/status/flags", to: &routes) { _ in Answer(flags) }
        add(["GET"], "/status/runtimeinfo", to: &routes) { _ in Answer(runtimeInformation) }
        routes.on("GET", path: "/version", traits: []) { _ in
            PrometheusResponse(
                headers: ["Content-Type": "text/plain; charset=utf-8"],
                body: .bytes(Array("\(buildInformation)\n".utf8)))
        }
    }

    /// Six keys and no more: others make Grafana take the server for something else.
    private var buildInformation: String {
        JSONObject.of([
            ("version", options.version), ("revision", "tributary"), ("branch", "embedded"),
            ("buildUser", ""), ("buildDate", ""), ("goVersion", ""),
        ])
    }

    private var flags: String {
        JSONObject.of([
            ("query.lookback-delta", Self.duration(options.engine.lookback)),
            ("query.max-concurrency", "20"),
            ("query.max-samples", String(options.engine.maxSamples)),
            ("query.timeout", Self.duration(options.queryTimeout.wholeMilliseconds)),
            ("web.enable-admin-api", "false"),
            ("web.enable-lifecycle", "false"),
        ])
    }

    private var runtimeInformation: String {
        let started = RFC3339.text(milliseconds: startTime)
        return JSONObject.of(json: [
            ("startTime", JSONObject.string(started)),
            ("CWD", JSONObject.string(Self.workingDirectory)),
            ("hostname", JSONObject.string(Self.hostName)),
            ("serverTime", JSONObject.string(RFC3339.text(milliseconds: now()))),
            ("reloadConfigSuccess", "true"),
            ("lastConfigTime", JSONObject.string(started)),
            ("corruptionCount", "0"),
            ("goroutineCount", "0"),
            ("GOMAXPROCS", "\(sysconf(Int32(_SC_NPROCESSORS_ONLN)))"),
            ("GOMEMLIMIT", "9223372036854775807"),
            ("GOGC", "\"\""),
            ("GODEBUG", "\"\""),
            ("storageRetention", "\"\""),
        ])
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

extension EmbeddedAPI {
    /// Endpoints for what an embedded server does not have, answered as a reference would that has
    /// none of it either: clients ask them all the same.
    func addEmpty(to routes: inout RouteTable) {
        let answers = [
            ("/rules", #"{"groups":[]}"#),
            ("/alerts", #"{"alerts":[]}"#),
            ("/alertmanagers", #"{"activeAlertmanagers":[],"droppedAlertmanagers":[]}"#),
            (
                "/targets",
                #"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}"#
            ),
            ("/targets/metadata", "[]"),
            ("/scrape_pools", #"{"scrapePools":[]}"#),
            ("/status/config", #"{"yaml":""}"#),
            ("/status/tsdb/blocks", #"{"blocks":[]}"#),
        ]
        for (path, data) in answers {
            add(["GET"], path, to: &routes) { _ in Answer(data) }
        }
    }
}

/// Small JSON objects with their keys in the order given.
enum JSONObject {
    static func string(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONText.append(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Values are strings.
    static func of(_ members: [(name: String, value: String)]) -> String {
        of(json: members.map { ($0.name, string($0.value)) })
    }

    /// Values are finished JSON.
    static func of(json members: [(name: String, value: String)]) -> String {
        "{" + members.map { "\(string($0.name)):\($0.value)" }.joined(separator: ",") + "}"
    }
}

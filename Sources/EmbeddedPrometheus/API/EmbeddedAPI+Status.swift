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
                body: .bytes(buildInformation.bytes + [UInt8(ascii: "\n")]))
        }
    }

    /// Six keys and no more: others make Grafana take the server for something else.
    private var buildInformation: JSONValue {
        .strings(of: [
            ("version", options.version), ("revision", "tributary"), ("branch", "embedded"),
            ("buildUser", ""), ("buildDate", ""), ("goVersion", ""),
        ])
    }

    private var flags: JSONValue {
        .strings(of: [
            ("query.lookback-delta", Self.duration(options.engine.lookback)),
            ("query.max-concurrency", "20"),
            ("query.max-samples", String(options.engine.maxSamples)),
            ("query.timeout", Self.duration(Milliseconds(options.queryTimeout))),
            ("web.enable-admin-api", "false"),
            ("web.enable-lifecycle", "false"),
        ])
    }

    private var runtimeInformation: JSONValue {
        let started = RFC3339.text(startTime)
        return .object([
            ("startTime", .string(started)),
            ("CWD", .string(Self.workingDirectory)),
            ("hostname", .string(Self.hostName)),
            ("serverTime", .string(RFC3339.text(now()))),
            ("reloadConfigSuccess", .bool(true)),
            ("lastConfigTime", .string(started)),
            ("corruptionCount", .integer(0)),
            ("goroutineCount", .integer(0)),
            ("GOMAXPROCS", .integer(Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))))),
            ("GOMEMLIMIT", .integer(.max)),
            ("GOGC", .string("")),
            ("GODEBUG", .string("")),
            ("storageRetention", .string("")),
        ])
    }

    /// As Prometheus writes durations of whole units: `5m`, `1h30m`, `0s`.
    private static func duration(_ length: Milliseconds) -> String {
        var rest = length.count
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
        func empty(_ lists: String...) -> JSONValue { .object(lists.map { ($0, .array([])) }) }
        let answers: [(path: String, data: JSONValue)] = [
            ("/rules", empty("groups")),
            ("/alerts", empty("alerts")),
            ("/alertmanagers", empty("activeAlertmanagers", "droppedAlertmanagers")),
            (
                "/targets",
                .object([
                    ("activeTargets", .array([])), ("droppedTargets", .array([])),
                    ("droppedTargetCounts", .object([])),
                ])
            ),
            ("/targets/metadata", .array([])),
            ("/scrape_pools", empty("scrapePools")),
            ("/status/config", .strings(of: [("yaml", "")])),
            ("/status/tsdb/blocks", empty("blocks")),
        ]
        for (path, data) in answers {
            add(["GET"], path, to: &routes) { _ in Answer(data) }
        }
    }
}

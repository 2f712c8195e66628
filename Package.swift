// swift-tools-version: 6.1
import PackageDescription

// Reads as the module table of docs/architecture.md: one folder per idea, dependencies only
// downwards.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// What tests need besides themselves, under `Tests/`; no product links it.
func support(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude,
        swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(
    name: "UnixSignals", package: "swift-service-lifecycle")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "tributary",
    products: [
        .executable(name: "tributary", targets: ["tributary"]),
        // For bench/engine, a package of its own.
        .library(name: "PromQLEngine", targets: ["PromQLEngine", "PromQL", "TimeSeries"]),
        // For bench/traces, a package of its own.
        .library(name: "TempoWire", targets: ["TempoWire", "TimeSeries"]),
        // For bench/doubles, a package of its own.
        .library(name: "TelemetryDoubles", targets: ["TelemetryDoubles"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C and C++: module maps, the wrappers that variadic functions need, and RE2's C face.
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CHeap"),
        .systemLibrary(name: "CResolv"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        // pkg-config's flags for it are none that a package may pass on, and none is needed.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),

        module("RegularExpressions", ["CRE2"]),
        module("GoText"),
        module("TimeSeries", ["GoText"]),
        module("YAML", [yams]),
        module("PromQL", ["RegularExpressions", "GoText"]),
        module("LogQL", ["GoText", "PromQL", "RegularExpressions", "TimeSeries"]),
        module("PromQLEngine", ["TimeSeries", "PromQL", "RegularExpressions", "GoText"]),
        module("PrometheusWire", ["TimeSeries", "GoText", "CSnappy"]),
        // Loki's requests and answers, and what several answers are together.
        module("LokiWire", ["GoText", "TimeSeries", "PrometheusWire"]),
        // Answers of Tempo over several members.
        module("TempoWire", ["GoText", "PrometheusWire", "RegularExpressions", "TimeSeries"]),
        // Profiles: the messages of Pyroscope, flame graphs, and what becomes of them over members.
        module("PyroscopeWire", ["GoText", "PromQL", "PrometheusWire", "TimeSeries"]),
        // A request's identity, its trace, and what is recorded of it.
        module("RequestTelemetry", ["GoText", tracing]),
        // What two servers answered, and where it differs.
        module("Answers", ["PrometheusWire"]),
        // Tables, formats and graphs of the command line.
        module("CommandLineOutput", ["Answers", "GoText", "PrometheusWire"]),
        module("Replay", ["Answers", "GoText", "PrometheusServer", "PrometheusWire"]),
        module("HTTPTransport", ["GoText", "CCurl", "CZlib", lifecycle]),
        module("UpstreamSettings", ["GoText", "PromQL", crypto]),
        // Bytes in a Redis or Valkey server.
        module("Redis", ["GoText", "UpstreamSettings", "CHiredis"]),
        module(
            "Upstream",
            [
                "GoText", "PrometheusWire", "HTTPTransport", "PromQL", "RequestTelemetry",
                "TimeSeries", "UpstreamSettings", "YAML", crypto,
            ]),
        module(
            "GatewayConfiguration",
            [
                "GoText", "PromQL", "RegularExpressions", "UpstreamSettings", "YAML", "CPostgres",
                grdb, nioSSL,
            ]),
        // Members that come and go: files, servers and names that tell them.
        module(
            "Discovery",
            [
                "CResolv", "GoText", "GatewayConfiguration", "HTTPTransport", "PrometheusWire",
                "UpstreamSettings", logging, lifecycle,
            ]),
        module(
            "PrometheusServer",
            [
                "GoText", "PrometheusWire", "RequestTelemetry", "CZlib", "CZstd", hummingbirdCore,
                nioTLS, nioSSL, nioWebSocket, crypto, logging, lifecycle,
            ]),
        module(
            "Federation",
            [
                "GoText", "TimeSeries", "PromQL", "PromQLEngine", "RegularExpressions",
                "PrometheusWire", "PrometheusServer", "RequestTelemetry", "Upstream",
                "UpstreamSettings", "GatewayConfiguration", "CHeap", "Redis", crypto,
            ]),
        // Logs, traces and profiles over many members.
        module(
            "TelemetryFederation",
            [
                "Federation", "GatewayConfiguration", "GoText", "HTTPTransport", "LogQL",
                "LokiWire",
                "PromQL", "PrometheusServer", "PrometheusWire", "PyroscopeWire", "RequestTelemetry",
                "TempoWire", "TimeSeries", "Upstream", "UpstreamSettings",
            ]),
        // Lines of the log and of the query log, and where they are written.
        module(
            "GatewayLog",
            [
                "GatewayConfiguration", "GoText", "PrometheusServer", "PrometheusWire",
                "RequestTelemetry", "Upstream", logging, tracing,
            ]),
        // The files of the web page, as they are sent.
        module("WebPage", ["GoText", "PrometheusServer", crypto]),
        // Spans on their way to a collector.
        module(
            "TraceExport",
            [
                "GatewayConfiguration", "GoText", "HTTPTransport", "PrometheusWire",
                "RequestTelemetry", "UpstreamSettings", lifecycle, logging, tracing,
            ]),
        // Expressions of dashboards and rules, planned over members that are not asked.
        module(
            "QueryLint",
            [
                "Federation", "GatewayConfiguration", "GoText", "PromQL", "PrometheusWire",
                "TimeSeries", "YAML",
            ]),
        module(
            "EmbeddedPrometheus",
            [
                "GoText",
                "PromQLEngine", "PrometheusWire", "PrometheusServer", "TimeSeries", "PromQL",
                "RegularExpressions", logging,
            ]),
        // The language of Prometheus's own PromQL tests.
        module("PromQLScripts", ["GoText", "TimeSeries"]),
        // What the gateway tells of itself: metrics, notifications.
        module(
            "GatewayState",
            [
                "GoText", "Discovery", "Federation", "GatewayConfiguration", "GatewayLog",
                "PrometheusServer", "PrometheusWire", "RegularExpressions", "RequestTelemetry",
                "TimeSeries", "TraceExport", "Upstream", "UpstreamSettings", lifecycle,
            ]),
        module(
            "Gateway",
            [
                "GoText",
                "Discovery", "Federation", "GatewayState", "Upstream", "UpstreamSettings",
                "HTTPTransport", "GatewayConfiguration", "GatewayLog", "TraceExport",
                "PrometheusWire",
                "PrometheusServer", "PromQL", "Redis", "TelemetryFederation", "TimeSeries",
                "WebPage",
                logging, lifecycle, signals,
            ]),
        .executableTarget(
            name: "tributary",
            dependencies: [
                "Answers", "CommandLineOutput", "GoText", "Gateway", "GatewayConfiguration",
                "GatewayLog", "GatewayState", "PromQLScripts", "EmbeddedPrometheus",
                "PrometheusServer",
                "QueryLint", "YAML",
                "Replay",
                "UpstreamSettings",
                "HTTPTransport", "PrometheusWire", "TimeSeries", "WebPage", argumentParser,
                logging, lifecycle,
            ],
            swiftSettings: strict),

        // What several targets of tests need: one source of random numbers, one generator of queries,
        // one comparison of results.
        support(
            "TestSupport", ["Answers", "CZlib", "PromQL", "PromQLEngine", "TimeSeries"]),
        // Runs the scripts, makes data, holds plans to their union.
        support(
            "PromQLTest",
            [
                "Answers", "GoText",
                "EmbeddedPrometheus", "Federation", "GatewayConfiguration", "PrometheusWire",
                "PromQLScripts", "Upstream", "PromQL", "PromQLEngine", "TimeSeries",
                "RegularExpressions", "TestSupport",
            ]),
        .executableTarget(
            name: "tributary-test-script",
            dependencies: ["PromQLTest", "PromQLScripts", argumentParser],
            path: "Tests/tributary-test-script", swiftSettings: strict),
        // Real servers that tests start and ask.
        support("RealServers", ["GoText", "TestSupport"]),
        // A server on loopback whose answers a test writes byte by byte.
        support("ScriptedServers", ["HTTPTransport", "CZlib"]),
        // A small Loki, Tempo and Pyroscope: members of the tests, and the union that judges.
        support(
            "TelemetryDoubles",
            ["GoText", "HTTPTransport", "RegularExpressions", "ScriptedServers", "TestSupport"],
            exclude: ["Fixtures", "Recordings"]),
        // What the documents of projects and pools print, for the tests that take them at their word.
        support("SeedDocuments"),

        tests("RegularExpressionsTests", ["RegularExpressions"]),
        tests("YAMLTests", ["YAML"]),
        tests(
            "TimeSeriesTests", ["GoText", "TestSupport", "TimeSeries"], exclude: ["Fixtures"]),
        tests("PromQLTests", ["GoText", "PromQL", "RegularExpressions", "TestSupport"]),
        tests(
            "LogQLTests",
            ["LogQL", "PromQL", "RegularExpressions", "TestSupport", "TimeSeries"],
            exclude: ["Fixtures"]),
        tests(
            "PromQLEngineTests",
            [
                "GoText", "PromQLEngine", "PromQL", "PromQLTest", "RegularExpressions",
                "TestSupport", "TimeSeries",
            ]),
        tests(
            "PrometheusWireTests", ["GoText", "PrometheusWire", "TimeSeries", "TestSupport"],
            exclude: ["Answers"]),
        tests(
            "PyroscopeWireTests",
            ["GoText", "PromQL", "PrometheusWire", "PyroscopeWire", "TestSupport", "TimeSeries"]),
        tests(
            "LokiWireTests",
            ["GoText", "LokiWire", "PrometheusWire", "TestSupport", "TimeSeries"],
            exclude: ["Fixtures"]),
        tests(
            "TempoWireTests",
            ["GoText", "PrometheusWire", "TempoWire", "TestSupport", "TimeSeries"],
            exclude: ["Fixtures"]),
        tests(
            "FederationTests",
            [
                "EmbeddedPrometheus", "GoText", "Federation", "GatewayConfiguration", "PromQL",
                "PromQLEngine", "PromQLTest", "PrometheusServer", "PrometheusWire", "Redis",
                "TestSupport", "TimeSeries", "Upstream", "UpstreamSettings",
            ]),
        tests(
            "FederationProofTests",
            [
                "GoText",
                "PromQLScripts", "PromQLTest", "Federation", "GatewayConfiguration",
                "EmbeddedPrometheus", "PromQL",
                "PromQLEngine", "TestSupport",
                "TimeSeries",
            ]),
        tests(
            "CommandLineTests",
            [
                "Answers", "CommandLineOutput", "GatewayConfiguration", "GoText", "PrometheusWire",
                "QueryLint",
            ]),
        tests(
            "ReplayTests", ["GoText", "PrometheusWire", "Replay", "TestSupport"]),
        tests(
            "HTTPTransportTests",
            ["GoText", "HTTPTransport", "ScriptedServers", lifecycle, logging]),
        tests(
            "UpstreamTests",
            [
                "GoText",
                "Upstream", "UpstreamSettings", "HTTPTransport", "PrometheusWire", "TimeSeries",
                "ScriptedServers",
                "TestSupport", crypto,
            ]),
        tests(
            "TelemetryTests",
            [
                "GatewayConfiguration", "GatewayLog", "GoText", "HTTPTransport",
                "RequestTelemetry", "ScriptedServers", "TraceExport",
                "UpstreamSettings", logging, tracing,
            ]),
        tests("TelemetryDoublesTests", ["GoText", "TelemetryDoubles", "TestSupport"]),
        tests("DiscoveryTests", ["Discovery", "GatewayConfiguration", "TestSupport"]),
        tests(
            "GatewayConfigurationTests",
            [
                "GoText", "GatewayConfiguration", "PromQL", "UpstreamSettings", "SeedDocuments",
                "TestSupport", yams,
            ]),
        tests(
            "PrometheusServerTests",
            [
                "PrometheusServer", "PrometheusWire", "RealServers", "TestSupport", "CZstd",
                logging, lifecycle,
            ]),
        tests(
            "EmbeddedPrometheusTests",
            [
                "GoText",
                "EmbeddedPrometheus", "PromQL", "PromQLEngine", "TimeSeries", "PrometheusServer",
                logging,
            ]),
        tests(
            "PromQLTestTests",
            [
                "GoText", "PromQLScripts", "PromQLTest", "PromQL", "PromQLEngine", "TestSupport",
                "TimeSeries",
            ],
            exclude: ["Scripts", "expected-failures.txt"]),
        tests(
            "GatewayTests",
            [
                "GoText",
                "Gateway", "GatewayConfiguration", "GatewayLog", "GatewayState", "PromQL",
                "Federation", "Upstream",
                "UpstreamSettings",
                "HTTPTransport", "EmbeddedPrometheus", "ScriptedServers",
                "PrometheusServer", "PrometheusWire", "RealServers", "Redis", "TelemetryDoubles",
                "TimeSeries",
                "RequestTelemetry", "SeedDocuments", "TestSupport", "WebPage", "CZstd", logging,
                yams,
            ]),
        // Our engine against a real Prometheus.
        tests(
            "EngineDifferentialTests",
            [
                "GoText",
                "PromQLScripts", "PromQLTest", "EmbeddedPrometheus", "PromQL", "PromQLEngine",
                "TimeSeries",
                "RealServers", "TestSupport",
            ]),
        // Real Prometheus servers, and the gateway's own binary.
        tests(
            "EndToEndTests",
            [
                "Answers", "GoText",
                "PromQLScripts", "tributary", "PromQLTest", "PrometheusWire", "TimeSeries",
                "TestSupport",
                "SeedDocuments",
                "RealServers", yams,
            ]),
    ],
    cxxLanguageStandard: .cxx17
)

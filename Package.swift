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

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [])
    -> Target
{
    .testTarget(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "tributary",
    products: [.library(name: "PromQLEngine", targets: ["PromQLEngine"])],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C and C++: module maps, the wrappers that variadic functions need, and RE2's C face.
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),

        module("RegularExpressions", ["CRE2"]),
        module("TimeSeries"),
        module("PromQL", ["RegularExpressions"]),
        module("PromQLEngine", ["TimeSeries", "PromQL", "RegularExpressions"]),
        module("PrometheusAPI", ["TimeSeries"]),
        module("Federation", ["TimeSeries", "PromQL", "PromQLEngine", "RegularExpressions"]),
        module("PrometheusHTTP", ["CZlib", hummingbirdCore, logging, lifecycle]),
        module(
            "EmbeddedPrometheus",
            [
                "PromQLEngine", "PrometheusHTTP", "TimeSeries", "PromQL", "RegularExpressions",
                logging,
            ]),
        module(
            "PromQLTest",
            [
                "EmbeddedPrometheus", "Federation", "PromQL", "PromQLEngine", "TimeSeries",
                "RegularExpressions",
            ]),

        tests("RegularExpressionsTests", ["RegularExpressions"]),
        tests("TimeSeriesTests", ["TimeSeries"]),
        tests(
            "PromQLEngineTests",
            ["PromQLEngine", "PromQL", "TimeSeries", "RegularExpressions"]),
        tests("PrometheusAPITests", ["PrometheusAPI", "TimeSeries"]),
        tests("FederationTests", ["Federation", "PromQL", "TimeSeries"]),
        tests(
            "FederationProofTests",
            ["PromQLTest", "Federation", "EmbeddedPrometheus", "PromQL", "PromQLEngine",
                "TimeSeries"]),
    ],
    cxxLanguageStandard: .cxx17
)

// swift-tools-version: 6.1
import PackageDescription

// Reads as the module table of docs/architecture.md: one folder per idea, dependencies only downwards.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}


let package = Package(
    name: "tributary",
    products: [.library(name: "PromQLEngine", targets: ["PromQLEngine"])],
    targets: [
        // C++: RE2 behind a C face.
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),

        module("RegularExpressions", ["CRE2"]),
        module("TimeSeries"),
        module("PromQL", ["RegularExpressions"]),
        module("PromQLEngine", ["TimeSeries", "PromQL", "RegularExpressions"]),
        module("Federation", ["TimeSeries", "PromQL", "PromQLEngine", "RegularExpressions"]),
        module("PrometheusAPI", ["TimeSeries"]),

        tests("PrometheusAPITests", ["PrometheusAPI", "TimeSeries"]),
        tests("FederationTests", ["Federation", "PromQL", "TimeSeries"]),
    ],
    cxxLanguageStandard: .cxx17
)

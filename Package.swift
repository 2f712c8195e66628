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
        module("TimeSeries"),
        module("PromQL"),
        module("PromQLEngine", ["TimeSeries", "PromQL"]),
    ],
    cxxLanguageStandard: .cxx17
)

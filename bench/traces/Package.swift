// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "traces-bench",
    dependencies: [.package(name: "tributary", path: "../..")],
    targets: [
        .executableTarget(
            name: "TracesBench",
            dependencies: [
                .product(name: "TempoWire", package: "tributary"),
                .product(name: "PromQLEngine", package: "tributary"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)

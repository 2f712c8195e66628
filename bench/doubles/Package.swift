// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "doubles-bench",
    dependencies: [.package(name: "tributary", path: "../..")],
    targets: [
        .executableTarget(
            name: "LokiMember",
            dependencies: [.product(name: "TelemetryDoubles", package: "tributary")],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)

// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "engine-bench",
    dependencies: [.package(name: "tributary", path: "../..")],
    targets: [
        .executableTarget(
            name: "EngineBench",
            dependencies: [.product(name: "PromQLEngine", package: "tributary")],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)

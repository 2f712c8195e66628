import Foundation
import PromQL
import PromQLEngine
import PromQLTest

/// Which real Prometheus is asked, and how our engine is set to be compared with it.
enum RealVersion: String, Sendable {
    case two = "2"
    case three = "3"

    /// The variable that names its directory, where the script puts its packages, and the script.
    private var place: (variable: String, directory: String, script: String) {
        switch self {
        case .two:
            ("TRIBUTARY_PROMETHEUS_BIN", ".build/prometheus/usr/bin", "scripts/fetch-prometheus")
        case .three:
            ("TRIBUTARY_PROMETHEUS3_BIN", ".build/forky/usr/bin", "scripts/fetch-forky")
        }
    }

    func tool(_ name: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment[place.variable]
        for directory in [named, root.appending(path: place.directory).path].compactMap({ $0 })
        where FileManager.default.isExecutableFile(atPath: "\(directory)/\(name)") {
            return "\(directory)/\(name)"
        }
        throw RealPrometheus.Failure(
            description: "no \(name) \(rawValue) on this machine: run \(place.script)")
    }

    /// Whether tests may begin that need it. Continuous integration has no excuse.
    var isHere: Bool {
        if ProcessInfo.processInfo.environment["CI"] == "true" { return true }
        return (try? tool("prometheus")) != nil && (try? tool("promtool")) != nil
    }

    /// Command-line options of the server.
    var options: [String] {
        switch self {
        case .two: []
        case .three: ["--enable-feature=promql-experimental-functions,promql-duration-expr"]
        }
    }

    var engineOptions: EngineOptions {
        var options = EngineOptions()
        switch self {
        case .two:
            options.rangeBoundary = .closed
            options.dialect = .prometheus2
        case .three: options.language = LanguageVersion(3, 5)
        }
        return options
    }

    var features: QueryGenerator.Features {
        switch self {
        case .two: [.ties, .arithmetic]
        case .three: [.ties, .arithmetic, .release35]
        }
    }
}

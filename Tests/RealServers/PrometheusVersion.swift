import Foundation

/// Which Prometheus a server of a test is. What they answer to one query differs: 3.x leaves out the
/// left edge of windows, knows more functions, and says more in annotations.
public enum PrometheusVersion: String, Sendable {
    /// Debian 12 has 2.42.
    case two = "2"
    /// Debian forky has 3.5 or later.
    case three = "3"

    /// No server of this version is on the machine.
    public struct Missing: Error, CustomStringConvertible {
        public let description: String
    }

    /// The variable that names a directory, and where the script puts the packages.
    private var place: (variable: String, directory: String, script: String) {
        switch self {
        case .two:
            ("TRIBUTARY_PROMETHEUS_BIN", ".build/prometheus/usr/bin", "scripts/fetch-prometheus")
        case .three:
            ("TRIBUTARY_PROMETHEUS3_BIN", ".build/forky/usr/bin", "scripts/fetch-forky")
        }
    }

    /// The path of `prometheus` or `promtool` of this version.
    public func tool(_ name: String) throws(Missing) -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment[place.variable]
        // What else is on the machine may be of the other version: the scripts look for it.
        for directory in [named, root.appending(path: place.directory).path].compactMap({ $0 })
        where FileManager.default.isExecutableFile(atPath: "\(directory)/\(name)") {
            return "\(directory)/\(name)"
        }
        throw Missing(description: "no \(name) \(rawValue) on this machine: run \(place.script)")
    }

    /// Whether tests may begin that need it. Continuous integration has no excuse.
    public var isHere: Bool {
        if ProcessInfo.processInfo.environment["CI"] == "true" { return true }
        return (try? tool("prometheus")) != nil && (try? tool("promtool")) != nil
    }

    /// Why tests that need it are skipped, and what brings it.
    public var whySkipped: String {
        "no Prometheus \(rawValue) on this machine: run \(place.script)"
    }
}

import Foundation

/// Which Prometheus a server of a test is. What they answer to one query differs: 3.x leaves out the
/// left edge of windows, knows more functions, and says more in annotations.
enum PrometheusVersion: String, Sendable {
    /// Debian 12 has 2.42.
    case two = "2"
    /// Debian forky has 3.5 or later.
    case three = "3"

    /// The variable that names a directory, and where the script puts the packages.
    private var place: (variable: String, directory: String, script: String) {
        switch self {
        case .two:
            ("TRIBUTARY_PROMETHEUS_BIN", ".build/prometheus/usr/bin", "scripts/fetch-prometheus")
        case .three:
            ("TRIBUTARY_PROMETHEUS3_BIN", ".build/forky/usr/bin", "scripts/fetch-forky")
        }
    }

    /// Where `prometheus` or `promtool` of this version is.
    func tool(_ name: String) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        var places = [environment[place.variable], "\(Repository.root)/\(place.directory)"]
            .compactMap { $0 }
        // What else is on the machine may be of the other version: the scripts look for it.
        places.removeAll { !FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
        guard let found = places.first else {
            throw EndToEndFailure("no \(name) \(rawValue) on this machine: run \(place.script)")
        }
        return "\(found)/\(name)"
    }

    /// Whether tests may begin that need it. Continuous integration has no excuse.
    var isHere: Bool {
        if ProcessInfo.processInfo.environment["CI"] == "true" { return true }
        return (try? tool("prometheus")) != nil && (try? tool("promtool")) != nil
    }
}

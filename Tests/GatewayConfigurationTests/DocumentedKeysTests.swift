import Foundation
import GatewayConfiguration
import Testing

/// docs/configuration.md and the code name the same keys.
@Suite struct DocumentedKeysTests {
    @Test func docsNameExactlyTheKeysThatAreRead() throws {
        let path = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/configuration.md")
        let text = try String(contentsOf: path, encoding: .utf8)
        var documented: [String] = []
        for line in text.split(separator: "\n") where line.hasPrefix("| `") {
            let rest = line.dropFirst(3)
            guard let end = rest.firstIndex(of: "`") else { continue }
            documented.append(String(rest[..<end]))
        }
        // The keys of a source are listed once and hold for every place a source may stand at.
        let expanded = documented.flatMap { key -> [String] in
            if key.hasPrefix("prometheus.") {
                let rest = key.dropFirst("prometheus.".count)
                return [
                    "globalPrometheus.", "projects[].prometheus.",
                    "projects[].replicas[].prometheus.", "clusters[].prometheus.",
                ].map { $0 + rest }
            }
            if key.hasPrefix("loki.") {
                let rest = key.dropFirst("loki.".count)
                // Those of every kind are listed once, as of a Loki.
                let kinds =
                    ["everyStream", "maxLines"].contains(rest)
                    ? ["Loki"] : ["Loki", "Tempo", "Pyroscope"]
                return kinds.flatMap { kind in
                    [
                        "global\(kind).", "projects[].\(kind.lowercased()).",
                        "clusters[].\(kind.lowercased()).",
                    ]
                    .map { $0 + rest }
                }
            }
            if key.hasPrefix("remoteCoroot.") {
                return ["projects[].", "clusters[]."].map { $0 + key }
            }
            return [key]
        }
        #expect(Set(expanded).count == expanded.count, "a key is listed twice")
        #expect(Set(expanded) == Set(Configuration.keyPaths))
    }
}

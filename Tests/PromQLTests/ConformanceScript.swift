import Foundation

/// A script of the Prometheus project's conformance tests.
struct ConformanceScript: Sendable, CustomStringConvertible {
    let file: URL

    var description: String { file.lastPathComponent }

    /// The scripts beside the repository; empty where there are none.
    static let all: [ConformanceScript] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../shared/conformance/promqltest").standardized
        let files = try? FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        return (files ?? []).filter { $0.pathExtension == "test" }.map(ConformanceScript.init)
    }()

    /// The queries of all evaluations that are not expected to fail.
    func queries() throws -> [String] {
        let head = /eval(_\w+)? +(instant +at +\S+|range +from +\S+ +to +\S+ +step +\S+) +(.*)/
        let lines = try String(contentsOf: file, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
        var queries: [String] = []
        for (index, line) in lines.enumerated() {
            guard let match = try head.wholeMatch(in: line), match.1 != "_fail" else { continue }
            let fails = lines.dropFirst(index + 1).prefix { $0.first?.isWhitespace == true }
                .contains { $0.contains("expect fail") }
            if !fails { queries.append(String(match.3)) }
        }
        return queries
    }
}

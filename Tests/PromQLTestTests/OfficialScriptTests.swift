import Foundation
import PromQLScripts
import PromQLTest
import Testing

/// Where scripts lie, seen from this file.
enum ScriptFolders {
    private static var repository: URL {
        URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
    }

    static var own: URL { repository.appending(path: "Tests/PromQLTestTests/Scripts") }
    /// The Prometheus project's scripts: beside the repository, not part of it.
    static var official: URL {
        repository.deletingLastPathComponent().appending(path: "shared/conformance/promqltest")
    }

    static func scripts(in folder: URL) -> [URL] {
        let files =
            (try? FileManager.default.contentsOfDirectory(
                at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.filter { $0.pathExtension == "test" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    /// Lines `file:line  reason` of failures that are known and argued for.
    static func expectedFailures() throws -> Set<String> {
        let file = repository.appending(path: "Tests/PromQLTestTests/expected-failures.txt")
        let text = try String(contentsOf: file, encoding: .utf8)
        return Set(
            text.split(separator: "\n").filter { !$0.hasPrefix("#") }
                .compactMap { $0.split(separator: " ").first.map(String.init) })
    }
}

@Suite struct Scripts {
    @Test(arguments: ScriptFolders.scripts(in: ScriptFolders.own))
    func `The engine gives what the project's own scripts say`(file: URL) throws {
        try run(file)
    }

    @Test(arguments: ScriptFolders.scripts(in: ScriptFolders.official))
    func `The engine gives what the Prometheus project's scripts say`(file: URL) throws {
        try run(file)
    }

    /// Fails for every failure that is not listed, and for every listed one that passes.
    private func run(_ file: URL) throws {
        let name = file.lastPathComponent
        let script = try PromQLScript(parsing: String(contentsOf: file, encoding: .utf8))
        let report = ScriptRunner().run(script, name: name)
        print(report.summary)
        let expected = try ScriptFolders.expectedFailures().filter { $0.hasPrefix("\(name):") }
        var seen: Set<String> = []
        for failure in report.failures {
            let place = "\(name):\(failure.line)"
            seen.insert(place)
            if !expected.contains(place) { Issue.record("\(place): \(failure.description)") }
        }
        #expect(expected.subtracting(seen).isEmpty, "passes, but is listed as a failure")
    }
}

import Foundation
import PromQLScripts
import PromQLTest
import Testing

/// Scripts over partitions: what is expected is the engine's answer over the labelled union, not
/// what the script says, which knows no partition label.
@Suite struct FederatedScripts {
    @Test(
        arguments: ScriptFolders.scripts(in: ScriptFolders.own)
            + ScriptFolders.scripts(in: ScriptFolders.official), [2, 3])
    func `Partitions answer as their union`(file: URL, partitions: Int) async throws {
        let script = try PromQLScript(parsing: String(contentsOf: file, encoding: .utf8))
        let report = await FederatedScriptEvaluator(partitions: partitions)
            .check(script, name: file.lastPathComponent)
        print(report.summary, "over \(partitions) partitions")
        for failure in report.failures {
            Issue.record("\(report.name):\(failure.description)")
        }
        #expect(report.passed > 0)
    }
}

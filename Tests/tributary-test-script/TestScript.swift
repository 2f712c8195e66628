import ArgumentParser
import Foundation
import PromQLScripts
import PromQLTest

/// `tributary-test-script FILE...`: the test kit, which the gateway's own program does not link.
@main
struct TestScript: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tributary-test-script",
        abstract: "Runs scripts in the language of Prometheus's own PromQL tests.")

    @Option(
        help: """
            Spread each load over so many members, answer every query through the federated plan, \
            and compare with one engine over the union.
            """)
    var partitions: Int?
    @Argument(help: "Scripts.")
    var files: [String]

    func validate() throws {
        if let partitions, partitions < 1 {
            throw ValidationError("--partitions takes a number from 1.")
        }
    }

    func run() async throws {
        var failures = 0
        for path in files {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw invalid("\(path): cannot be read")
            }
            let script: PromQLScript
            do throws(ScriptSyntaxError) {
                script = try PromQLScript(parsing: String(decoding: data, as: UTF8.self))
            } catch {
                throw invalid("\(path): \(error)")
            }
            let report = await report(on: script, path)
            print(report.summary)
            for failure in report.failures { print("  \(path): \(failure)") }
            failures += report.failures.count
        }
        if failures > 0 { throw ExitCode(1) }
    }

    private func report(on script: PromQLScript, _ path: String) async -> ScriptReport {
        guard let partitions else { return ScriptRunner().run(script, name: path) }
        return await FederatedScriptEvaluator(partitions: partitions).check(script, name: path)
    }

    private func invalid(_ text: String) -> ExitCode {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
        return ExitCode(2)
    }
}

import ArgumentParser
import Foundation
import PromQLTest

/// `tributary test-script FILE...`
struct TestScriptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test-script",
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
                Console.say("\(path): cannot be read")
                throw Outcome.invalid
            }
            let script: PromQLScript
            do throws(ScriptSyntaxError) {
                script = try PromQLScript(parsing: String(decoding: data, as: UTF8.self))
            } catch {
                Console.say("\(path): \(error)")
                throw Outcome.invalid
            }
            let report = report(on: script, path)
            Console.answer(report.summary)
            for failure in report.failures { Console.answer("  \(path): \(failure)") }
            failures += report.failures.count
        }
        if failures > 0 { throw Outcome.failure }
    }

    private func report(on script: PromQLScript, _ path: String) -> ScriptReport {
        guard let partitions else { return ScriptRunner().run(script, name: path) }
        return FederatedScriptEvaluator(partitions: partitions).check(script, name: path)
    }
}

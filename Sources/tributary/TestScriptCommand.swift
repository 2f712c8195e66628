import ArgumentParser
import Foundation
import PromQLTest

/// `tributary test-script FILE...`
struct TestScriptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test-script",
        abstract: "Runs scripts in the language of Prometheus's own PromQL tests.")

    @Argument(help: "Scripts.")
    var files: [String]

    func run() async throws {
        let runner = ScriptRunner()
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
            let report = runner.run(script, name: path)
            Console.answer(report.summary)
            for failure in report.failures { Console.answer("  \(path): \(failure)") }
            failures += report.failures.count
        }
        if failures > 0 { throw Outcome.failure }
    }
}

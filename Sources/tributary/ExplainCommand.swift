import ArgumentParser
import PrometheusAPI

/// `tributary explain EXPRESSION`
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows how a gateway answers a query: who is asked what, and what is done here.")

    @Flag(help: "Run the plan too, and say what each request and operator cost.")
    var analyze = false
    @Flag(help: "Print the whole answer as JSON.")
    var json = false
    @OptionGroup var arguments: QueryArguments

    func run() async throws {
        let body = try await arguments.ask(
            "/api/v1/explain", analyze ? [("analyze", "true")] : [])
        if json {
            Console.answer(String(decoding: body, as: UTF8.self))
            return
        }
        do {
            Console.answer(try ExplainText(body).text)
        } catch {
            Console.say("\(error)")
            throw Outcome.failure
        }
    }
}

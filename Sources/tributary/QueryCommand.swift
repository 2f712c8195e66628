import ArgumentParser

/// `tributary query EXPRESSION`
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Asks a Prometheus API and shows the answer as a table.")

    @OptionGroup var arguments: QueryArguments

    func run() async throws {
        let body = try await arguments.ask(
            arguments.isRange ? "/api/v1/query_range" : "/api/v1/query")
        do {
            Console.answer(try QueryTable(body).text)
        } catch {
            Console.say("\(error)")
            throw Outcome.failure
        }
    }
}

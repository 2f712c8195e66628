import ArgumentParser
import Foundation
import Members
import Projects

/// `tributary query EXPRESSION`
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Asks a Prometheus API and shows the answer as a table.")

    @Option(help: "The gateway, or one of its projects: http://HOST:PORT/p/PROJECT.")
    var url = "http://127.0.0.1:9090"
    @Option(help: "Time of an instant query: seconds or RFC 3339; now by default.")
    var time: String?
    @Option(help: "Start of a range query.")
    var start: String?
    @Option(help: "End of a range query.")
    var end: String?
    @Option(help: "Step of a range query: seconds or a duration.")
    var step: String?
    @Option(help: "An API key or token, sent as Authorization: Bearer.")
    var token: String?
    @Argument(help: "PromQL.")
    var expression: String

    func validate() throws {
        let range = [start, end, step].compactMap { $0 }.count
        guard range == 0 || range == 3 else {
            throw ValidationError("A range query needs --start, --end and --step.")
        }
        if range == 3, time != nil {
            throw ValidationError("--time belongs to an instant query.")
        }
    }

    func run() async throws {
        let server: ServerURL
        do throws(ServerURL.Problem) {
            server = try ServerURL(url)
        } catch {
            throw ValidationError("\(url) \(error.text).")
        }
        let body: [UInt8]
        do {
            body = try await ask(server)
        } catch {
            Console.say("\(url): \(error)")
            throw Outcome.failure
        }
        do {
            Console.answer(try QueryTable(body).text)
        } catch {
            Console.say("\(error)")
            throw Outcome.failure
        }
    }

    private func ask(_ server: ServerURL) async throws -> [UInt8] {
        var parameters = [(name: "query", value: expression)]
        for (name, value) in [("time", time), ("start", start), ("end", end), ("step", step)] {
            if let value { parameters.append((name, value)) }
        }
        let path = start == nil ? "/api/v1/query" : "/api/v1/query_range"
        var headers = HeaderFields()
        headers.append(name: "Content-Type", value: "application/x-www-form-urlencoded")
        if let token { headers.append(name: "Authorization", value: "Bearer \(token)") }
        let transport = try CurlMulti()
        let response = try await transport.execute(
            TransferRequest(
                url: "\(server)\(path)", method: .post(form: FormText.of(parameters)),
                headers: headers, timeout: 300_000))
        var body: [UInt8] = []
        for try await chunk in response.body { body.append(contentsOf: chunk) }
        await transport.shutdown()
        return body
    }
}

import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration
import GoText
import HTTPTransport
import PrometheusServer
import UpstreamSettings

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

/// What `query` and `explain` are told: the gateway, the times and the query.
struct QueryArguments: ParsableArguments {
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

    var isRange: Bool { start != nil }

    func validate() throws {
        let range = [start, end, step].compactMap { $0 }.count
        guard range == 0 || range == 3 else {
            throw ValidationError("A range query needs --start, --end and --step.")
        }
        if range == 3, time != nil {
            throw ValidationError("--time belongs to an instant query.")
        }
    }

    /// The body of the answer at a path of the API. Failures are said on standard error.
    func ask(_ path: String, _ extra: [(name: String, value: String)] = []) async throws -> [UInt8]
    {
        let server: ServerURL
        do throws(ServerURL.Problem) {
            server = try ServerURL(url)
        } catch {
            throw ValidationError("\(url) \(error.text).")
        }
        do {
            return try await send("\(server)\(path)", extra)
        } catch {
            Console.say("\(url): \(error)")
            throw Outcome.failure
        }
    }

    private func send(
        _ url: String, _ extra: [(name: String, value: String)]
    ) async throws
        -> [UInt8]
    {
        var parameters = [(name: "query", value: expression)] + extra
        for (name, value) in [("time", time), ("start", start), ("end", end), ("step", step)] {
            if let value { parameters.append((name, value)) }
        }
        var headers = HeaderFields()
        headers.append(name: "Content-Type", value: "application/x-www-form-urlencoded")
        if let token { headers.append(name: "Authorization", value: "Bearer \(token)") }
        let request = TransferRequest(
            url: url, method: .post(form: FormText.bytes(of: parameters)), headers: headers,
            timeout: .seconds(300))
        return try await OneTransfer.answer(to: request).body
    }
}

/// A request over a transport of its own, as commands send it.
enum OneTransfer {
    /// - Returns: the status, and the whole body.
    /// - Throws: `TransferError`.
    static func answer(
        to request: TransferRequest
    ) async throws(TransferError) -> (status: Int, body: [UInt8]) {
        let transport = try CurlMulti()
        let result: Result<(status: Int, body: [UInt8]), TransferError>
        do throws(TransferError) {
            let response = try await transport.execute(request)
            var body: [UInt8] = []
            var chunks = response.body.makeAsyncIterator()
            while let chunk = try await chunks.next() { body.append(contentsOf: chunk) }
            result = .success((response.status, body))
        } catch {
            result = .failure(error)
        }
        await transport.shutdown()
        return try result.get()
    }
}

/// Asks a gateway of this process, without a socket.
enum InProcessQuery {
    struct NotARequest: Error {}

    /// The answer's JSON to an instant query of the default project.
    static func instant(_ query: String, of application: GatewayApplication) async throws -> [UInt8]
    {
        let form = FormText.bytes(of: [("query", query)])
        guard
            let request = PrometheusRequest(
                method: "POST", target: "\(application.configuration.urlBasePath)/api/v1/query",
                headers: ["Content-Type": "application/x-www-form-urlencoded"], body: form)
        else { throw NotARequest() }
        return try await application.responder.respond(to: request).collected().body
    }
}

/// How the program ends.
enum Outcome {
    /// Something failed while running.
    static let failure = ExitCode(1)
    /// A configuration or a script is wrong.
    static let invalid = ExitCode(2)
}

import ArgumentParser
import HTTPTransport

/// `tributary health`
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Says whether a gateway on this machine answers; for probes of containers.",
        discussion: """
            Asks /-/healthy, which needs no token. Any certificate will do. Ends with 0 when the \
            gateway answers, and with 1 when it does not.
            """)

    @Option(help: "The gateway, with its base path if it has one.")
    var url = "http://127.0.0.1:9090"
    @Option(help: "Seconds to wait for the answer.")
    var timeout = 3

    func validate() throws {
        guard timeout > 0 else { throw ValidationError("--timeout is at least 1.") }
    }

    func run() async throws {
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        let request = TransferRequest(
            url: "\(base)/-/healthy", tls: TransferTLS(verifies: false), timeout: .seconds(timeout))
        let cause: String
        do {
            let status = try await OneTransfer.answer(to: request).status
            if status == 200 { return Console.answer("healthy") }
            cause = "HTTP status \(status)"
        } catch {
            cause = error.description
        }
        Console.say("\(url): \(cause)")
        throw Outcome.failure
    }
}

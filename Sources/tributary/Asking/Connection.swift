import ArgumentParser
import Foundation
import GoText
import HTTPTransport
import PrometheusWire
import UpstreamSettings

/// Which server is asked, and as whom. What is not given comes from the environment, then from the
/// context of `tributary config`.
struct ServerOptions: ParsableArguments {
    @Option(
        name: [.customLong("url"), .customLong("gateway")],
        help:
            "The server, with its base path if it has one; else TRIBUTARY_URL, else that of the context, else \(Connection.defaultURL)."
    )
    var url: String?
    @Option(help: "A context of 'tributary config'; else TRIBUTARY_CONTEXT, else the one in use.")
    var context: String?
    @Option(help: "An API key or token, sent as Authorization: Bearer; else TRIBUTARY_TOKEN.")
    var token: String?
    @Option(help: "File with the key or token; else TRIBUTARY_TOKEN_FILE.")
    var tokenFile: String?
    @Option(
        name: .customLong("header"), help: "A header that is sent too, as 'Name: value'.")
    var headers: [HeaderArgument] = []
    @Option(help: "File with the certificates of the authorities to trust, as PEM.")
    var ca: String?
    @Flag(help: "Take any certificate.")
    var insecure = false
    @Option(help: "Time for one answer, such as 30s.")
    var timeout = DurationOption(length: 300_000)

    func validate() throws {
        if token != nil, tokenFile != nil {
            throw ValidationError("Give one of --token and --token-file.")
        }
        if timeout.length <= .zero { throw ValidationError("--timeout is above 0.") }
    }

    /// - Parameter project: A project of the gateway that is meant; nil where the command has no
    ///   such option, so that the context's does not count.
    func connection(project: ProjectOption? = nil) throws -> Connection {
        let contexts = try ContextFile.read()
        let wished = context ?? Variable.value("TRIBUTARY_CONTEXT")
        let chosen = try wished.map { try contexts.required($0) } ?? contexts.inUse
        // An option is more than the environment, which is more than a context that is only in use.
        let place =
            (url == nil && (context != nil || Variable.value("TRIBUTARY_URL") == nil))
            ? chosen : nil
        let text = url ?? place?.url ?? Variable.value("TRIBUTARY_URL") ?? Connection.defaultURL
        let server: ServerURL
        do throws(ServerURL.Problem) {
            server = try ServerURL(text)
        } catch {
            throw ValidationError("\(text) \(error.text).")
        }
        var tls = TransferTLS()
        tls.verifies = !(insecure || place?.insecure ?? false)
        tls.authorities = (ca ?? place?.ca).map { .file($0) }
        let name = project.flatMap {
            $0.project ?? Variable.value("TRIBUTARY_PROJECT") ?? place?.project
        }
        return Connection(
            server: server, project: name, token: try secret(place),
            headers: headers.map { ($0.name, $0.value) }, tls: tls,
            timeout: timeout.length.duration)
    }

    /// The token of a context is for that context's server alone.
    private func secret(_ place: ContextFile.Context?) throws -> Secret? {
        if let token { return try Self.read("--token", Secret.read(text: token)) }
        if let tokenFile { return try Self.read(tokenFile, Secret.read(file: tokenFile)) }
        if let text = Variable.value("TRIBUTARY_TOKEN") {
            return try Self.read("TRIBUTARY_TOKEN", Secret.read(text: text))
        }
        if let path = Variable.value("TRIBUTARY_TOKEN_FILE") ?? place?.tokenFile {
            return try Self.read(path, Secret.read(file: path))
        }
        return nil
    }

    private static func read<Value>(
        _ name: String, _ result: Result<Value, Secret.Unusable>
    ) throws -> Value {
        switch result {
        case .success(let secret): return secret
        case .failure(let problem):
            Console.say("\(name): \(problem)")
            throw Outcome.invalid
        }
    }
}

/// A project of the gateway.
struct ProjectOption: ParsableArguments {
    @Option(
        name: [.customShort("p"), .long],
        help:
            "A project of the gateway, asked at /p/PROJECT; else TRIBUTARY_PROJECT, else that of the context."
    )
    var project: String?
}

/// `Name: value` on the command line.
struct HeaderArgument: ExpressibleByArgument, Sendable {
    var name: String
    var value: String

    init?(argument: String) {
        guard let colon = argument.firstIndex(of: ":") else { return nil }
        name = argument[..<colon].trimmingCharacters(in: .whitespaces)
        value = argument[argument.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        if name.isEmpty { return nil }
    }
}

/// Variables of the environment that give options their values.
enum Variable {
    /// Nil for one that is not set, and for one that is empty.
    static func value(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// A server that commands ask.
struct Connection: Sendable {
    static let defaultURL = "http://127.0.0.1:9090"
    /// Bytes of one answer.
    private static let mostBytes = 1 << 30

    var server: ServerURL
    var project: String?
    var token: Secret?
    var headers: [(name: String, value: String)]
    var tls: TransferTLS
    var timeout: Duration

    /// Where the Prometheus API is.
    var api: String { "\(server)\(project.map { "/p/\(FormText.encoded($0))" } ?? "")" }

    /// - Parameter url: The path and, except for a POST, its query behind `server` or `api`.
    /// - Returns: The status, and the whole body.
    func send(
        _ method: TransferRequest.Method = .get, _ url: String
    ) async throws(TransferError) -> (status: Int, body: [UInt8]) {
        var fields = HeaderFields()
        fields.append(name: "Accept", value: "application/json")
        switch method {
        case .post:
            fields.append(name: "Content-Type", value: "application/x-www-form-urlencoded")
        case .put: fields.append(name: "Content-Type", value: "application/json")
        case .get, .delete, .send: break
        }
        if let token { fields.append(name: "Authorization", value: "Bearer \(token.exposed)") }
        for (name, value) in headers { fields.append(name: name, value: value) }
        return try await OneTransfer.answer(
            to: TransferRequest(
                url: url, method: method, headers: fields, tls: tls, timeout: timeout,
                maximumBytes: Self.mostBytes))
    }

    /// What an endpoint of the Prometheus API has under `data`. Its warnings and infos are said on
    /// standard error; a refusal, and an answer that does not come, end the command.
    func document(
        _ path: String, _ parameters: [(name: String, value: String)] = []
    ) async throws -> (data: JSONValue, body: [UInt8]) {
        let form = parameters.isEmpty ? "" : "?" + FormText.text(of: parameters)
        let answer: (status: Int, body: [UInt8])
        do throws(TransferError) {
            answer = try await send(.get, "\(api)\(path)\(form)")
        } catch {
            Console.say("\(server): \(error)")
            throw Outcome.failure
        }
        guard let document = try? JSONValue(parsing: answer.body),
            let status = document["status"]?.text
        else {
            Console.say(
                "\(server): the answer to \(path) is none of a Prometheus API (status \(answer.status))"
            )
            throw Outcome.failure
        }
        for (key, name) in [("warnings", "warning"), ("infos", "info")] {
            for note in document[key]?.items ?? [] { Console.say("\(name): \(note.text ?? "")") }
        }
        guard status == "success", let data = document["data"] else {
            let type = document["errorType"]?.text ?? "error"
            Console.say("\(type): \(document["error"]?.text ?? "no reason given")")
            throw Outcome.failure
        }
        return (data, answer.body)
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

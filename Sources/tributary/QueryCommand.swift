import Answers
import ArgumentParser
import CommandLineOutput
import Foundation
import Gateway
import GatewayConfiguration
import GoText
import HTTPTransport
import PrometheusServer

/// `tributary query EXPRESSION`
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Asks a Prometheus API and shows the answer.",
        discussion: """
            With --start it is a range query, until --end or now. Ends with 0 for an answer, with 1 \
            for an error, and with 3 for an answer with warnings if --strict is given.
            """)

    @Argument(help: "PromQL.")
    var expression: String
    @OptionGroup(title: "Times") var times: QueryTimes
    @Flag(help: "Draw the series over time; of the last hour unless --start is given.")
    var plot = false
    @Option(help: "Ask again after so long, such as 5s, until Ctrl-C.")
    var watch: DurationOption?
    @Option(help: "With --watch: end after so many answers.")
    var count: Int?
    @Option(help: "The order of the series: labels, value or descending; else the server's.")
    var sort: SeriesOrder?
    @Option(help: "How many series are shown.")
    var limit: Int?
    @Flag(help: "End with 3 when the answer has warnings, as one without all members has.")
    var strict = false
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var project: ProjectOption
    @OptionGroup(title: "Server") var server: ServerOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is 1 or more.") }
        if let count, count < 1 { throw ValidationError("--count is 1 or more.") }
        if count != nil, watch == nil { throw ValidationError("--count needs --watch.") }
        if let watch, watch.length < 100 { throw ValidationError("--watch is 100ms or more.") }
        if plot, times.time != nil { throw ValidationError("--plot draws a range: use --start.") }
        if plot, let format = output.output, format != .table, format != .wide {
            throw ValidationError("--plot is no \(format.rawValue): leave --output out.")
        }
    }

    func run() async throws {
        let connection = try server.connection(project: project)
        guard let watch else {
            let round = try await round(connection)
            for remark in round.remarks { Console.say(remark) }
            if let text = round.text { Console.answer(text) }
            try end(round)
            return
        }
        var left = count ?? .max
        while true {
            let round = try await round(connection)
            show(round, every: watch.length)
            left -= 1
            if left == 0 { return try end(round) }
            try await Task.sleep(for: watch.length.duration)
        }
    }

    // MARK: - One answer

    /// What one question came to.
    private struct Round {
        /// For standard output.
        var text: String?
        /// Warnings, infos, and the error if it is one.
        var remarks: [String] = []
        var isAnswer = true
        var hasWarnings = false
    }

    private func round(_ connection: Connection) async throws -> Round {
        let now = WallClock.now()
        let range = try times.range(
            now, fallback: plot ? "1h" : nil, points: plot ? 2 * plotWidth : 250)
        var parameters = [(name: "query", value: expression)]
        if let range {
            parameters += range.parameters
        } else {
            parameters.append(("time", (try times.instant(now) ?? now).requestText))
        }
        // Which series are the first ones is the server's to say, unless they are sorted here.
        if let limit, sort == nil { parameters.append(("limit", "\(limit)")) }
        let answer: QueryAnswer
        let body: [UInt8]
        do {
            let path = range == nil ? "/api/v1/query" : "/api/v1/query_range"
            let (status, bytes) = try await connection.send(
                .post(form: FormText.bytes(of: parameters)), connection.api + path)
            body = bytes
            answer = try QueryAnswer(status: status, body: bytes)
        } catch {
            return Round(remarks: ["\(connection.api): \(error)"], isAnswer: false)
        }
        var round = Round()
        round.remarks =
            answer.warnings.map { "warning: \($0)" } + answer.infos.map { "info: \($0)" }
        round.hasWarnings = !answer.warnings.isEmpty
        guard let listing = Listing(answer, order: sort, limit: limit) else {
            if case .error(let type, let text) = answer.outcome {
                round.remarks.append(
                    type.isEmpty
                        ? "\(connection.api): HTTP status \(answer.status): \(text)"
                        : "\(type): \(text)")
            }
            round.isAnswer = false
            return round
        }
        if plot, let range {
            round.text = graph(answer, range)
        } else {
            round.text = try output.text(listing, body: body)
        }
        return round
    }

    private func end(_ round: Round) throws {
        if !round.isAnswer { throw Outcome.failure }
        if strict, round.hasWarnings { throw Outcome.partial }
    }

    /// In the place of the answer before, where there is a screen.
    private func show(_ round: Round, every interval: Milliseconds) {
        let head =
            "every \(DurationText.text(interval)): \(expression)  \(RFC3339.text(seconds: WallClock.now().wholeSeconds))"
        let text = ([head] + (round.text.map { [$0] } ?? []) + round.remarks)
            .joined(separator: "\n")
        Console.answer(Terminal.isHere ? "\u{1B}[H\u{1B}[2J\(text)" : text + "\n")
    }

    // MARK: - The graph

    private var plotWidth: Int { min(Terminal.width ?? 100, 500) }

    private func graph(_ answer: QueryAnswer, _ range: QueryTimes.Range) -> String {
        let height = max(6, min(20, (Terminal.height ?? 30) / 2))
        return BraillePlot(
            answer, order: sort, limit: limit, from: range.start, to: range.end,
            step: Milliseconds(range.step)
        ).text(width: plotWidth, height: height, style: output.style)
    }
}

/// Asks a gateway of this process, without a socket.
enum InProcessQuery {
    struct NotARequest: Error {}

    /// The answer to an instant query of the default project, as a table.
    static func table(_ query: String, of application: GatewayApplication) async throws -> String {
        let form = FormText.bytes(of: [("query", query)])
        guard
            let request = PrometheusRequest(
                method: "POST", target: "\(application.configuration.urlBasePath)/api/v1/query",
                headers: ["Content-Type": "application/x-www-form-urlencoded"], body: form)
        else { throw NotARequest() }
        let response = try await application.responder.respond(to: request).collected()
        let answer = try QueryAnswer(status: response.status, body: response.body)
        return Listing(answer)?.table.brief.text(width: Terminal.width) ?? answer.summary
    }
}

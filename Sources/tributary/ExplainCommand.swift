import ArgumentParser
import GoText
import HTTPTransport
import PrometheusWire

/// `tributary explain EXPRESSION`
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows how a gateway answers a query: who is asked what, and what is done here.")

    @Argument(help: "PromQL.")
    var expression: String
    @OptionGroup(title: "Times") var times: QueryTimes
    @Flag(help: "Run the plan too, and say what each request and operator cost.")
    var analyze = false
    @Flag(help: "Print the whole answer as JSON.")
    var json = false
    @OptionGroup(title: "Server") var project: ProjectOption
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        let connection = try server.connection(project: project)
        let now = WallClock.now()
        var parameters = [(name: "query", value: expression)]
        if let range = try times.range(now, points: 250) {
            parameters += range.parameters
        } else if let time = try times.instant(now) {
            parameters.append(("time", time.requestText))
        }
        if analyze { parameters.append(("analyze", "true")) }
        let body: [UInt8]
        do throws(TransferError) {
            body = try await connection.send(
                .post(form: FormText.bytes(of: parameters)), connection.api + "/api/v1/explain"
            ).body
        } catch {
            Console.say("\(connection.api): \(error)")
            throw Outcome.failure
        }
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

/// The answer of `explain`, for reading.
struct ExplainText {
    /// The plan as an indented tree, then why parts were sent whole or not.
    let text: String

    /// What the gateway said instead of a plan.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: `Refusal`.
    init(_ body: [UInt8]) throws(Refusal) {
        var cursor = JSONCursor(body)
        var refusal: String?
        var tree = ""
        var mark = ""
        var notes: [String] = []
        var keys: [String] = []
        do throws(JSONCursor.Failure) {
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                switch key {
                case "error": refusal = try cursor.string()
                case "data":
                    try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                        switch key {
                        case "tree": tree = try cursor.string()
                        case "missingMember": mark = try cursor.string()
                        case "notPushedDown": notes = try Self.notes(&cursor)
                        case "pushedDownByKey": keys = try Self.notes(&cursor)
                        default: try cursor.skip()
                        }
                    }
                default: try cursor.skip()
                }
            }
        } catch {
            throw Refusal(description: "the answer is no plan")
        }
        if let refusal { throw Refusal(description: refusal) }
        var lines = [tree, "", "when a member is missing, its part or the answer: \(mark)"]
        if !notes.isEmpty { lines += ["", "not pushed down:"] + notes }
        if !keys.isEmpty { lines += ["", "pushed down without the partition label:"] + keys }
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func notes(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> [String] {
        var notes: [String] = []
        try cursor.array { (cursor) throws(JSONCursor.Failure) in
            var part = ""
            var reason = ""
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                switch key {
                case "part": part = try cursor.string()
                case "reason": reason = try cursor.string()
                default: try cursor.skip()
                }
            }
            notes.append("  \(part): \(reason)")
        }
        return notes
    }
}

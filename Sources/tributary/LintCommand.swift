import ArgumentParser
import CommandLineOutput
import Foundation
import GatewayConfiguration
import GoText
import HTTPTransport
import PrometheusWire
import QueryLint

/// `tributary lint FILE…`
struct LintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Tells how the expressions of dashboards and rules are answered over members.",
        discussion: """
            FILE is a dashboard of Grafana as JSON or a file of rules as YAML. For each expression it \
            tells whether members compute it alone, which series they send whole, what is not pushed \
            down and how to write it so that it is, and what a missing member does to the answer. \
            Grafana's variables are taken as everything that they can choose.

            The plan is made here, over the members of --config or --members, or by the gateway of \
            --url. Ends with 1 when an expression cannot be planned, or is what --fail-on names, and \
            with 2 when a file cannot be read.
            """)

    @Argument(help: "Dashboards and files of rules.")
    var files: [String]
    @Option(help: "A configuration file, whose members are planned over.")
    var config: String?
    @Option(help: "Names of members to plan over, separated by commas; a,b,c by default.")
    var members: String?
    @Option(
        help:
            "What is an error besides: fetched (series are sent whole) or could-be-wrong (a missing member could make a wrong answer). May be given again."
    )
    var failOn: [Failing] = []
    @Flag(help: "Show only expressions that are not pushed down, or may be false.")
    var quiet = false
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var project: ProjectOption
    @OptionGroup(title: "Server") var server: ServerOptions

    enum Failing: String, ExpressibleByArgument, CaseIterable {
        case fetched
        case couldBeWrong = "could-be-wrong"
    }

    private var isRemote: Bool { server.url != nil || server.context != nil }

    func validate() throws {
        let ways = [config != nil, members != nil, isRemote].count { $0 }
        if ways > 1 { throw ValidationError("Give one of --config, --members and --url.") }
        if let members, names(members).isEmpty {
            throw ValidationError("--members names no member.")
        }
    }

    func run() async throws {
        let judge = try judge()
        var found: [(file: String, result: LintResult)] = []
        var hasFailed = false
        for path in files {
            for query in try read(path) {
                let result = try await judge(query)
                if !quiet || isWorthShowing(result) { found.append((path, result)) }
                hasFailed = isFailure(result) || hasFailed
            }
        }
        try show(found)
        if hasFailed { throw Outcome.failure }
    }

    // MARK: - Judging

    private func judge() throws -> (LintedQuery) async throws -> LintResult {
        if isRemote {
            let connection = try server.connection(project: project)
            return { try await Self.ask($0, connection) }
        }
        guard let config else {
            let linter = QueryLinter(members: names(members ?? "a,b,c"))
            return { linter.lint($0) }
        }
        let configuration = try options.load(config, generatesSecrets: false)
        guard let name = project.project ?? configuration.implicitProject?.name else {
            throw ValidationError("Name the project by --project: \(config) has several.")
        }
        guard let linter = QueryLinter(configuration, project: name) else {
            throw ValidationError("\(config) has no project \(name).")
        }
        return { linter.lint($0) }
    }

    private static func ask(
        _ query: LintedQuery, _ connection: Connection
    ) async throws -> LintResult {
        var parameters = [(name: "query", value: query.text)]
        if query.isRange {
            let now = WallClock.now()
            parameters += [
                ("start", (now - 3_600_000).requestText), ("end", now.requestText), ("step", "60"),
            ]
        }
        let body: [UInt8]
        do throws(TransferError) {
            body = try await connection.send(
                .post(form: FormText.bytes(of: parameters)), connection.api + "/api/v1/explain"
            ).body
        } catch {
            Console.say("\(connection.api): \(error)")
            throw Outcome.failure
        }
        guard let document = try? JSONValue(parsing: body) else {
            Console.say("\(connection.api): the answer is no plan")
            throw Outcome.failure
        }
        return LintResult(query, explained: document)
    }

    private func isFailure(_ result: LintResult) -> Bool {
        if result.planClass == .refused { return true }
        return failOn.contains { failing in
            switch failing {
            case .fetched: result.planClass == .fetched
            case .couldBeWrong: result.couldBeWrongBy != nil
            }
        }
    }

    private func isWorthShowing(_ result: LintResult) -> Bool {
        switch result.planClass {
        case .constant, .pushedDown, .combined: result.couldBeWrongBy != nil
        case .fetched, .refused: true
        }
    }

    // MARK: - Reading and showing

    private func names(_ list: String) -> [String] {
        list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
    }

    private func read(_ path: String) throws -> [LintedQuery] {
        guard let data = FileManager.default.contents(atPath: path),
            let text = String(data: data, encoding: .utf8)
        else {
            Console.say("\(path): cannot be read as UTF-8 text")
            throw Outcome.invalid
        }
        do throws(QueryFile.Problem) {
            let file = try QueryFile(text)
            if file.leftOut > 0 {
                Console.say(
                    "\(path): left out \(file.leftOut) quer\(file.leftOut == 1 ? "y" : "ies") of "
                        + "data sources that are no Prometheus")
            }
            return file.queries
        } catch {
            Console.say("\(path)\(error)")
            throw Outcome.invalid
        }
    }

    private func show(_ found: [(file: String, result: LintResult)]) throws {
        if try output.format() == .table {
            for (file, result) in found { Console.answer(report(file, result)) }
            let counts = LintResult.PlanClass.allCases.compactMap { planClass in
                let count = found.count { $0.result.planClass == planClass }
                return count > 0 ? "\(count) \(planClass.rawValue)" : nil
            }
            Console.say(counts.isEmpty ? "nothing to show" : counts.joined(separator: ", "))
            return
        }
        let objects = found.map { file, result -> JSONValue in
            guard case .object(let pairs) = result.json else { return result.json }
            return .object([("file", .string(file))] + pairs)
        }
        let rows = found.map { file, result in
            [
                file, result.query.line.map { "\($0)" } ?? "", result.query.place,
                result.planClass.rawValue, result.missing, result.query.written,
                result.fetched.joined(separator: "; "),
                result.findings.compactMap(\.hint).joined(separator: "; "),
            ]
        }
        try output.print(
            Listing(
                TextTable(
                    [
                        .init("file"), .init("line", isNumber: true), .init("place"),
                        .init("class"),
                        .init("missing member"), .init("expression"), .init("fetched whole"),
                        .init("hint"),
                    ], rows: rows), objects: objects), body: JSONValue.array(objects).bytes)
    }

    /// A few lines for people.
    private func report(_ file: String, _ result: LintResult) -> String {
        let style = output.style
        let place = "\(file):\(result.query.line.map { "\($0):" } ?? "") \(result.query.place): "
        let isGood = result.planClass != .fetched && result.planClass != .refused
        let mark =
            isGood ? style.good(result.planClass.rawValue) : style.bad(result.planClass.rawValue)
        var lines = [place + mark]
        lines += result.query.written.split(separator: "\n").map {
            "    \(TextTable.shown(String($0)))"
        }
        if let failure = result.failure { lines.append("  error: \(failure)") }
        for text in result.fetched { lines.append("  fetched whole: \(text)") }
        for finding in result.findings {
            lines.append("  not pushed down: \(finding.part): \(finding.reason)")
            if let hint = finding.hint { lines.append("    hint: \(hint)") }
        }
        if result.failure == nil { lines.append("  a missing member: \(Self.effect(result))") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func effect(_ result: LintResult) -> String {
        switch result.missing {
        case "none": "changes nothing"
        case "is missing": "its series are missing, those given are right"
        case "computed without it": "values are computed without its series"
        default:
            "the answer could be wrong, because of \(result.couldBeWrongBy ?? "a part of the query")"
        }
    }
}

import ArgumentParser
import CommandLineOutput
import Foundation
import GoText
import HTTPTransport
import PrometheusWire

/// `tributary targets`
struct TargetsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "targets", abstract: "Shows what servers scrape, and how that goes.",
        discussion: "Ends with 1 when a target is down and --check is given.")

    @Flag(help: "Only targets that are not up.")
    var unhealthy = false
    @Flag(help: "End with 1 when a target is down.")
    var check = false
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var project: ProjectOption
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        let (data, body) = try await server.connection(project: project)
            .document("/api/v1/targets", [("state", "active")])
        let all = data["activeTargets"]?.items ?? []
        let down = all.filter { $0["health"]?.text != "up" }
        let shown = unhealthy ? down : all
        let now = WallClock.now()
        let rows = shown.map { target in
            [
                target["scrapePool"]?.text ?? "", target["scrapeUrl"]?.text ?? "",
                target["health"]?.text ?? "", Age.text(target["lastScrape"]?.text, now),
                target["lastScrapeDuration"].map(Age.seconds) ?? "",
                PromtoolText.labelSet(target["labels"]?.pairs ?? []),
                target["lastError"]?.text ?? "",
            ]
        }
        try output.print(
            Listing(
                TextTable(
                    [
                        .init("pool"), .init("endpoint"), .init("health"),
                        .init("scraped", isNumber: true), .init("took", isNumber: true),
                        .init("labels", isDetail: true), .init("error"),
                    ], rows: rows), values: rows.map { $0[1] }, objects: shown), body: body)
        if check, !down.isEmpty { throw Outcome.failure }
    }
}

/// `tributary alerts`
struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "Shows alerts that are pending or firing.",
        discussion: "Ends with 1 when one fires and --check is given.")

    @Flag(help: "Only alerts that fire.")
    var firing = false
    @Flag(help: "End with 1 when an alert fires.")
    var check = false
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var project: ProjectOption
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        let (data, body) = try await server.connection(project: project).document("/api/v1/alerts")
        let all = data["alerts"]?.items ?? []
        let fires = all.filter { $0["state"]?.text == "firing" }
        let shown = firing ? fires : all
        let now = WallClock.now()
        let rows = shown.map { alert in
            let labels = alert["labels"]?.pairs ?? []
            return [
                labels.first { $0.name == "alertname" }?.value ?? "", alert["state"]?.text ?? "",
                Age.text(alert["activeAt"]?.text, now),
                PromtoolText.labelSet(labels.filter { $0.name != "alertname" }),
                alert["value"]?.text ?? "",
                alert["annotations"]?.pairs.first { $0.name == "summary" }?.value ?? "",
            ]
        }
        try output.print(
            Listing(
                TextTable(
                    [
                        .init("alert"), .init("state"), .init("since", isNumber: true),
                        .init("labels"), .init("value", isNumber: true),
                        .init("summary", isDetail: true),
                    ], rows: rows), objects: shown), body: body)
        if check, !fires.isEmpty { throw Outcome.failure }
    }
}

/// `tributary rules`
struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "Shows the rules of servers, and how they go.")

    @Option(help: "Only rules that are: alert or record.")
    var type: RuleType?
    @Flag(help: "Only rules that fail.")
    var unhealthy = false
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var project: ProjectOption
    @OptionGroup(title: "Server") var server: ServerOptions

    enum RuleType: String, ExpressibleByArgument, CaseIterable {
        case alert
        case record
    }

    func run() async throws {
        let (data, body) = try await server.connection(project: project).document(
            "/api/v1/rules", type.map { [("type", $0.rawValue)] } ?? [])
        var rows: [[String]] = []
        var shown: [JSONValue] = []
        for group in data["groups"]?.items ?? [] {
            for rule in group["rules"]?.items ?? [] where !unhealthy || rule["health"]?.text != "ok"
            {
                shown.append(rule)
                rows.append([
                    group["file"]?.text ?? "", group["name"]?.text ?? "",
                    rule["type"]?.text == "alerting" ? "alert" : "record",
                    rule["name"]?.text ?? "", rule["state"]?.text ?? "",
                    rule["health"]?.text ?? "", rule["query"]?.text ?? "",
                    rule["lastError"]?.text ?? "",
                ])
            }
        }
        try output.print(
            Listing(
                TextTable(
                    [
                        .init("file", isDetail: true), .init("group"), .init("type"), .init("name"),
                        .init("state"), .init("health"), .init("query", isDetail: true),
                        .init("error"),
                    ], rows: rows), values: rows.map { $0[3] }, objects: shown), body: body)
    }
}

/// `tributary status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows how a gateway and its projects are.",
        discussion: "Ends with 1 when the gateway is not ready or a project is not reachable.")

    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        let connection = try server.connection()
        let ready: (status: Int, body: [UInt8])
        do throws(TransferError) {
            ready = try await connection.send(.get, "\(connection.server)/-/ready")
        } catch {
            Console.say("\(connection.server): \(error)")
            throw Outcome.failure
        }
        guard ready.status == 200 else {
            Console.say("\(connection.server): not ready (HTTP status \(ready.status))")
            throw Outcome.failure
        }
        Console.say("\(connection.server): ready")
        try await Administration.run {
            let client = AdministrationClient(connection: connection)
            let (data, body) = try await client.send(.get, "/api/projects")
            try output.print(.projects(data.items), body: body)
            let isWhole = data.items.allSatisfy(\.isReachable)
            if !isWhole { throw Outcome.failure }
        }
    }
}

extension JSONValue {
    /// Of a project as the administration API shows it.
    var isReachable: Bool {
        if case .bool(true) = self["status"]?["reachable"] { true } else { false }
    }
}

extension Listing {
    /// Projects as the administration API shows them.
    static func projects(_ projects: [JSONValue]) -> Listing {
        let rows = projects.map { project in
            let status = project["status"]
            let isReachable = project.isReachable
            var isReadOnly = false
            if case .bool(true) = project["readOnly"] { isReadOnly = true }
            return [
                project["name"]?.text ?? "", project["kind"]?.text ?? "",
                (project["memberProjects"]?.items ?? []).compactMap(\.text).joined(separator: ", "),
                isReadOnly ? "file" : "API", isReachable ? "yes" : "no",
                status?["version"]?.text ?? "", status?["latencySeconds"].map(Age.seconds) ?? "",
                status?["lagSeconds"].map(Age.seconds) ?? "",
                // What is over is a detail of the past.
                isReachable ? "" : status?["lastError"]?["error"]?.text ?? "",
            ]
        }
        return Listing(
            TextTable(
                [
                    .init("project"), .init("kind"), .init("members", isDetail: true),
                    .init("defined in", isDetail: true), .init("reachable"), .init("version"),
                    .init("latency", isNumber: true), .init("lag", isNumber: true), .init("error"),
                ], rows: rows), objects: projects)
    }
}

/// Lengths of time for people.
enum Age {
    /// How long ago a time of RFC 3339 is, in its largest units; the text itself where it is none.
    static func text(_ time: String?, _ now: Timestamp) -> String {
        guard let time else { return "" }
        // Before the first scrape it is the year 1.
        guard let moment = RFC3339.time(time), moment > .epoch else { return "never" }
        let seconds = max(0, (now - moment).count / 1000)
        let unit: Int64 = seconds < 600 ? 1 : seconds < 36_000 ? 60 : 3600
        return "\(DurationText.text(Milliseconds(seconds / unit * unit * 1000))) ago"
    }

    /// A number of seconds; empty where it is none.
    static func seconds(_ value: JSONValue) -> String {
        guard case .number(let digits) = value, let seconds = Double(digits) else { return "" }
        return seconds < 1
            ? GoFloat.general(seconds * 1000, digits: 3) + "ms"
            : GoFloat.general(seconds, digits: 3) + "s"
    }
}

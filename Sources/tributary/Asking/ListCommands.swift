import ArgumentParser
import CommandLineOutput
import GoText
import PrometheusWire

/// From when to when, and which series.
struct ListScope: ParsableArguments {
    @Option(
        name: [.customLong("start"), .customLong("since")], parsing: .unconditional,
        help: "Only what has samples since then: 1h is an hour ago.")
    var start: String?
    @Option(
        name: [.customLong("end"), .customLong("until")], parsing: .unconditional,
        help: "Only what has samples until then; now by default.")
    var end: String?
    @Option(help: "How many are shown.")
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is 1 or more.") }
        _ = try parameters([])
    }

    /// As the API reads them.
    func parameters(_ selectors: [String]) throws -> [(name: String, value: String)] {
        let now = WallClock.now()
        var all = selectors.map { (name: "match[]", value: $0) }
        for (name, text) in [("start", start), ("end", end)] {
            guard let text else { continue }
            do throws(TimeWords.Problem) {
                all.append((name, try TimeWords.time(text, now: now).requestText))
            } catch {
                throw ValidationError("--\(name): \(error).")
            }
        }
        if let limit { all.append(("limit", "\(limit)")) }
        return all
    }
}

/// `tributary labels`
struct LabelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels", abstract: "Shows the names of labels.")

    @Option(name: [.customShort("m"), .long], help: "Only those of the series of this selector.")
    var match: [String] = []
    @OptionGroup(title: "Scope") var scope: ListScope
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var project: ProjectOption
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        let (data, body) = try await server.connection(project: project)
            .document("/api/v1/labels", try scope.parameters(match))
        try output.print(.names("label", data), body: body)
    }
}

/// `tributary values LABEL`
struct ValuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "values", abstract: "Shows the values of a label.")

    @Argument(help: "The label, such as __name__ for the names of metrics.")
    var label: String
    @Option(name: [.customShort("m"), .long], help: "Only those of the series of this selector.")
    var match: [String] = []
    @OptionGroup(title: "Scope") var scope: ListScope
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var project: ProjectOption
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        let (data, body) = try await server.connection(project: project).document(
            "/api/v1/label/\(FormText.encoded(label))/values", try scope.parameters(match))
        var listing = Listing.names(label, data)
        listing.promtool = listing.values.joined(separator: "\n")
        try output.print(listing, body: body)
    }
}

/// `tributary series SELECTOR…`
struct SeriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "series", abstract: "Shows the series of selectors.")

    @Argument(help: "Selectors, such as 'up{job=\"node\"}'.")
    var selectors: [String]
    @OptionGroup(title: "Scope") var scope: ListScope
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var project: ProjectOption
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        let (data, body) = try await server.connection(project: project)
            .document("/api/v1/series", try scope.parameters(selectors))
        let series = data.items.map(\.pairs)
        let names = Set(series.flatMap { $0.map(\.name) }).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        let rows = series.map { labels in
            let values = Dictionary(
                labels.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
            return names.map { values[$0] ?? "" }
        }
        let texts = series.map { PromtoolText.labelSet($0) }
        try output.print(
            Listing(
                TextTable(names.map { .init($0) }, rows: rows), values: texts, objects: data.items,
                promtool: texts.joined(separator: "\n")),
            body: body)
    }
}

/// `tributary metadata [METRIC]`
struct MetadataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metadata", abstract: "Shows the type, unit and help of metrics.")

    @Argument(help: "One metric; all by default.")
    var metric: String?
    @Option(help: "How many metrics are shown.")
    var limit: Int?
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Server") var project: ProjectOption
    @OptionGroup(title: "Server") var server: ServerOptions

    func run() async throws {
        var parameters: [(name: String, value: String)] = []
        if let metric { parameters.append(("metric", metric)) }
        if let limit { parameters.append(("limit", "\(limit)")) }
        let (data, body) = try await server.connection(project: project)
            .document("/api/v1/metadata", parameters)
        var rows: [[String]] = []
        if case .object(let metrics) = data {
            for (name, entries) in metrics.sorted(by: { $0.key < $1.key }) {
                rows += entries.items.map { entry in
                    [name] + ["type", "unit", "help"].map { entry[$0]?.text ?? "" }
                }
            }
        }
        try output.print(
            Listing(
                TextTable(
                    [.init("metric"), .init("type"), .init("unit"), .init("help")], rows: rows)),
            body: body)
    }
}

extension Listing {
    /// A list of texts.
    static func names(_ column: String, _ data: JSONValue) -> Listing {
        Listing(TextTable([.init(column)], rows: data.items.map { [$0.text ?? ""] }))
    }
}

import GoText
import PrometheusWire
import YAML

/// One expression of a dashboard or of a file of rules.
public struct LintedQuery: Sendable, Equatable {
    /// Where it is in its file, for people: `panel "CPU", query A`.
    public var place: String
    /// 1-based; nil where the file has no lines that mean anything.
    public var line: Int?
    /// As it is written.
    public var written: String
    /// As it is planned: with values in the place of Grafana's variables.
    public var text: String
    /// Whether it is asked for a range of time.
    public var isRange: Bool

    public init(place: String, line: Int? = nil, written: String, text: String, isRange: Bool) {
        self.place = place
        self.line = line
        self.written = written
        self.text = text
        self.isRange = isRange
    }
}

/// The expressions of a file: a dashboard of Grafana as JSON, or rules of Prometheus as YAML.
public struct QueryFile: Sendable, Equatable {
    /// Why a file has no expressions.
    public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        /// Behind the name of the file: `:3:1: …` or ` …`.
        public var description: String
    }

    /// In the order of the file.
    public var queries: [LintedQuery]
    /// Queries of data sources that are no Prometheus.
    public var leftOut: Int

    /// Finds out which kind of file it is.
    public init(_ text: String) throws(Problem) {
        if text.first(where: { !$0.isWhitespace }) == "{" {
            let document: JSONValue
            do throws(JSONCursor.Failure) {
                document = try JSONValue(parsing: Array(text.utf8))
            } catch {
                throw Problem(description: ": is not JSON: \(error)")
            }
            var dashboard = DashboardReader(document["dashboard"] ?? document)
            dashboard.read()
            (queries, leftOut) = (dashboard.queries, dashboard.leftOut)
        } else {
            (queries, leftOut) = (try Self.rules(text), 0)
        }
        if queries.isEmpty, leftOut == 0 {
            throw Problem(
                description: ": has no expressions: it is no dashboard and no file of rules")
        }
    }

    // MARK: - Rules

    private static func rules(_ text: String) throws(Problem) -> [LintedQuery] {
        let documents: [YAMLNode]
        do throws(YAMLFailure) {
            documents = try YAMLComposer.documents(of: text)
        } catch {
            let place = error.line.map { ":\($0):\(error.column ?? 1)" } ?? ""
            throw Problem(description: "\(place): \(error.problem)")
        }
        var queries: [LintedQuery] = []
        for document in documents {
            // A PrometheusRule of Kubernetes has the groups in its spec.
            let root = document["spec"]?["groups"] ?? document["groups"]
            for group in root?.elements ?? [] {
                let name = group["name"]?.text ?? ""
                for rule in group["rules"]?.elements ?? [] {
                    guard let expression = rule["expr"], let text = expression.text else {
                        continue
                    }
                    let title =
                        rule["alert"]?.text.map { "alert \($0)" }
                        ?? rule["record"]?.text.map { "record \($0)" } ?? "rule"
                    queries.append(
                        LintedQuery(
                            place: "group \(name), \(title)", line: expression.line, written: text,
                            text: text, isRange: false))
                }
            }
        }
        return queries
    }
}

extension YAMLNode {
    fileprivate var elements: [YAMLNode] {
        if case .list(let elements) = content { elements } else { [] }
    }
}

/// Finds the queries of a dashboard.
private struct DashboardReader {
    private let dashboard: JSONValue
    private let variables: GrafanaVariables
    private(set) var queries: [LintedQuery] = []
    private(set) var leftOut = 0

    init(_ dashboard: JSONValue) {
        self.dashboard = dashboard
        variables = GrafanaVariables(dashboard["templating"]?["list"]?.items ?? [])
    }

    mutating func read() {
        for variable in dashboard["templating"]?["list"]?.items ?? []
        where variable["type"]?.text == "query" {
            readVariable(variable)
        }
        for annotation in dashboard["annotations"]?["list"]?.items ?? [] {
            add(annotation, "annotation \(GoQuoting.quote(annotation["name"]?.text ?? ""))")
        }
        readPanels(dashboard["panels"]?.items ?? [])
        for row in dashboard["rows"]?.items ?? [] { readPanels(row["panels"]?.items ?? []) }
    }

    private mutating func readPanels(_ panels: [JSONValue]) {
        for panel in panels {
            let title =
                panel["title"]?.text ?? panel["id"]?.integer.map { "#\($0)" } ?? "without a title"
            for target in panel["targets"]?.items ?? [] {
                add(
                    target,
                    "panel \(GoQuoting.quote(title)), query \(target["refId"]?.text ?? "?")",
                    source: panel["datasource"])
            }
            // Panels of a folded row.
            readPanels(panel["panels"]?.items ?? [])
        }
    }

    private mutating func add(_ target: JSONValue, _ place: String, source: JSONValue? = nil) {
        let type = (target["datasource"] ?? source)?["type"]?.text
        if let type, type != "prometheus", !type.hasPrefix("$") {
            if type != "grafana", type != "datasource" { leftOut += 1 }
            return
        }
        guard let text = target["expr"]?.text, !text.isEmpty else { return }
        var isInstant = false
        if case .bool(true) = target["instant"] { isInstant = true }
        queries.append(
            LintedQuery(
                place: place, written: text, text: variables.replaced(in: text), isRange: !isInstant
            ))
    }

    /// `query_result(…)`, and the selector of `label_values(selector, label)`.
    private mutating func readVariable(_ variable: JSONValue) {
        guard let text = variable["query"]?.text ?? variable["query"]?["query"]?.text else {
            return
        }
        let place = "variable \(variable["name"]?.text ?? "?")"
        let inside = { (name: String) -> Substring? in
            guard text.hasPrefix("\(name)("), text.hasSuffix(")") else { return nil }
            return text.dropFirst(name.count + 1).dropLast()
        }
        var expression: Substring?
        if let whole = inside("query_result") {
            expression = whole
        } else if let arguments = inside("label_values"), let comma = arguments.lastIndex(of: ",") {
            expression = arguments[..<comma]
        }
        guard let expression else { return }
        queries.append(
            LintedQuery(
                place: place, written: text, text: variables.replaced(in: String(expression)),
                isRange: false))
    }
}

import GoText
import PrometheusServer
import PrometheusWire
import TimeSeries

/// The parameters of `rules`, checked in the order of the reference.
struct RulesRequest: Sendable {
    enum Kind: String, Sendable {
        case alert, record

        /// What a rule of this kind says of itself.
        var ruleType: String {
            switch self {
            case .alert: "alerting"
            case .record: "recording"
            }
        }
    }

    var names: Set<ByteString>
    var groups: Set<ByteString>
    /// As shown: `<project>/<file>`.
    var files: Set<ByteString>
    var selectors: MetadataSelectors
    /// nil for both.
    var kind: Kind?
    var excludesAlerts = false
    /// Groups of one page; nil for all.
    var groupLimit: Int?
    /// The first group of the page; "" for the first of all.
    var token: String

    init(_ request: PrometheusRequest, _ partition: PartitionLabel) throws(APIError) {
        if let error = request.formError {
            throw .badData("error parsing form values: \(error.description)")
        }
        names = Set(request.parameters.all("rule_name[]").map(ByteString.init))
        groups = Set(request.parameters.all("rule_group[]").map(ByteString.init))
        files = Set(request.parameters.all("file[]").map(ByteString.init))
        do throws(MetadataSelectors.Refusal) {
            selectors = try MetadataSelectors(
                request.parameters.all("match[]"), SelectorRewriting(partition: partition))
        } catch {
            throw .badData(error.text)
        }
        let type = request.query.first("type").lowercased()
        if !type.isEmpty {
            guard let kind = Kind(rawValue: type) else {
                throw .parameter("type", "not supported value \(GoQuoting.quote(type))")
            }
            self.kind = kind
        }
        let excludes = request.query.first("exclude_alerts")
        if !excludes.isEmpty {
            switch excludes {
            case "1", "t", "T", "TRUE", "true", "True": excludesAlerts = true
            case "0", "f", "F", "FALSE", "false", "False": break
            default:
                throw .parameter(
                    "exclude_alerts",
                    "error converting exclude_alerts: strconv.ParseBool: parsing "
                        + "\(GoQuoting.quote(excludes)): invalid syntax")
            }
        }
        token = request.query.first("group_next_token")
        groupLimit = try Self.limit(request.query.first("group_limit"), token: token)
    }

    private static func limit(_ text: String, token: String) throws(APIError) -> Int? {
        if text.isEmpty {
            if token.isEmpty { return nil }
            throw .parameter(
                "group_next_token",
                "group_limit needs to be present in order to paginate over the groups")
        }
        let digits = text.first == "+" || text.first == "-" ? text.dropFirst() : text[...]
        let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber, let number = Int32(text) else {
            throw .parameter(
                "group_limit",
                "group_limit needs to be a valid number: strconv.ParseInt: parsing "
                    + "\(GoQuoting.quote(text)): "
                    + (isNumber ? "value out of range" : "invalid syntax"))
        }
        guard number > 0 else {
            throw .parameter("group_limit", "group_limit needs to be greater than 0")
        }
        return Int(number)
    }

    /// Whether a group may be shown, whatever its rules.
    func accepts(file: String, group: String) -> Bool {
        (groups.isEmpty || groups.contains(ByteString(group)))
            && (files.isEmpty || files.contains(ByteString(file)))
    }

    /// Whether a rule is shown; its labels already carry the project.
    func accepts(rule: JSONValue) -> Bool {
        if let kind, rule["type"]?.text != kind.ruleType { return false }
        if !names.isEmpty, !names.contains(ByteString(rule["name"]?.text ?? "")) { return false }
        return selectors.accept(rule["labels"]?.labelSet ?? .empty)
    }
}

import Crypto
import GatewayConfiguration
import PrometheusServer
import PrometheusWire
import TimeSeries

extension AuxiliaryEndpoints {
    /// `rules`: the groups of all members, filtered and cut into pages here. Members are asked
    /// without filters but for the kind, because names and labels differ there.
    public func rules(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let wish = try RulesRequest(request, partition)
        let gathered = await gather { member in
            guard wish.selectors.texts(forMember: member) != nil else { return nil }
            var parameters: [(name: String, value: String)] = []
            if let kind = wish.kind { parameters.append(("type", kind.rawValue)) }
            if wish.excludesAlerts { parameters.append(("exclude_alerts", "true")) }
            return DocumentQuestion("/rules", .rules, parameters)
        }
        var groups = gathered.given.flatMap { member, data in
            (data["groups"]?.items ?? []).map { group($0, of: member) }
        }
        groups.sort(by: RuleGroup.precedes)
        if wish.groupLimit != nil, !wish.token.isEmpty {
            guard let first = groups.firstIndex(where: { $0.token == wish.token }) else {
                // The names of missing members explain more than an unknown token does.
                _ = try gathered.shortfalls(.abort)
                throw APIError.parameter(
                    "group_next_token",
                    "invalid group_next_token '\(wish.token)'. were rule groups changed?")
            }
            groups.removeFirst(first)
        }
        var page = groups.compactMap { Self.filtered($0, by: wish) }
        var data: [(key: String, value: JSONValue)] = []
        if let limit = wish.groupLimit, page.count > limit {
            data.append(("groupNextToken", .string(page[limit].token)))
            page = Array(page.prefix(limit))
        }
        data.insert(("groups", .array(page.map(\.json))), at: 0)
        return try gathered.response(.object(data), try policy(request))
    }

    private func group(_ group: JSONValue, of member: String) -> RuleGroup {
        let path = group["file"]?.text ?? ""
        let file = partition.isNone ? path : "\(member)/\(path)"
        let json =
            group.changing("file") { _ in .string(file) }
            .changing("rules") { rules in .array(rules.items.map { rule($0, of: member) }) }
        return RuleGroup(file: file, name: group["name"]?.text ?? "", json: json)
    }

    private func rule(_ rule: JSONValue, of member: String) -> JSONValue {
        let labelled: JSONValue
        if rule["labels"] == nil, case .object(let pairs) = rule {
            // Recording rules without labels leave them out.
            let at = pairs.firstIndex { $0.key == "query" }.map { $0 + 1 } ?? pairs.count
            labelled = .object(
                pairs[..<at] + [("labels", .object([]))] + pairs[at...])
        } else {
            labelled = rule
        }
        return labelled.changing("labels") { $0.labels(of: member, partition) }
            .changing("annotations") { .labels($0.pairs) }
            .changing("alerts") { alerts in
                if case .null = alerts { return .null }
                return .array(alerts.items.map { alert($0, of: member) })
            }
    }

    private func alert(_ alert: JSONValue, of member: String) -> JSONValue {
        alert.changing("labels") { $0.labels(of: member, partition) }
            .changing("annotations") { .labels($0.pairs) }
    }

    /// nil when no rule is left.
    private static func filtered(_ group: RuleGroup, by wish: RulesRequest) -> RuleGroup? {
        guard wish.accepts(file: group.file, group: group.name) else { return nil }
        var rules = (group.json["rules"]?.items ?? []).filter { wish.accepts(rule: $0) }
        if rules.isEmpty { return nil }
        if wish.excludesAlerts {
            rules = rules.map { $0.changing("alerts") { _ in .null } }
        }
        var group = group
        group.json = group.json.changing("rules") { _ in .array(rules) }
        return group
    }

    /// `alerts`: by project, then as received.
    public func alerts(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let gathered = await gather { _ in DocumentQuestion("/alerts", .alerts) }
        let all = gathered.given.flatMap { member, data in
            (data["alerts"]?.items ?? []).map { alert($0, of: member) }
        }
        return try gathered.response(.object([("alerts", .array(all))]), try policy(request))
    }
}

/// One group of rules of one member, as users see it.
struct RuleGroup: Sendable {
    /// `<project>/<file>`, so that file and name together stay unique.
    var file: String
    var name: String
    /// With `file` and with the rules that are left.
    var json: JSONValue

    /// Names the group between two pages: a hash of file and name, in hexadecimal, as the reference
    /// makes it.
    var token: String {
        let digits = Array("0123456789abcdef".utf8)
        let hash = SHA256.hash(data: Array("\(file);\(name)".utf8))
        let text = hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// By file, then by name.
    static func precedes(_ left: RuleGroup, _ right: RuleGroup) -> Bool {
        left.file.utf8.elementsEqual(right.file.utf8)
            ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
            : left.file.utf8.lexicographicallyPrecedes(right.file.utf8)
    }
}

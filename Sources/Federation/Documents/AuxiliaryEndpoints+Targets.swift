import GatewayConfiguration
import GoText
import PromQL
import PrometheusServer
import PrometheusWire
import TimeSeries

extension AuxiliaryEndpoints {
    /// `targets`: the targets of all members, their pools under the names that `scrape_pools`
    /// lists, in the order of those names.
    public func targets(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let state = request.query.first("state")
        let wished = state.lowercased()
        let filter = request.query.first("scrapePool")
        let listsDropped = ["", "any", "dropped"].contains(wished)
        let isAsked: @Sendable (String) -> Bool = { member in
            filter.isEmpty || self.pool(filter, of: member) != nil
        }
        let gathered = await gather { member in
            guard isAsked(member) else {
                // Dropped targets are counted in every pool, whichever is asked for.
                let parameters = [("state", "dropped"), ("scrapePool", filter)]
                return listsDropped ? DocumentQuestion("/targets", .targets, parameters) : nil
            }
            var parameters: [(name: String, value: String)] = []
            if !state.isEmpty { parameters.append(("state", state)) }
            if let pool = self.pool(filter, of: member) { parameters.append(("scrapePool", pool)) }
            return DocumentQuestion("/targets", .targets, parameters)
        }
        var active: [JSONValue] = []
        var dropped: [JSONValue] = []
        var counts: [(key: String, value: JSONValue)] = []
        for (member, data) in gathered.given {
            if isAsked(member) {
                active += data["activeTargets"]?.items.map { target($0, of: member) } ?? []
                dropped += data["droppedTargets"]?.items.map { target($0, of: member) } ?? []
            }
            if case .object(let pools) = data["droppedTargetCounts"] {
                counts += pools.map {
                    (poolName($0.key, of: member), $0.value)
                }
            }
        }
        return try gathered.response(
            .object([
                ("activeTargets", .array(Self.sortedByPool(active))),
                ("droppedTargets", .array(Self.sortedByPool(dropped))),
                ("droppedTargetCounts", listsDropped ? .sortedObject(counts) : .null),
            ]), try policy(request))
    }

    private func target(_ target: JSONValue, of member: String) -> JSONValue {
        target.changing("discoveredLabels") { $0.labels(of: member, partition) }
            .changing("labels") { $0.labels(of: member, partition) }
            .changing("scrapePool") {
                .string(poolName($0.text ?? "", of: member))
            }
    }

    /// Targets of one pool stay in the member's order.
    private static func sortedByPool(_ targets: [JSONValue]) -> [JSONValue] {
        targets.enumerated().map { (key: $0.element["scrapePool"]?.text ?? "", $0) }
            .sorted { left, right in
                left.key.utf8.elementsEqual(right.key.utf8)
                    ? left.1.offset < right.1.offset
                    : left.key.utf8.lexicographicallyPrecedes(right.key.utf8)
            }.map(\.1.element)
    }

    /// The name that users see a member's pool under.
    private func poolName(_ pool: String, of member: String) -> String {
        partition.isNone ? pool : PoolName(project: member, pool: pool).text
    }

    /// The member's own name of a pool, if the pool is one of the member's.
    private func pool(_ text: String, of member: String) -> String? {
        if partition.isNone { return text }
        guard let name = PoolName(text), name.project.utf8.elementsEqual(member.utf8) else {
            return nil
        }
        return name.pool
    }

    /// `targets/metadata`: by project, then as received.
    public func targetsMetadata(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let limit = try request.reader.number("limit") ?? -1
        let selector: TargetSelector?
        do throws(APIError) {
            selector = try TargetSelector(request.parameter("match_target"), partition)
        } catch {
            throw APIError.parameter("match_target", error.message)
        }
        let metric = request.parameter("metric")
        let gathered = await gather { member in
            var parameters: [(name: String, value: String)] = []
            if let selector {
                guard let text = selector.text(forMember: member) else { return nil }
                if !text.isEmpty { parameters.append(("match_target", text)) }
            }
            if !metric.isEmpty { parameters.append(("metric", metric)) }
            if limit > 0 { parameters.append(("limit", String(limit))) }
            return DocumentQuestion("/targets/metadata", .targetsMetadata, parameters)
        }
        var all = gathered.given.flatMap { member, data in
            data.items.map { $0.changing("target") { $0.labels(of: member, partition) } }
        }
        if limit >= 0 { all = Array(all.prefix(limit)) }
        return try gathered.response(.array(all), try policy(request))
    }

    /// `scrape_pools`: `<project>/<pool>`, sorted.
    public func scrapePools(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let gathered = await gather { _ in DocumentQuestion("/scrape_pools", .scrapePools) }
        let names = gathered.given.flatMap { member, data in
            (data["scrapePools"]?.items ?? []).compactMap(\.text).map {
                ByteString(poolName($0, of: member))
            }
        }
        return try gathered.response(
            .object([("scrapePools", .strings(Set(names).sorted().map(\.text)))]),
            try policy(request))
    }

    /// `scrape_pools/config`: what the owner of the pool says.
    public func scrapePoolConfiguration(
        _ request: PrometheusRequest
    ) async throws -> PrometheusResponse {
        try await ofOwner("/scrape_pools/config", request, [])
    }

    /// `targets/relabel_steps`: what the owner of the pool says. Labels are those before a target
    /// becomes one, so that they have no project.
    public func relabelSteps(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let labels = request.parameter("labels")
        if !request.parameter("scrapePool").isEmpty, labels.isEmpty {
            throw APIError.badData("no labels parameter provided")
        }
        return try await ofOwner("/targets/relabel_steps", request, [("labels", labels)])
    }

    private func ofOwner(
        _ path: String, _ request: PrometheusRequest, _ more: [(name: String, value: String)]
    ) async throws -> PrometheusResponse {
        let asked = request.parameter("scrapePool")
        if asked.isEmpty { throw APIError.badData("no scrapePool parameter provided") }
        let gathered = await gather { member in
            self.pool(asked, of: member).map {
                DocumentQuestion(path, .anyObject, [("scrapePool", $0)] + more)
            }
        }
        _ = try gathered.shortfalls(.abort)
        if let limitation = gathered.limitations.first {
            throw APIError(.execution, limitation)
        }
        guard let (_, data) = gathered.given.first else {
            throw APIError.badData(
                "error retrieving scrape config: scrape pool \(GoQuoting.quote(asked)) not found")
        }
        return try gathered.response(data, .abort)
    }
}

/// A selector over the labels of targets, which have no names: what is left of it for a member may
/// be nothing at all.
struct TargetSelector: Sendable {
    private let matchers: [LabelMatcher]
    private let rewriting: SelectorRewriting

    /// nil for an absent selector.
    ///
    /// - Throws: the parse error, as `bad_data`.
    init?(_ text: String, _ partition: PartitionLabel) throws(APIError) {
        if text.isEmpty { return nil }
        do throws(ParseError) {
            matchers = try parseSelector(text).matchers
        } catch {
            throw .badData(error.description)
        }
        rewriting = SelectorRewriting(partition: partition)
    }

    /// In the member's own names; "" for all its targets, nil when none is selected.
    func text(forMember member: String) -> String? {
        guard let kept = rewriting.ownMatchers(matchers, ofMember: member) else { return nil }
        if kept.isEmpty { return "" }
        return Expression.vectorSelector(VectorSelector(matchers: kept)).description
    }
}

/// Names of scrape pools as users see them: `<project>/<pool>`, because members may have pools of
/// the same name. A project's name holds no slash, a pool's may.
struct PoolName: Sendable, Equatable {
    var project: String
    var pool: String

    var text: String { "\(project)/\(pool)" }

    init(project: String, pool: String) {
        self.project = project
        self.pool = pool
    }

    /// nil when there is no slash.
    init?(_ text: String) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        project = String(text[..<slash])
        pool = String(text[text.utf8.index(after: slash)...])
    }
}

extension AuxiliaryEndpoints {
    /// `alertmanagers`: of all members, each URL once, in the order of the URLs.
    public func alertmanagers(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let gathered = await gather { _ in DocumentQuestion("/alertmanagers", .alertmanagers) }
        func union(_ key: String) -> JSONValue {
            let urls = gathered.given.flatMap { $0.data[key]?.items ?? [] }
                .compactMap { $0["url"]?.text }.map(ByteString.init)
            return .array(
                Set(urls).sorted().map { .object([("url", .string($0.text))]) })
        }
        return try gathered.response(
            .object([
                ("activeAlertmanagers", union("activeAlertmanagers")),
                ("droppedAlertmanagers", union("droppedAlertmanagers")),
            ]), try policy(request))
    }
}

import GoText
import PrometheusWire
import TimeSeries
import Upstream

/// One document out of what several replicas answer to a question: each element once, as the first
/// replica that has it tells it.
struct ReplicaDocument: Sendable {
    /// Below `/api/v1`, with its slash.
    let path: String
    /// Labels that tell replicas apart; they are taken off.
    let labels: LabelNames

    /// - Parameter documents: the `data` of the answers, the preferred replica's first.
    func union(of documents: [JSONValue]) -> JSONValue {
        let documents = documents.map(cleaned)
        guard var union = documents.first else { return .null }
        for other in documents.dropFirst() {
            switch path {
            case "/rules": union = joined(union, other, "groups") { Self.text($0, "file", "name") }
            case "/alerts": union = joined(union, other, "alerts") { Self.key($0["labels"]) }
            case "/targets":
                union = joined(union, other, "activeTargets") {
                    Self.text($0, "scrapePool") + Self.key($0["labels"])
                }
                union = joined(union, other, "droppedTargets") { Self.key($0["discoveredLabels"]) }
            case "/targets/metadata":
                union = joined(union, other) {
                    Self.text($0, "metric", "type", "help", "unit") + Self.key($0["target"])
                }
            case "/scrape_pools":
                union = joined(union, other, "scrapePools") { Array(($0.text ?? "").utf8) }
            case "/alertmanagers":
                for key in ["activeAlertmanagers", "droppedAlertmanagers"] {
                    union = joined(union, other, key) { Self.text($0, "url") }
                }
            case "/query_exemplars": union = exemplars(union, other)
            // What a server tells of itself is told of one of them.
            default: break
            }
        }
        return union
    }

    // MARK: - Elements

    private func joined(
        _ one: JSONValue, _ other: JSONValue, _ name: String, by key: (JSONValue) -> [UInt8]
    ) -> JSONValue {
        guard let more = other[name] else { return one }
        return one.changing(name) { joined($0, more, by: key) }
    }

    private func joined(
        _ one: JSONValue, _ other: JSONValue, by key: (JSONValue) -> [UInt8]
    ) -> JSONValue {
        let more = other.items
        if more.isEmpty, case .null = one { return one }
        var seen: Set<[UInt8]> = []
        return .array((one.items + more).filter { seen.insert(key($0)).inserted })
    }

    private func exemplars(_ one: JSONValue, _ other: JSONValue) -> JSONValue {
        var all = one.items
        for series in other.items {
            let key = Self.key(series["seriesLabels"])
            guard let index = all.firstIndex(where: { Self.key($0["seriesLabels"]) == key }) else {
                all.append(series)
                continue
            }
            all[index] = joined(all[index], series, "exemplars") { exemplar in
                var key = Self.key(exemplar["labels"])
                exemplar["timestamp"]?.append(to: &key)
                return key
            }
        }
        return .array(all)
    }

    private static func text(_ element: JSONValue, _ names: String...) -> [UInt8] {
        names.flatMap { Array((element[$0]?.text ?? "").utf8) + [0] }
    }

    private static func key(_ labels: JSONValue?) -> [UInt8] { (labels?.labelSet ?? .empty).key }

    // MARK: - Labels

    private func cleaned(_ data: JSONValue) -> JSONValue {
        switch path {
        case "/rules":
            data.changing("groups") { each($0) { $0.changing("rules") { each($0, cleanedRule) } } }
        case "/alerts": data.changing("alerts") { each($0) { without($0, "labels") } }
        case "/targets": data.changing("activeTargets") { each($0) { without($0, "labels") } }
        case "/targets/metadata": each(data) { without($0, "target") }
        case "/query_exemplars": each(data) { without($0, "seriesLabels") }
        default: data
        }
    }

    private func cleanedRule(_ rule: JSONValue) -> JSONValue {
        without(rule, "labels").changing("alerts") { each($0) { without($0, "labels") } }
    }

    private func each(_ list: JSONValue, _ change: (JSONValue) -> JSONValue) -> JSONValue {
        guard case .array(let items) = list else { return list }
        return .array(items.map(change))
    }

    private func without(_ element: JSONValue, _ name: String) -> JSONValue {
        element.changing(name) { own in
            let set = own.labelSet
            let left = set.removing(labels)
            return left == set ? own : .labels(left)
        }
    }
}

extension ReplicaSet {
    /// Parameters that hold selectors.
    private static let selecting: Set<String> = ["query", "match_target", "match[]"]

    /// What replicas together answer to a question for a document.
    ///
    /// - Throws: where none answers.
    func reply(
        to question: DocumentQuestion, deadline: ContinuousClock.Instant
    ) async throws(UpstreamError) -> DocumentReply {
        var question = question
        let given = question.parameters.pairs
        let own = given.compactMap { pair -> (name: String, value: String)? in
            switch (question.path, pair.name) {
            case ("/query_exemplars", "query"):
                selectorsInServers(pair.value).map { (pair.name, $0) }
            case (_, "match_target"), (_, "match[]"):
                selectorInServers(pair.value).map { (pair.name, $0) }
            default: pair
            }
        }
        // Without its selectors a question would be for everything.
        let wanted = given.filter { Self.selecting.contains($0.name) }
        if !wanted.isEmpty, !own.contains(where: { Self.selecting.contains($0.name) }) {
            return .nothing
        }
        question.parameters = Parameters(own)
        let replies = try await askEach { [question] client throws(UpstreamError) in
            try await client.reply(to: question, deadline: deadline)
        }
        var documents: [JSONValue] = []
        var told: UpstreamDocument?
        var leftOut: String?
        for reply in replies {
            guard case .document(let document, let data, let left) = reply else { continue }
            documents.append(data)
            leftOut = leftOut ?? left
            guard var first = told else {
                told = document
                continue
            }
            first.warnings += document.warnings
            first.infos += document.infos
            first.isPartial = first.isPartial || document.isPartial
            told = first
        }
        // None has it, for the reason that the preferred one gives.
        guard let told else { return replies.first ?? .lacking }
        let union = ReplicaDocument(path: question.path, labels: LabelNames(labels))
        return .document(told, union.union(of: documents), leftOut: leftOut)
    }
}

import PrometheusServer
import PrometheusWire
import Upstream

extension MetadataEndpoints {
    /// As `metadata`, where each description tells the projects that give it.
    public func metadataByProject(
        _ request: PrometheusRequest
    ) async throws -> PrometheusResponse {
        let limit = try request.reader.number("limit") ?? -1
        let perMetric = try request.reader.number("limit_per_metric") ?? -1
        let metric = request.parameter("metric")
        let asked = MetadataFederation.Request(
            selectors: try MetadataSelectors([], project.rewriting), deadline: time.members)
        let answer = await federation.families(metric: metric.isEmpty ? nil : metric, asked)
        var projects: [MetricFamilies.Description: Set<String>] = [:]
        for (list, owner) in zip(answer.content, answer.owners) {
            guard let owner else { continue }
            for description in MetricFamilies([list]).descriptions {
                projects[description, default: []].insert(project.members[owner].name)
            }
        }
        let failures = try admit(answer.partial, asked: answer.asked, request) + answer.limitations
        let all = MetricFamilies(
            answer.content, limit: limit < 0 ? nil : limit,
            perFamily: perMetric > 0 ? perMetric : nil)
        var out = Envelope.head
        out +=
            JSONValue.object(
                all.families.map { family in
                    let described = family.descriptions.map { one in
                        JSONValue.object(
                            one.fields + [("projects", .strings((projects[one] ?? []).sorted()))])
                    }
                    return (family.name, .array(described))
                }
            ).bytes
        Envelope.appendTail(
            failures: failures, warnings: answer.annotations.warnings,
            infos: answer.annotations.infos, to: &out)
        return .json(out)
    }
}

/// What members say about metrics, as values.
struct MetricFamilies: Sendable {
    /// One description of one metric.
    struct Description: Sendable, Hashable {
        var metric: String
        /// As JSON.
        private var text: [UInt8]

        var fields: [(key: String, value: JSONValue)] {
            guard case .object(let pairs)? = try? JSONValue(parsing: text) else { return [] }
            return pairs
        }

        init(metric: String, _ value: JSONValue) {
            self.metric = metric
            text = value.bytes
        }
    }

    /// By name, each with its different descriptions in order.
    private(set) var families: [(name: String, descriptions: [Description])] = []

    var descriptions: [Description] { families.flatMap(\.descriptions) }

    /// - Parameters:
    ///   - lists: of the kind `families`.
    ///   - limit: Of families; nil for all.
    ///   - perFamily: Of descriptions of each; nil for all.
    init(_ lists: [ElementList], limit: Int? = nil, perFamily: Int? = nil) {
        var merge = FamilyMerge(of: lists.count, limit: limit, perFamily: perFamily)
        merge.add(lists)
        let written = WrittenWhole(merge)
        guard case .object(let pairs)? = written.value else { return }
        families = pairs.map { name, value in
            guard case .array(let all) = value else { return (name, []) }
            return (name, all.map { Description(metric: name, $0) })
        }
    }
}

/// A merged list as a value.
struct WrittenWhole {
    /// Nil for text that is no JSON, which no list writes.
    let value: JSONValue?

    init(_ list: some ListWriter) {
        var list = list
        var bytes = [list.brackets.opening]
        while list.write(to: &bytes, upTo: .max) == .full {}
        bytes.append(list.brackets.closing)
        value = try? JSONValue(parsing: bytes)
    }

    /// Of a list of names or values of labels.
    var strings: [String] {
        guard case .array(let elements)? = value else { return [] }
        return elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
}

import GoText

/// Stacks in memory.
package struct ProfileStore: Sendable {
    struct Profile: Sendable {
        var type: String
        var labels: [String: String]
        /// Milliseconds since 1970.
        var time: Int64
        var spanID: String
        var stacks: [(frames: [String], value: Int64)]

        var total: Int64 { stacks.reduce(0) { $0 + $1.value } }
    }

    private(set) var profiles: [Profile] = []

    package init() {}

    /// Adds a profile.
    ///
    /// - Parameters:
    ///   - type: As IDs are, `process_cpu:cpu:nanoseconds:cpu:nanoseconds`.
    ///   - milliseconds: Since 1970.
    ///   - stacks: The outermost function first.
    package mutating func add(
        type: String, labels: [String: String], milliseconds: Int64, spanID: String = "",
        stacks: [(frames: [String], value: Int64)]
    ) {
        var labels = labels
        labels["__profile_type__"] = type
        profiles.append(
            Profile(type: type, labels: labels, time: milliseconds, spanID: spanID, stacks: stacks))
    }
}

/// A small Pyroscope over stacks in memory: the methods of its querier, by Connect in both codecs.
/// Unlike the doubles of Loki and Tempo it was not judged by recordings.
package struct PyroscopeDouble: TelemetryDouble {
    private let store: ProfileStore
    /// The most functions that may be asked for.
    package var mostNodes: Int64 = 1_048_576
    /// How many functions are told where a request asks for no number.
    package var defaultNodes: Int64 = 8192

    package init(_ store: ProfileStore) { self.store = store }

    struct Refusal: Error {
        var status: Int
        var code: String
        var text: String

        static func invalid(_ text: String) -> Refusal {
            Refusal(status: 400, code: "invalid_argument", text: text)
        }
    }

    private static let types: ConnectRequest.Schema = [1: "start", 2: "end"]
    private static let schemas: [String: ConnectRequest.Schema] = [
        "ProfileTypes": types,
        "LabelNames": [1: "matchers", 2: "start", 3: "end"],
        "LabelValues": [1: "name", 2: "matchers", 3: "start", 4: "end"],
        "Series": [1: "matchers", 2: "labelNames", 3: "start", 4: "end"],
        "SelectMergeStacktraces": [
            1: "profileTypeID", 2: "labelSelector", 3: "start", 4: "end", 5: "maxNodes",
            6: "format",
        ],
        "SelectMergeSpanProfile": [
            1: "profileTypeID", 2: "labelSelector", 3: "spanSelector", 4: "start", 5: "end",
            6: "maxNodes", 7: "format",
        ],
        "SelectSeries": [
            1: "profileTypeID", 2: "labelSelector", 3: "start", 4: "end", 5: "groupBy", 6: "step",
            7: "aggregation", 9: "limit",
        ],
        "GetProfileStats": [:],
    ]

    package func answer(_ request: DoubleRequest) -> DoubleAnswer {
        if request.path == "/ready" { return .refusal(200, "ready") }
        let prefix = "/querier.v1.QuerierService/"
        guard request.path.hasPrefix(prefix) else { return .unknownPath }
        guard request.method == "POST" else { return DoubleAnswer(status: 405) }
        do throws(Refusal) {
            let method = String(request.path.dropFirst(prefix.count))
            guard let schema = Self.schemas[method] else {
                throw Refusal(
                    status: 501, code: "unimplemented",
                    text: "querier.v1.QuerierService.\(method) is not implemented")
            }
            let type = request.header("Content-Type") ?? ""
            guard type == "application/proto" || type == "application/json" else {
                return DoubleAnswer(status: 415)
            }
            let isJSON = type == "application/json"
            let asked: ConnectRequest
            do throws(ConnectRequest.Malformed) {
                asked =
                    isJSON
                    ? try ConnectRequest(json: request.body, schema)
                    : try ConnectRequest(protobuf: request.body, schema)
            } catch {
                throw Refusal.invalid("the message cannot be read")
            }
            let message = try self.message(method, asked)
            return DoubleAnswer(type: type, body: isJSON ? message.json.bytes : message.protobuf)
        } catch {
            let text = JSONNode.object([
                .init("code", .string(error.code)), .init("message", .string(error.text)),
            ])
            return DoubleAnswer(status: error.status, type: "application/json", body: text.bytes)
        }
    }

    private func message(
        _ method: String, _ asked: ConnectRequest
    ) throws(Refusal) -> ConnectMessage {
        switch method {
        case "ProfileTypes": return types(of: chosen(asked, []))
        case "LabelNames":
            let profiles = chosen(asked, try selectors(asked.list("matchers")))
            let names = Set(profiles.flatMap { Array($0.labels.keys) })
            return ConnectMessage([(1, "names", .texts(names.sorted()))])
        case "LabelValues":
            guard !asked.text("name").isEmpty else { throw Refusal.invalid("name is required") }
            let profiles = chosen(asked, try selectors(asked.list("matchers")))
            let values = Set(profiles.compactMap { $0.labels[asked.text("name")] })
            return ConnectMessage([(1, "names", .texts(values.sorted()))])
        case "Series": return try series(asked)
        case "SelectSeries": return try points(asked)
        case "GetProfileStats":
            return ConnectMessage([
                (1, "dataIngested", .bool(!store.profiles.isEmpty)),
                (2, "oldestProfileTime", .number(store.profiles.map(\.time).min() ?? 0)),
                (3, "newestProfileTime", .number(store.profiles.map(\.time).max() ?? 0)),
            ])
        default:
            let graph = try flameGraph(asked, isOfSpans: method == "SelectMergeSpanProfile")
            return ConnectMessage([(1, "flamegraph", .message(graph.message()))])
        }
    }

    // MARK: Choosing

    private func selectors(_ texts: [String]) throws(Refusal) -> [[LogMatcher]] {
        var selectors: [[LogMatcher]] = []
        for text in texts {
            do throws(LogQLError) {
                selectors.append(try LogQLParser.selector(text, allowsEverything: true))
            } catch {
                throw Refusal.invalid(error.text)
            }
        }
        return selectors
    }

    /// The profiles of the window that one of the selectors fits; all where there is none.
    private func chosen(
        _ asked: ConnectRequest, _ selectors: [[LogMatcher]]
    ) -> [ProfileStore.Profile] {
        let start = asked.number("start") ?? 0
        let end = asked.number("end") ?? 0
        return store.profiles.filter { profile in
            (end == 0 || (profile.time >= start && profile.time <= end))
                && (selectors.isEmpty
                    || selectors.contains { matchers in
                        matchers.allSatisfy { $0.accepts(profile.labels) }
                    })
        }
    }

    private func selected(_ asked: ConnectRequest) throws(Refusal) -> [ProfileStore.Profile] {
        let type = asked.text("profileTypeID")
        guard type.split(separator: ":").count >= 5 else {
            throw Refusal.invalid(
                "profile-type selection must be of the form "
                    + "<name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta), "
                    + "got(\(type.split(separator: ":").count)): \(GoQuoting.quote(type))")
        }
        return chosen(asked, try selectors([asked.text("labelSelector")]))
            .filter { $0.type == type }
    }

    // MARK: Answers

    private func types(of profiles: [ProfileStore.Profile]) -> ConnectMessage {
        let types = Set(profiles.map(\.type)).sorted().map { type in
            let parts = type.split(separator: ":", omittingEmptySubsequences: false)
                .map(String.init)
            func part(_ index: Int) -> ConnectMessage.Value {
                .text(parts.indices.contains(index) ? parts[index] : "")
            }
            return ConnectMessage([
                (1, "ID", .text(type)), (2, "name", part(0)), (4, "sampleType", part(1)),
                (5, "sampleUnit", part(2)), (6, "periodType", part(3)), (7, "periodUnit", part(4)),
            ])
        }
        return ConnectMessage([(1, "profileTypes", .messages(types))])
    }

    private static func message(of labels: [String: String]) -> [ConnectMessage] {
        labels.sorted { $0.key < $1.key }.map {
            ConnectMessage([(1, "name", .text($0.key)), (2, "value", .text($0.value))])
        }
    }

    private func series(_ asked: ConnectRequest) throws(Refusal) -> ConnectMessage {
        let names = Set(asked.list("labelNames"))
        let all = chosen(asked, try selectors(asked.list("matchers"))).map { profile in
            names.isEmpty ? profile.labels : profile.labels.filter { names.contains($0.key) }
        }
        let sets = Set(all).sorted(byLabels: \.self)
        return ConnectMessage([
            (
                1, "labelsSet",
                .messages(
                    sets.map { ConnectMessage([(1, "labels", .messages(Self.message(of: $0)))]) })
            )
        ])
    }

    private func flameGraph(
        _ asked: ConnectRequest, isOfSpans: Bool
    ) throws(Refusal) -> FlameGraph {
        var count = asked.number("maxNodes") ?? 0
        if count <= 0 { count = defaultNodes }
        guard count <= mostNodes else {
            throw Refusal.invalid(
                "max flamegraph nodes limit \(count) is greater than allowed \(mostNodes)")
        }
        let spans = Set(asked.list("spanSelector"))
        var graph = FlameGraph()
        for profile in try selected(asked) where !isOfSpans || spans.contains(profile.spanID) {
            for (frames, value) in profile.stacks { graph.add(frames, value) }
        }
        return graph.cut(to: Int(count))
    }

    private func points(_ asked: ConnectRequest) throws(Refusal) -> ConnectMessage {
        let step = Int64(asked.double("step") * 1000)
        guard step > 0 else { throw Refusal.invalid("step must be non-zero") }
        let start = asked.number("start") ?? 0
        let end = asked.number("end") ?? 0
        let names = asked.list("groupBy")
        let isAverage =
            asked.number("aggregation") == 1 || asked.text("aggregation").hasSuffix("AVERAGE")
        var series: [[String: String]: [Int64: [Int64]]] = [:]
        for profile in try selected(asked) {
            // A point sums up what came since the one before it.
            let time = start + -(start - profile.time).floorDivided(by: step) * step
            guard time <= end else { continue }
            let labels = profile.labels.filter { names.contains($0.key) }
            series[labels, default: [:]][max(time, start), default: []].append(profile.total)
        }
        let limit = asked.number("limit") ?? 0
        let rows = series.map { labels, points -> Row in
            let values = points.sorted { $0.key < $1.key }.map { time, values in
                let sum = Double(values.reduce(0, +))
                return (time: time, value: isAverage ? sum / Double(values.count) : sum)
            }
            return Row(labels: labels, points: values)
        }
        let ordered = rows.sorted(byLabels: \.labels)
        let largest = ordered.stablySorted { $0.total > $1.total }
        let kept = limit > 0 ? Array(largest.prefix(Int(limit))) : ordered
        return ConnectMessage([(1, "series", .messages(kept.map(\.message)))])
    }

    private struct Row {
        var labels: [String: String]
        var points: [(time: Int64, value: Double)]

        var total: Double { points.reduce(0) { $0 + $1.value } }

        var message: ConnectMessage {
            let points = self.points.map { point in
                ConnectMessage([
                    (1, "value", .double(point.value)), (2, "timestamp", .number(point.time)),
                ])
            }
            return ConnectMessage([
                (1, "labels", .messages(PyroscopeDouble.message(of: labels))),
                (2, "points", .messages(points)),
            ])
        }
    }
}

import GoText
import PromQL
import PrometheusWire
import TimeSeries
import Upstream

/// Samples in the format that the reader asked for.
struct FederateExposition {
    /// What a series is written as.
    typealias Value = MetricFamilyMessages.Value

    private enum Writer {
        case text(FederateText)
        case messages(MetricFamilyMessages)
    }

    let format: FederateFormat
    private var writer: Writer

    init(_ format: FederateFormat) {
        self.format = format
        switch format.kind {
        case .text:
            writer = .text(FederateText(escaping: format.escaping, isOpenMetrics: false))
        case .openMetrics:
            writer = .text(FederateText(escaping: format.escaping, isOpenMetrics: true))
        case .protobuf: writer = .messages(MetricFamilyMessages())
        }
    }

    /// Why the format cannot say a value; nil where it can.
    static func obstacle(_ value: Value, in format: FederateFormat) -> String? {
        guard case .histogram(let histogram) = value else { return nil }
        switch format.kind {
        case .text, .openMetrics: return "the format has no native histograms"
        case .protobuf:
            return histogram.usesCustomBuckets ? "the format has no custom buckets" : nil
        }
    }

    /// A line that parsers pass over, where the format has such.
    mutating func comment(_ text: String) {
        guard case .text(var writer) = writer else { return }
        writer.comment(text)
        self.writer = .text(writer)
    }

    /// Appends one series; those of one name must follow each other. A series without a name has no
    /// place in any format, and neither has what there is an obstacle to.
    mutating func append(_ labels: LabelSet, value: Value, time: Timestamp) {
        guard let name = labels["__name__"], !name.isEmpty else { return }
        switch (writer, value) {
        case (.text(var text), .float(let value)):
            // Not two copies of everything that was written.
            writer = .messages(MetricFamilyMessages())
            text.append(name, Self.exposed(labels), value: value, time: time)
            writer = .text(text)
        case (.text, .histogram): break
        case (.messages(var messages), let value):
            writer = .text(FederateText(escaping: .underscores, isOpenMetrics: false))
            messages.append(
                name: format.escaping.escaped(name),
                labels: Self.exposed(labels).map { (format.escaping.escaped($0.name), $0.value) },
                value: value, time: time)
            writer = .messages(messages)
        }
    }

    /// Without the name, and with an empty instance where there is none: else the server that reads
    /// this would set its own.
    private static func exposed(_ labels: LabelSet) -> [(name: String, value: String)] {
        var exposed: [(name: String, value: String)] = []
        var hasInstance = false
        for label in labels.pairs where label.name != "__name__" {
            exposed.append((label.name, label.value))
            if label.name == "instance" { hasInstance = true }
        }
        if !hasInstance { exposed.append(("instance", "")) }
        return exposed
    }

    var bytes: [UInt8] {
        switch writer {
        case .text(let text): text.bytes
        case .messages(let messages): messages.bytes
        }
    }
}

/// The native histograms behind newest samples, from the members' remote read: what a query answers
/// lacks their schema where buckets do not tell it, custom bounds, and whether they are gauges.
struct FederateHistograms: Sendable {
    var members: RemoteReadMembers
    var selectors: [VectorSelector]
    /// Later samples are read, the end included.
    var start: Timestamp
    var end: Timestamp

    struct Found: Sendable {
        var histograms: [LabelSet: FloatHistogram] = [:]
        /// By member, why some of its histograms are not known.
        var causes: [Int: String] = [:]
    }

    /// - Parameter wanted: by member, the series whose histograms are wanted, and the time of each.
    func found(_ wanted: [Int: [LabelSet: Timestamp]]) async throws(APIError) -> Found {
        var found = Found()
        guard !wanted.isEmpty else { return found }
        let project = members.project
        var plan: RemoteReadPlan
        do throws(RemoteReadPlan.InvalidExpression) {
            plan = try RemoteReadPlan(
                queries(names: wanted.values.flatMap(\.keys)),
                members: project.members.map(\.name), project.rewriting)
        } catch {
            throw .badData(error.text)
        }
        plan.parts.removeAll { wanted[$0.member] == nil }
        for (part, reply) in await members.ask(plan, accepting: [.samples]) {
            let times = wanted[part.member] ?? [:]
            switch reply {
            case .success(.samples(let pages)):
                do {
                    for (_, page) in pages {
                        let some = try await members.turn.compute {
                            try RemoteReadSamples.histograms(of: page) { times[$0] }
                        }
                        found.histograms.merge(some) { first, _ in first }
                    }
                } catch {
                    found.causes[part.member] = "its remote read is malformed: \(error)"
                }
            case .success(.chunks): continue
            case .failure(let error):
                found.causes[part.member] = "remote read: \(error.cause)"
            }
        }
        return found
    }

    /// The selectors, narrowed to the metrics that have histograms where their names allow it.
    private func queries(names: [LabelSet]) -> [RemoteReadRequest.Query] {
        let names = Set(names.map { $0["__name__"] ?? "" })
        let isNarrowed = names.count <= 100 && names.allSatisfy(NameEscaping.isLegacy)
        return selectors.map { selector in
            var matchers = selector.matchers.map(RemoteReadRequest.Matcher.init)
            if isNarrowed {
                matchers.append(
                    .init("__name__", .regexMatch, names.sorted().joined(separator: "|")))
            }
            return RemoteReadRequest.Query(start: start, end: end, matchers: matchers)
        }
    }
}

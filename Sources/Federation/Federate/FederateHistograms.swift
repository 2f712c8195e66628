import GoText
import PromQL
import PrometheusWire
import TimeSeries
import Upstream

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
                members: project.members.map(\.name), partition: project.partition)
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

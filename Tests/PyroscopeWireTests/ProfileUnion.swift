import GoText
import PromQL
import TestSupport
import TimeSeries

@testable import PyroscopeWire

/// Profiles in memory, asked as a server is. One that holds everything, with the label of each
/// member, is what every answer over members must equal.
struct ProfileStore {
    struct Profile {
        var labels: LabelSet
        var type: String
        var time: Timestamp
        var stacks: [(Int64, [String])]
    }

    var profiles: [Profile] = []

    private func matching(
        _ selectors: [String], _ start: Timestamp, _ end: Timestamp
    ) throws -> [Profile] {
        let selectors = try selectors.map { try ProfileSelector($0) }
        return profiles.filter { profile in
            guard profile.time >= start, profile.time <= end else { return false }
            return selectors.isEmpty
                || selectors.contains { selector in
                    selector.matchers.allSatisfy { $0.accepts(profile.labels[$0.name] ?? "") }
                }
        }
    }

    func answer(_ request: LabelNamesRequest) throws -> LabelNamesResponse {
        var response = LabelNamesResponse()
        let profiles = try matching(request.matchers, request.start, request.end)
        response.names = Set(profiles.flatMap { $0.labels.pairs.map(\.name) }).sorted()
        return response
    }

    func answer(_ request: LabelValuesRequest) throws -> LabelValuesResponse {
        var response = LabelValuesResponse()
        let profiles = try matching(request.matchers, request.start, request.end)
        response.names = Set(profiles.compactMap { $0.labels[request.name] }).sorted()
        return response
    }

    func answer(_ request: SeriesRequest) throws -> SeriesResponse {
        var response = SeriesResponse()
        let profiles = try matching(request.matchers, request.start, request.end)
        let kept = LabelNames(request.labelNames)
        let sets = profiles.map {
            request.labelNames.isEmpty ? $0.labels : $0.labels.keeping(kept)
        }
        response.labelsSet = Set(sets).sorted().map(SeriesResponse.Labels.init)
        return response
    }

    func answer(_ request: ProfileTypesRequest) throws -> ProfileTypesResponse {
        var response = ProfileTypesResponse()
        let profiles = try matching([], request.start, request.end)
        response.profileTypes = Set(profiles.map(\.type)).sorted().compactMap(ProfileType.init)
        return response
    }

    func answer(_ request: SelectSeriesRequest) throws -> SelectSeriesResponse {
        let profiles = try matching([request.labelSelector], request.start, request.end)
            .filter { $0.type == request.profileTypeID }
        let kept = LabelNames(request.groupBy)
        let step = Int64(request.step * 1000)
        var groups: [LabelSet: [Timestamp: [Int64]]] = [:]
        for profile in profiles {
            let place = (profile.time - request.start).count / step
            let time = request.start + Milliseconds(place * step)
            let value = profile.stacks.reduce(0) { $0 + $1.0 }
            groups[profile.labels.keeping(kept), default: [:]][time, default: []].append(value)
        }
        var series = groups.sorted { $0.key < $1.key }.map { group in
            var series = ProfileSeries()
            series.labels = group.key.labelPairs
            series.points = group.value.sorted { $0.key < $1.key }.map { time, values in
                let sum = Double(values.reduce(0, +))
                return ProfileSeries.Point(
                    time,
                    request.aggregation == .average ? sum / Double(values.count) : sum)
            }
            return series
        }
        if let limit = request.limit, limit > 0 {
            let ordered = series.enumerated().sorted { a, b in
                let totals = [a, b].map { $0.element.points.reduce(0) { $0 + $1.value } }
                return totals[0] == totals[1] ? a.offset < b.offset : totals[0] > totals[1]
            }
            series = ordered.prefix(Int(limit)).map(\.element)
        }
        var response = SelectSeriesResponse()
        response.series = series
        return response
    }

    /// - Parameter most: the most nodes that the server gives.
    func answer(
        _ request: SelectMergeStacktracesRequest, most: Int64 = FlameGraphLimit.most
    ) throws -> SelectMergeStacktracesResponse {
        var tree = FlameTree()
        let profiles = try matching([request.labelSelector], request.start, request.end)
        for profile in profiles where profile.type == request.profileTypeID {
            for (value, stack) in profile.stacks { try tree.add(value, stack: stack) }
        }
        let nodes = try FlameGraphLimit.nodes(asked: request.maxNodes)
        return SelectMergeStacktracesResponse(tree.cut(to: min(nodes, most)).flameGraph)
    }
}

/// Members with profiles of their own, and their union.
struct ProfileUnion {
    var members: [(name: String, labels: LabelInjection, store: ProfileStore)] = []
    var union = ProfileStore()

    static let types = [
        "process_cpu:cpu:nanoseconds:cpu:nanoseconds", "memory:inuse_space:bytes:space:bytes",
    ]
    static let start: Timestamp = 1_700_000_000_000
    static let end = start + 600_000

    init(_ random: inout SeededRandom) {
        let partition = PartitionLabel()
        for name in ["prod-a", "prod-b", "prod-c"].prefix(1 + random.below(3)) {
            var store = ProfileStore()
            for _ in 0..<random.below(25) {
                // Every profile has a service, as a server sees to.
                var labels = [(name: "service_name", value: random.pick(["a", "b", "c"]))]
                for label in ["pod", "project", "exported_project"] where random.oneIn(2) {
                    labels.append((label, random.pick(["a", "b", "prod-a", "x\"y"])))
                }
                let profile = ProfileStore.Profile(
                    labels: LabelSet(labels), type: random.pick(Self.types),
                    time: Self.start + Milliseconds(Int64(random.below(600_001))),
                    stacks: RandomStacks.some(&random))
                store.profiles.append(profile)
                var shown = profile
                shown.labels = partition.injecting(name, into: profile.labels)
                union.profiles.append(shown)
            }
            members.append((name, partition.labels(of: name), store))
        }
    }

    /// What the members that are chosen answer.
    func answers<Request, Answer>(
        _ request: (LabelInjection) throws -> Request?,
        _ answer: (ProfileStore, Request) throws -> Answer
    ) throws -> [MemberAnswer<Answer>] {
        try members.compactMap { member in
            try request(member.labels).map {
                MemberAnswer(
                    member: member.name, labels: member.labels,
                    answer: try answer(member.store, $0))
            }
        }
    }
}

enum RandomSelectors {
    static let names = ["pod", "service_name", "project", "exported_project", "none"]

    static func one(_ random: inout SeededRandom) -> String {
        let matchers = (0..<random.below(3)).map { _ in
            let value = random.pick(["a", "b", "prod-a", "prod-.*", "", ".*", "x\\\"y", "a|prod-b"])
            return random.pick(names) + random.pick(["=", "!=", "=~", "!~"]) + "\"\(value)\""
        }
        return "{" + matchers.joined(separator: ",") + "}"
    }

    static func some(_ random: inout SeededRandom) -> [String] {
        (0..<random.below(3)).map { _ in one(&random) }
    }
}

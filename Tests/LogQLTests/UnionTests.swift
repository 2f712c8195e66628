import LogQL
import TestSupport
import Testing
import TimeSeries

/// The plan over members is what one Loki answers that holds the streams of all of them.
@Suite struct UnionTests {
    static let label = "project"

    /// Three members: two alike, and one whose streams have a label of the partition label's name.
    static func members(_ random: inout SeededRandom) -> [(name: String, loki: SmallLoki)] {
        var all: [(name: String, loki: SmallLoki)] = []
        for name in ["prod-a", "prod-b", "prod-c"] {
            var streams: [SmallLoki.Stream] = []
            for app in ["x", "y"] {
                for pod in ["p1", "p2", "q1"] where random.oneIn(2) {
                    var labels = ["app": app, "pod": pod, "env": pod == "q1" ? "dev" : "prod"]
                    if name == "prod-c" { labels[label] = random.pick(["own-1", "own-2"]) }
                    labels["service_name"] = app
                    let lines = (0..<random.below(12)).map { _ in line(&random) }
                    streams.append(SmallLoki.Stream(labels: labels, lines: lines))
                }
            }
            all.append((name, SmallLoki(streams: streams)))
        }
        return all
    }

    private static func line(_ random: inout SeededRandom) -> SmallLoki.Line {
        var fields = ["level": random.pick(["info", "error"]), "h": "h\(random.below(3))"]
        if !random.oneIn(5) { fields["v"] = "\(random.below(7))" }
        if random.oneIn(3) { fields[label] = random.pick(["cart", "pay"]) }
        return SmallLoki.Line(
            time: Double(random.below(1200)) / 10,
            text: random.pick(["GET /a", "GET /b", "error /a", "done"]), fields: fields)
    }

    static func scope(_ members: [(name: String, loki: SmallLoki)]) -> LogScope {
        LogScope(
            partition: PartitionLabel(label),
            members: members.map { member in
                let has = member.loki.streams.contains { $0.labels[label] != nil }
                return LogMember(member.name, ownLabels: has ? [label] : [])
            })
    }

    static let times = stride(from: 0.0, through: 120, by: 20).map { $0 }

    @Test(arguments: 0..<8)
    func `numbers over members are those over their union`(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var generator = LogQueryGenerator(
            seed: seed &+ 1000, members: ["prod-a", "prod-b", "prod-c"], isPlain: true)
        var (answered, refused) = (0, 0)
        for round in 0..<60 {
            let members = Self.members(&random)
            let union = SmallLoki.union(members, label: Self.label)
            let scope = Self.scope(members)
            let text = generator.numbers(round % 4)
            guard case .metric(let expression) = try LogQLQuery(text) else { continue }
            let plan: MetricPlan
            do {
                plan = try scope.plan(expression)
            } catch {
                refused += 1
                continue
            }
            let expected: [SmallLoki.Vector]
            do {
                expected = try Self.times.map { try union.value(expression, at: $0) }
            } catch is SmallLoki.Refused {
                continue
            }
            answered += 1
            let answers = try plan.fetches.map { fetch in
                try Self.answer(fetch.text, members[fetch.member].loki).map { series in
                    var series = series
                    series.labels = scope.visible(series.labels, of: fetch.member)
                    return series
                }
            }
            let value = try plan.value(on: Self.times.count, of: answers)
            for (step, expected) in expected.enumerated() {
                let found = value.filter { $0.hasValue(at: step) }
                    .map { (labels: $0.labels, value: $0.values[step]) }
                let wanted = expected.map { (labels: LabelSet($0.labels), value: $0.value) }
                let isEqual = Self.agree(found, wanted)
                #expect(
                    isEqual,
                    "\(text)\nat \(Self.times[step]): \(found)\nbut the union: \(wanted)\nasked: \(plan.fetches.map(\.text))"
                )
                if !isEqual { return }
            }
        }
        #expect(answered > 30, "\(answered) answered, \(refused) refused")
    }

    /// A member's answer to a text, on the steps.
    private static func answer(_ text: String, _ loki: SmallLoki) throws -> [StepSeries] {
        guard case .metric(let expression) = try LogQLQuery(text) else { return [] }
        var series: [LabelSet: [Double]] = [:]
        for (step, time) in times.enumerated() {
            for one in try loki.value(expression, at: time) {
                let absent = [Double](repeating: SampleValue.absent, count: times.count)
                series[LabelSet(one.labels), default: absent][step] = one.value
            }
        }
        return series.map { StepSeries(labels: $0.key, values: $0.value) }
            .sorted { $0.labels < $1.labels }
    }

    private static func agree(
        _ found: [(labels: LabelSet, value: Double)], _ wanted: [(labels: LabelSet, value: Double)]
    ) -> Bool {
        guard found.count == wanted.count else { return false }
        let byLabels = Dictionary(
            wanted.map { ($0.labels, $0.value) }, uniquingKeysWith: { first, _ in first })
        return found.allSatisfy { one in
            guard let other = byLabels[one.labels] else { return false }
            if one.value.isNaN || other.isNaN { return one.value.isNaN && other.isNaN }
            return abs(one.value - other) <= 1e-7 * max(1, abs(other))
        }
    }

    @Test(arguments: 0..<6)
    func `lines of members are those of their union`(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var generator = LogQueryGenerator(
            seed: seed &+ 2000, members: ["prod-a", "prod-b", "prod-c"], isPlain: true)
        for _ in 0..<100 {
            let members = Self.members(&random)
            let union = SmallLoki.union(members, label: Self.label)
            let scope = Self.scope(members)
            let text = generator.lines()
            guard case .log(let query) = try LogQLQuery(text) else { continue }
            let plan = try scope.plan(query)
            var found: [String] = []
            for fetch in plan.fetches {
                guard case .log(let own) = try LogQLQuery(fetch.text) else { continue }
                for passed in try members[fetch.member].loki.passed(own) {
                    var labels = scope.visible(LabelSet(passed.labels), of: fetch.member)
                    if fetch.addsLabel {
                        labels = labels.setting(Self.label, to: members[fetch.member].name)
                    }
                    found.append("\(labels.quotedText) \(passed.line.time) \(passed.line.text)")
                }
            }
            let wanted = try union.passed(query).map {
                "\(LabelSet($0.labels).quotedText) \($0.line.time) \($0.line.text)"
            }
            #expect(
                found.sorted() == wanted.sorted(), "\(text)\nasked: \(plan.fetches.map(\.text))")
        }
    }

    @Test(arguments: 0..<4)
    func `what members are sent are queries that do not name the label`(_ seed: UInt64) throws {
        var generator = LogQueryGenerator(seed: seed &+ 3000, members: ["prod-a", "prod-b"])
        let scope = LogScope(
            partition: PartitionLabel("project"),
            members: [LogMember("prod-a"), LogMember("prod-b"), LogMember("prod-c")])
        // Own labels of its name apart, which are the member's affair.
        let own = try Regex("exported_project|project_extracted")
        var planned = 0
        for round in 0..<150 {
            let text = round % 3 == 0 ? generator.lines() : generator.numbers(round % 4)
            guard text.firstMatch(of: own) == nil else { continue }
            var sent: [String] = []
            switch try LogQLQuery(text) {
            case .log(let query): sent = (try? scope.plan(query))?.fetches.map(\.text) ?? []
            case .metric(let query): sent = (try? scope.plan(query))?.fetches.map(\.text) ?? []
            }
            for part in sent {
                planned += 1
                #expect(try LogQLQuery(part).description == part)
                #expect(!part.contains("project"), "\(text)\n\(part)")
            }
        }
        #expect(planned > 50)
    }
}

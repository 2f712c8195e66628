import Foundation
import LogQL
import Testing
import TimeSeries

/// What real Lokis answered to instant queries: two members, and one that holds the streams of both.
/// A plan whose texts the members were asked too has the value of the union.
@Suite struct RecordedPlanTests {
    private struct Record: Decodable {
        var who: String
        var query: String
        var time: String
        var series: [StepSeries]

        private enum Key: CodingKey { case who, query, time, result }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            who = try fields.decode(String.self, forKey: .who)
            query = try fields.decode(String.self, forKey: .query)
            time = try fields.decode(String.self, forKey: .time)
            var list = try fields.nestedUnkeyedContainer(forKey: .result)
            series = []
            while !list.isAtEnd {
                var pair = try list.nestedUnkeyedContainer()
                let labels = LabelSet(try pair.decode([String: String].self))
                let value = Double(try pair.decode(String.self)) ?? .nan
                series.append(StepSeries(labels: labels, values: [value]))
            }
        }
    }

    private struct Question: Hashable {
        var who: String
        var text: String
        var time: String
    }

    private static func records() throws -> [Record] {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/instants.jsonl")
        return try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(Record.self, from: Data($0.utf8))
        }
    }

    @Test func `a plan has the value that the real union gave`() throws {
        let records = try Self.records()
        var answers: [Question: [StepSeries]] = [:]
        for record in records where record.who != "union" {
            let text = try LogQLQuery(record.query).description
            answers[Question(who: record.who, text: text, time: record.time)] = record.series
        }
        var judged = 0
        var unasked: [String] = []
        for record in records where record.who == "union" {
            guard case .metric(let expression) = try LogQLQuery(record.query) else { continue }
            // Streams of this application have a label of their own of that name.
            let own: Set<String> = record.query.contains(#"app="batch""#) ? ["project"] : []
            let scope = LogScope(members: [
                LogMember("prod-a", ownLabels: own), LogMember("prod-b", ownLabels: own),
            ])
            guard let plan = try? scope.plan(expression) else {
                unasked.append(record.query)
                continue
            }
            let given = plan.fetches.map { fetch in
                answers[
                    Question(
                        who: scope.members[fetch.member].name, text: fetch.text, time: record.time)
                ].map { series in
                    series.map { one in
                        var one = one
                        one.labels = scope.visible(one.labels, of: fetch.member)
                        return one
                    }
                }
            }
            guard given.allSatisfy({ $0 != nil }) else {
                unasked.append(record.query)
                continue
            }
            judged += 1
            let value = try plan.value(on: 1, of: given.compactMap(\.self))
            let isTied = record.query.contains("topk(1")
            #expect(
                Self.agree(value, record.series, byValue: isTied),
                "\(record.query): \(value) but \(record.series)")
        }
        #expect(judged > 55, "\(judged) judged; not asked of members: \(unasked)")
    }

    private static func agree(
        _ found: [StepSeries], _ wanted: [StepSeries], byValue: Bool
    ) -> Bool {
        guard found.count == wanted.count else { return false }
        if byValue {
            return zip(found.map { $0.values[0] }.sorted(), wanted.map { $0.values[0] }.sorted())
                .allSatisfy { isClose($0, $1) }
        }
        let byLabels = Dictionary(
            wanted.map { ($0.labels, $0.values[0]) }, uniquingKeysWith: { first, _ in first })
        return found.allSatisfy { one in
            byLabels[one.labels].map { isClose(one.values[0], $0) } ?? false
        }
    }

    private static func isClose(_ a: Double, _ b: Double) -> Bool {
        (a.isNaN && b.isNaN) || abs(a - b) <= 1e-9 * max(1, abs(b))
    }
}

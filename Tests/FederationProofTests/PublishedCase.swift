import EmbeddedPrometheus
import Federation
import GoText
import PromQL
import PromQLEngine
import PromQLScripts
import PromQLTest
import TestSupport
import Testing
import TimeSeries

/// A query that a federation somewhere answered wrongly, over members of its own.
struct PublishedCase: Sendable, CustomTestStringConvertible {
    /// Of the project that published it, with the number there.
    var name: String
    /// A script's `load` block for each member, named `a`, `b`, …
    var members: [String]
    var query: String
    /// Milliseconds; nil for an instant query at `time`.
    var grid: StepGrid
    /// The one value of the answer at its last step, where one number says it all.
    var value: Double?
    /// The number of elements, where that says it all.
    var count: Int?

    var testDescription: String { "\(name): \(query)" }

    init(
        _ name: String, _ members: [String], _ query: String,
        at grid: StepGrid = .instant(600_000), value: Double? = nil, count: Int? = nil
    ) {
        self.name = name
        self.members = members
        self.query = query
        self.grid = grid
        self.value = value
        self.count = count
    }

    /// Over the usual members.
    init(
        _ name: String, _ query: String, at grid: StepGrid = .instant(600_000),
        value: Double? = nil, count: Int? = nil
    ) {
        self.init(name, Self.usual, query, at: grid, value: value, count: count)
    }

    /// Each member has what the other has, with other values, and something of its own.
    static let usual = [
        """
        load 30s
          m{pod="1",region="west"} 1+1x40
          m{pod="2",region="east"} 2+2x40
          x_total{pod="1",service="s"} 0+30x40
          x_total{pod="2",service="t"} 0+60x40
          lat_bucket{le="1",pod="1"} 0+10x40
          lat_bucket{le="+Inf",pod="1"} 0+20x40
          limit{job="j"} 5x40
          flag{pod="1"} 1x40
        """,
        """
        load 30s
          m{pod="1",region="west"} 10+1x40
          m{pod="3",region="east"} 3+3x40
          x_total{pod="1",service="s"} 0+90x40
          lat_bucket{le="1.0",pod="1"} 0+30x40
          lat_bucket{le="+Inf",pod="1"} 0+30x40
          only_b{pod="9"} 7x40
          flag{pod="3"} 1x40
          flag{pod="1"} 0x40
        """,
    ]
}

/// Both answers to a case.
struct PublishedAnswers {
    var union: Result<QueryResult, any Error>
    var federation: Result<QueryResult, any Error>
    /// nil where they say the same, refusals included.
    var difference: String?

    init(to published: PublishedCase) async throws {
        let partition = PartitionLabel()
        let names = Array(["a", "b", "c"].prefix(published.members.count))
        var parts: [[SampleSeries]] = []
        for member in published.members {
            let script = try PromQLScript(parsing: member)
            var series: [SampleSeries] = []
            for case .load(let load) in script.commands { series += load.series() }
            parts.append(series)
        }
        let all = zip(names, parts).flatMap { name, series in
            series.map { one in
                var copy = one
                copy.labels = partition.injecting(name, into: one.labels)
                return copy
            }
        }
        let options = EngineOptions()
        let judgement = AnswerJudgement(options: options, parsing: .everything)
        let store = MemoryStore(all)
        let (query, grid) = (published.query, published.grid)
        union = Result { try judgement.evaluate(query, on: grid, over: store) }
        let federated = FederatedEvaluator(
            sources: parts.map { MemoryStore($0) },
            scope: FederationScope(members: names, partition: partition), options: options,
            parsing: .everything)
        do {
            federation = .success(try await federated.evaluate(query, on: grid))
        } catch {
            federation = .failure(error)
        }
        switch (union, federation) {
        case (.success(let wanted), .success(let given)):
            difference = judgement.difference(
                wanted.value, given.value, of: query, on: grid, over: store)
        case (.failure, .failure): difference = nil
        case (.failure(let error), .success): difference = "the union refuses: \(error)"
        case (.success, .failure(let error)): difference = "the plan fails: \(error)"
        }
    }
}

public import EmbeddedPrometheus
public import Federation
public import PromQL
public import PromQLEngine
public import TimeSeries

/// The proof in process: for generated data over some partitions and generated queries, the plan
/// over the partitions answers as the engine over their union.
public struct FederationProof: Sendable {
    public struct Difference: Sendable, CustomStringConvertible {
        public var query: String
        public var grid: StepGrid
        public var reason: String
        public var seed: UInt64

        public var description: String {
            "seed \(seed), \(grid.start)…\(grid.end)/\(grid.step): \(query)\n    \(reason)"
        }
    }

    public struct Report: Sendable {
        public var compared = 0
        /// Queries that both sides refuse, as they must.
        public var refused = 0
        public var differences: [Difference] = []
    }

    public var seed: UInt64
    public var partitions: Int
    public var features: QueryGenerator.Features
    private let data: GeneratedData
    private let union: MemoryStore
    private let federated: FederatedEvaluator
    private let options: EngineOptions
    private let comparison = ResultComparison()

    public init(seed: UInt64, partitions: Int, features: QueryGenerator.Features) {
        self.seed = seed
        self.partitions = partitions
        self.features = features
        data = GeneratedData(seed: seed, partitions: partitions)
        let partition = PartitionLabel()
        union = MemoryStore(
            zip(data.members, data.series).flatMap { member, series in
                series.map { one in
                    var copy = one
                    copy.labels = partition.injecting(member, into: one.labels)
                    return copy
                }
            })
        options = EngineOptions()
        federated = FederatedEvaluator(
            sources: data.series.map { MemoryStore($0) },
            scope: FederationScope(members: data.members, partition: partition),
            options: options, parsing: .everything)
    }

    /// Compares so many generated queries; differences are shrunk before they are reported.
    public func run(queries: Int) -> Report {
        var report = Report()
        var generator = QueryGenerator(seed: seed, members: data.members, features: features)
        var random = SeededRandom(seed: seed ^ 0x5eed)
        for _ in 0..<queries {
            let query = generator.next()
            let grid = grid(&random)
            switch compare(query, on: grid) {
            case .same: report.compared += 1
            case .bothRefuse: report.refused += 1
            case .different(let reason):
                let (query, reason) = shrunk(query, reason, on: grid)
                report.differences.append(
                    Difference(query: query, grid: grid, reason: reason, seed: seed))
            }
        }
        return report
    }

    private enum Outcome {
        case same
        case bothRefuse
        case different(String)
    }

    private func grid(_ random: inout SeededRandom) -> StepGrid {
        let start = data.start + Int64.random(in: 0...900, using: &random) * 1000
        if Bool.random(using: &random) { return .instant(start) }
        let steps: [Int64] = [15_000, 30_000, 60_000, 7_000, 97_500]
        let step = steps.randomElement(using: &random) ?? 15_000
        return StepGrid(
            start: start, end: start + step * Int64.random(in: 0...12, using: &random), step: step)
    }

    private func compare(_ query: String, on grid: StepGrid) -> Outcome {
        let expected = Result { () throws -> QueryResult in
            let expression = try parseExpression(query, options: .everything)
            return try Engine(options: options)
                .evaluate(expression, on: grid, query: query, source: union)
        }
        let actual = Result { try federated.evaluate(query, on: grid) }
        switch (expected, actual) {
        case (.failure, .failure): return .bothRefuse
        case (.failure(let error), .success): return .different("the union refuses: \(error)")
        case (.success, .failure(let error)): return .different("the plan fails: \(error)")
        case (.success(let a), .success(let b)):
            return comparison.difference(a.value, b.value).map { .different($0) } ?? .same
        }
    }

    /// The smallest part of the query that still differs.
    private func shrunk(_ query: String, _ reason: String, on grid: StepGrid) -> (String, String) {
        guard let expression = try? parseExpression(query, options: .everything) else {
            return (query, reason)
        }
        for child in expression.children {
            guard child.valueType == .instantVector || child.valueType == .scalar else {
                for grandchild in child.children where grandchild.valueType == .instantVector {
                    if case .different(let reason) = compare(grandchild.description, on: grid) {
                        return shrunk(grandchild.description, reason, on: grid)
                    }
                }
                continue
            }
            if case .different(let reason) = compare(child.description, on: grid) {
                return shrunk(child.description, reason, on: grid)
            }
        }
        return (query, reason)
    }
}

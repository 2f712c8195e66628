import EmbeddedPrometheus
import Federation
import GoText
import PromQL
import PromQLEngine
import PromQLTest
import TestSupport
import Testing
import TimeSeries

/// Averages and variances that are pooled from partial results, up to both ends of what doubles
/// hold, against the engine over the union.
@Suite struct PooledExtremesTests {
    private static let grid = StepGrid.instant(60_000)

    private static func series(_ values: [Double], from first: Int) -> [SampleSeries] {
        values.enumerated().map { index, value in
            SampleSeries(
                labels: LabelSet(["__name__": "x", "i": "\(first + index)"]), times: [60_000],
                values: [value])
        }
    }

    private struct Outcome {
        var pooled: Double
        var union: Double
    }

    /// One value of an aggregation, by the plan over the members and by the engine over all.
    private func outcome(
        _ op: String, _ members: [[Double]], dialect: EngineOptions.Dialect = .prometheus3
    ) async throws -> Outcome {
        var options = EngineOptions()
        options.dialect = dialect
        let names = members.indices.map { "m\($0)" }
        let partition = PartitionLabel()
        var sources: [MemoryStore] = []
        var all: [SampleSeries] = []
        for (name, values) in zip(names, members) {
            let own = Self.series(values, from: all.count)
            sources.append(MemoryStore(own))
            all += own.map { one in
                var copy = one
                copy.labels = partition.injecting(name, into: one.labels)
                return copy
            }
        }
        let federated = FederatedEvaluator(
            sources: sources, scope: FederationScope(members: names), options: options,
            parsing: .everything)
        let text = "\(op)(x)"
        let pooled = try await federated.evaluate(text, on: Self.grid)
        let union = try Engine(options: options).evaluate(
            try parseExpression(text), on: Self.grid, query: text, source: MemoryStore(all))
        return Outcome(pooled: try value(pooled), union: try value(union))
    }

    private func value(_ result: QueryResult) throws -> Double {
        guard case .vector(let series) = result.value else { return .nan }
        return try #require(series.first?.values.first)
    }

    private static let least = Double.leastNonzeroMagnitude

    private static let ends: [[[Double]]] = [
        [[least]], [[least, least]], [[least], [least]], [[least, 0], [least]],
        [[-least], [2 * least, least]], [[1e-160, 3e-160], [2e-160]], [[1e-200], [1.0]],
        [[1.7e308], [1.7e308]], [[1.7e308, 1.7e308], [1.7e308]], [[1.79e308], [-1.79e308]],
        [[1e200], [1e200, 2e200]], [[1e154, -1e154], [1e154]], [[1e300, 1], [2]],
        [[.infinity], [1]], [[.infinity], [-.infinity]], [[.infinity], [.infinity]],
        [[-.infinity, 1], [-1.7e308, -1.7e308]], [[.infinity], [-1.7e308, -1.7e308]],
        [[.nan], [1]], [[1, .nan], [.infinity]],
        [[1.7976931348623157e308], [1.7976931348623157e308]],
        [[0], [-0.0]], [[-0.0], [-0.0]], [[0.1, 0.1, 0.1], [0.1], [0.1, 0.1]],
    ]

    @Test(arguments: ["avg", "stddev", "stdvar"], ends)
    func `At the ends of doubles a pooled value is the union's`(
        op: String, members: [[Double]]
    ) async throws {
        for dialect in [EngineOptions.Dialect.prometheus3, .prometheus2] {
            let found = try await outcome(op, members, dialect: dialect)
            if found.union.isFinite, found.pooled.isFinite {
                let bound = found.union.magnitude * 1e-14
                #expect(
                    (found.pooled - found.union).magnitude <= bound,
                    "\(dialect) \(op): \(found.pooled), union \(found.union)")
            } else {
                #expect(
                    found.pooled == found.union || found.pooled.isNaN && found.union.isNaN,
                    "\(dialect) \(op): \(found.pooled), union \(found.union)")
            }
        }
    }

    @Test(arguments: 0..<8)
    func `Pooled values of any magnitude keep the bounds that are promised`(
        seed: UInt64
    ) async throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<150 {
            // One magnitude for all, or one for each value.
            let common = Int.random(in: -1074...1023, using: &random)
            let isMixed = Bool.random(using: &random)
            let centre = Double.random(in: -1...1, using: &random)
            let members = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                (0..<Int.random(in: 1...5, using: &random)).map { _ -> Double in
                    let exponent = isMixed ? Int.random(in: -1074...1023, using: &random) : common
                    let digits = centre + Double.random(in: -1...1, using: &random) / 2
                    return Double(sign: .plus, exponent: exponent, significand: digits)
                }
            }
            let values = members.flatMap { $0 }
            let error = 16 * Double(values.count) * 0x1p-53
            let mean = try await outcome("avg", members)
            let largest = values.reduce(0) { max($0, $1.magnitude) }
            #expect(
                (mean.pooled - mean.union).magnitude <= error * largest
                    || mean.pooled == mean.union, "\(mean) of \(members)")
            let variance = try await outcome("stdvar", members)
            if members.count == 1 {
                #expect(mean.pooled == mean.union, "\(mean) of \(members)")
                #expect(
                    variance.pooled.bitPattern == variance.union.bitPattern,
                    "\(variance) of \(members)")
                continue
            }
            if variance.union.isNaN || variance.union.isInfinite {
                #expect(
                    variance.pooled == variance.union
                        || variance.pooled.isNaN == variance.union.isNaN,
                    "\(variance) of \(members)")
                continue
            }
            let deviation = variance.union.squareRoot()
            let bound =
                error * deviation * (deviation * deviation + mean.union * mean.union).squareRoot()
                + (error * mean.union) * (error * mean.union)
            #expect(
                (variance.pooled - variance.union).magnitude <= bound
                    || variance.pooled == variance.union, "\(variance) of \(members)")
        }
    }
}

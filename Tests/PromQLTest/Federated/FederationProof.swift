import Answers
import EmbeddedPrometheus
import Federation
public import GatewayConfiguration
public import PromQL
import PromQLEngine
import TestSupport
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
        /// Among them, answers without any element.
        public var empty = 0
        /// Queries that both sides refuse, as they must.
        public var refused = 0
        /// Joins that the union refuses for duplicates among series that meet nothing: their
        /// member has nothing on the other side and is not asked, so the plan answers.
        public var lenient = 0
        /// Queries that make something else of a last bit (`count_values` over a variance,
        /// `changes` of a quantile): a split aggregation differs in it, the strict mode, which is
        /// there for that, does not.
        public var rounded = 0
        public var differences: [Difference] = []
    }

    public var seed: UInt64
    public var partitions: Int
    public var language: GeneratedData.Language
    private let data: GeneratedData
    private var profile: QueryProfile
    private let union: MemoryStore
    private let federated: FederatedEvaluator
    private let options: EngineOptions

    /// - Parameters:
    ///   - exactness: `strict` reads native histograms as they are stored, wherever one is computed
    ///     from, and values must be equal to the last bit.
    ///   - restriction: What the client may see. The union then holds only series that these matchers
    ///     accept, while members hold all of theirs. None on the partition label.
    ///   - hasStaticLabels: whether members have static labels, which queries ask for.
    public init(
        seed: UInt64, partitions: Int, _ language: GeneratedData.Language,
        exactness: Exactness = .twoStep, restriction: [LabelMatcher] = [],
        hasStaticLabels: Bool = false
    ) {
        self.seed = seed
        self.partitions = partitions
        self.language = language
        var data = GeneratedData(seed: seed, partitions: partitions)
        if case .strict = exactness { data.detailHistograms(seed: seed) }
        profile = GeneratedData.profile(members: data.members, language)
        if hasStaticLabels {
            data.addStaticLabels(seed: seed)
            profile.askForStaticLabels()
        }
        self.data = data
        let partition = data.partition
        union = MemoryStore(
            data.union(by: partition).filter { series in
                restriction.allSatisfy {
                    SelectorRewriting.matcher($0, accepts: series.labels[$0.name] ?? "")
                }
            })
        options = EngineOptions()
        var scope = FederationScope(
            members: data.members, partition: partition, exactness: exactness)
        scope.restriction = restriction
        if case .strict = exactness { scope.stored.members = Set(data.members.indices) }
        federated = FederatedEvaluator(
            sources: data.series.map { MemoryStore($0) }, scope: scope, options: options,
            parsing: .everything)
    }

    /// Compares so many generated queries; differences are shrunk before they are reported.
    public func run(queries: Int) async -> Report {
        var report = Report()
        var generator = QueryGenerator(seed: seed, profile)
        var random = SeededRandom(seed: seed ^ 0x5eed)
        for _ in 0..<queries {
            let query = generator.next().text
            let grid = data.grid(&random)
            switch await compare(query, on: grid) {
            case .same(let isEmpty):
                report.compared += 1
                report.empty += isEmpty ? 1 : 0
            case .bothRefuse: report.refused += 1
            case .different(let reason):
                let (query, reason) = await shrunk(query, reason, on: grid)
                if Self.isLenient(query, reason) {
                    report.lenient += 1
                    continue
                }
                if await isRounded(query, on: grid) {
                    report.rounded += 1
                    continue
                }
                report.differences.append(
                    Difference(query: query, grid: grid, reason: reason, seed: seed))
            }
        }
        return report
    }

    private static let refusal = "the union refuses: "

    /// Whether a shrunk query is a join of the kind that `Report.lenient` counts. Its operands do
    /// not differ, so what the union refuses is in an operand that the plan had no need of.
    private static func isLenient(_ query: String, _ reason: String) -> Bool {
        guard let root = try? parseExpression(query, options: .everything),
            isJoin(root) || root.children.contains(where: containsJoinInSubquery)
        else { return false }
        return reason.hasPrefix(refusal + "found duplicate series for the match group")
            || reason.hasPrefix(refusal + "multiple matches for labels")
            || reason == refusal + "vector cannot contain metrics with the same labelset"
    }

    private static func isJoin(_ expression: Expression) -> Bool {
        if case .binary = expression { true } else { false }
    }

    /// A subquery is evaluated at times of its own, so that shrinking ends above it.
    private static func containsJoinInSubquery(_ expression: Expression) -> Bool {
        guard case .subquery(let subquery) = expression else { return false }
        return contains(subquery.expression, where: isJoin)
    }

    private static func contains(
        _ expression: Expression, where isWanted: (Expression) -> Bool
    ) -> Bool {
        isWanted(expression) || expression.children.contains { contains($0, where: isWanted) }
    }

    /// Whether the root of a shrunk query prints, compares or rounds values, and agrees in strict
    /// mode.
    private func isRounded(_ query: String, on grid: StepGrid) async -> Bool {
        switch try? parseExpression(query, options: .everything) {
        case .aggregation(let aggregation)? where [.stddev, .stdvar].contains(aggregation.op):
            return await isIllConditioned(aggregation, on: grid)
        case .aggregation(let aggregation)? where aggregation.op == .countValues:
            // A variance depends on the order of its series even inside one member, and theirs
            // sort otherwise without the partition label: the strict mode cannot help there.
            if Self.hasVariance(aggregation.expression) { return true }
        case .binary(let binary)? where binary.op == .modulo:
            // The remainder of a division is what the rounding left.
            if Self.hasVariance(binary.lhs) || Self.hasVariance(binary.rhs) { return true }
        case .binary(let binary)? where [.equal, .notEqual].contains(binary.op): break
        case .call(let call)?
        where [.changes, .resets, .floor, .ceil, .round, .sgn].contains(call.function):
            break
        case .call(let call)? where call.function == .histogramQuantile:
            // A rank that falls on the bound of a bucket, beside empty ones, falls on either side.
            break
        case let root? where root.children.contains(where: Self.containsPrintInSubquery): break
        default: return false
        }
        var strict = federated
        strict.scope.exactness = .strict
        if case .different = await compare(query, on: grid, with: strict) { return false }
        return true
    }

    /// Whether a variance differs by no more than what the rounding of its operand explains: a
    /// deviation is known to some 1e-14 of the largest value, however small it is beside that.
    private func isIllConditioned(_ aggregation: Aggregation, on grid: StepGrid) async -> Bool {
        let judgement = AnswerJudgement(options: options, parsing: .everything)
        let query = Expression.aggregation(aggregation).description
        guard
            case .vector(let operand)? = try? judgement.evaluate(
                aggregation.expression.description, on: grid, over: union
            ).value,
            let expected = try? judgement.evaluate(query, on: grid, over: union).value,
            case .vector(let variances) = expected,
            let actual = try? await federated.evaluate(query, on: grid).value
        else { return false }
        var bound = 1e-14 * Self.largest(operand)
        if aggregation.op == .stdvar {
            bound *= 2 * Self.largest(variances).squareRoot() + bound
        }
        return ResultComparison(Tolerance(relative: 1e-6, absolute: bound))
            .difference(expected, actual) == nil
    }

    private static func largest(_ series: [StepSeries]) -> Double {
        var largest = 0.0
        for value in series.lazy.flatMap(\.values) where value.isFinite {
            largest = max(largest, abs(value))
        }
        return largest
    }

    private static func containsPrintInSubquery(_ expression: Expression) -> Bool {
        guard case .subquery(let subquery) = expression else { return false }
        return contains(subquery.expression) { part in
            if case .aggregation(let aggregation) = part { return aggregation.op == .countValues }
            return false
        }
    }

    private static func hasVariance(_ expression: Expression) -> Bool {
        contains(expression) { part in
            guard case .aggregation(let aggregation) = part else { return false }
            return [.stddev, .stdvar].contains(aggregation.op)
        }
    }

    private enum Outcome {
        case same(isEmpty: Bool)
        case bothRefuse
        case different(String)
    }

    private func compare(
        _ query: String, on grid: StepGrid, with evaluator: FederatedEvaluator? = nil
    ) async -> Outcome {
        var judgement = AnswerJudgement(options: options, parsing: .everything)
        if case .strict = federated.scope.exactness { judgement.isExact = true }
        let expected = Result { try judgement.evaluate(query, on: grid, over: union) }
        let actual: Result<QueryResult, any Error>
        do {
            actual = .success(try await (evaluator ?? federated).evaluate(query, on: grid))
        } catch {
            actual = .failure(error)
        }
        switch (expected, actual) {
        case (.failure, .failure): return .bothRefuse
        case (.failure(let error), .success):
            return .different("\(Self.refusal)\(error)")
        case (.success, .failure(let error)): return .different("the plan fails: \(error)")
        case (.success(let expected), .success(let actual)):
            let difference = judgement.difference(
                expected.value, actual.value, of: query, on: grid, over: union)
            return difference.map { .different($0) } ?? .same(isEmpty: actual.value.isEmpty)
        }
    }

    /// The smallest part of the query that still differs.
    private func shrunk(
        _ query: String, _ reason: String, on grid: StepGrid
    ) async -> (String, String) {
        guard let expression = try? parseExpression(query, options: .everything) else {
            return (query, reason)
        }
        for child in expression.children {
            guard child.valueType == .instantVector || child.valueType == .scalar else {
                for grandchild in child.children where grandchild.valueType == .instantVector {
                    if case .different(let reason) = await compare(grandchild.description, on: grid)
                    {
                        return await shrunk(grandchild.description, reason, on: grid)
                    }
                }
                continue
            }
            if case .different(let reason) = await compare(child.description, on: grid) {
                return await shrunk(child.description, reason, on: grid)
            }
        }
        return (query, reason)
    }
}

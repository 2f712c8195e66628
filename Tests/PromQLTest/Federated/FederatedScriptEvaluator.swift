public import EmbeddedPrometheus
import Federation
import GatewayConfiguration
import GoText
public import PromQL
public import PromQLEngine
public import PromQLScripts
import TestSupport
public import TimeSeries

/// Answers a script's queries through the planner over partitions of what the script loaded, and
/// holds the answer to the engine over the union of the partitions.
///
/// A script's own expectations know nothing of a partition label, so they are not what counts
/// here: `check(_:name:)` reports where the two answers differ.
public struct FederatedScriptEvaluator: Sendable {
    /// Two answers to one query that differ.
    public struct Difference: Error, CustomStringConvertible {
        public var description: String
    }

    public var partitions: Int
    public var options: EngineOptions
    public var parsing: ParserOptions

    /// - Parameter partitions: how many members the series are spread over; at least one.
    public init(
        partitions: Int, options: EngineOptions = Self.scriptOptions,
        parsing: ParserOptions = .everything
    ) {
        self.partitions = max(1, partitions)
        self.options = options
        self.parsing = parsing
    }

    /// As scripts are run, but names go at once: a member's answer has no names that are still to
    /// be removed.
    public static var scriptOptions: EngineOptions {
        var options = EngineScriptEvaluator.scriptOptions
        options.delayedNameRemoval = false
        return options
    }

    /// The federated answer. Where a split sum lacks what the union's compensation kept, the answer
    /// of the strict mode, which is there for that.
    ///
    /// - Throws: `Difference` where the union answers otherwise, else what both throw.
    public func evaluate(
        _ query: String, on grid: StepGrid, over store: MemoryStore
    ) async throws -> QueryResult {
        let partition = PartitionLabel()
        let names = (0..<partitions).map { "p\($0)" }
        var parts = [[SampleSeries]](repeating: [], count: partitions)
        for series in try store.series(
            matching: [LabelMatcher("__name__", .regexMatch, ".*")], from: .min, through: .max)
        {
            parts[Self.place(of: series.labels, among: partitions)].append(series)
        }
        let union = MemoryStore(
            zip(names, parts).flatMap { name, series in
                series.map { one in
                    var copy = one
                    copy.labels = partition.injecting(name, into: one.labels)
                    return copy
                }
            })
        var federated = FederatedEvaluator(
            sources: parts.map { MemoryStore($0) },
            scope: FederationScope(
                members: names, partition: partition,
                defaultSubqueryStep: options.defaultSubqueryStep, lookback: options.lookback,
                rangeBoundary: options.rangeBoundary),
            options: options, parsing: parsing)
        do {
            return try await answer(query, on: grid, of: federated, over: union)
        } catch is Difference {
            federated.scope.exactness = .strict
            return try await answer(query, on: grid, of: federated, over: union)
        }
    }

    private func answer(
        _ query: String, on grid: StepGrid, of federated: FederatedEvaluator,
        over union: MemoryStore
    ) async throws -> QueryResult {
        let engine = EngineScriptEvaluator(options: options, parsing: parsing)
        let expected = Result { try engine.evaluate(query, on: grid, over: union) }
        let actual: Result<QueryResult, any Error>
        do {
            try engine.checkType(of: query, on: grid)
            actual = .success(try await federated.evaluate(query, on: grid))
        } catch {
            actual = .failure(error)
        }
        switch (expected, actual) {
        case (.success(let wanted), .success(let given)):
            let judgement = AnswerJudgement(options: options, parsing: parsing)
            if let reason = judgement.difference(
                wanted.value, given.value, of: query, on: grid, over: union)
            {
                throw Difference(description: "\(partitions) partitions: \(reason)")
            }
            return given
        case (.success, .failure(let error)):
            throw Difference(description: "\(partitions) partitions: the plan fails: \(error)")
        case (.failure(let error), .success):
            throw Difference(
                description: "\(partitions) partitions: the union refuses: \(error)")
        case (.failure, .failure(let error)): throw error
        }
    }

    /// By the bytes of the labels (FNV-1a), so that a series lies in the same place always.
    static func place(of labels: LabelSet, among partitions: Int) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in labels.key { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return Int((hash ^ (hash >> 32)) % UInt64(max(1, partitions)))
    }
}

extension FederatedScriptEvaluator {
    /// Runs a script: a failure for each query that the federation answers otherwise than the
    /// engine over the union, refusals included.
    public func check(_ script: PromQLScript, name: String) async -> ScriptReport {
        var report = ScriptReport(name: name)
        let store = MemoryStore()
        for command in script.commands {
            switch command {
            case .clear: store.removeAll()
            case .load(let load): store.insert(load.series())
            case .evaluate(let evaluation):
                do {
                    _ = try await evaluate(evaluation.expression, on: evaluation.grid, over: store)
                    report.passed += 1
                } catch let difference as Difference {
                    report.failures.append(
                        ScriptReport.Failure(
                            line: evaluation.line, query: evaluation.expression,
                            reason: difference.description))
                } catch {
                    // Both refuse.
                    report.passed += 1
                }
            }
        }
        return report
    }
}

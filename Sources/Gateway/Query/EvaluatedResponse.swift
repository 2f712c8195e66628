import Federation
import GatewayConfiguration
import GoText
import PromQLEngine
import PrometheusServer
import PrometheusWire
import TimeSeries

/// An answer that is computed here: every fetch is read and decoded, then the local engine runs.
struct EvaluatedResponse: Sendable {
    var query: QueryRequest
    var plan: Plan
    var scope: FederationScope
    var asker: QuestionAsker
    var options: EngineOptions
    var limits: Limits
    /// What was spent before.
    var statistics = QueryStatistics()
    /// How fetches ended that an earlier plan of the query had too.
    var known: [Plan.RemoteQuery: FetchRound.Ended] = [:]

    /// What every member said, or enough of it to know that another plan is needed: a member that
    /// hangs then costs the time of the second round only.
    func round() async -> [FetchRound.Ended] {
        await FetchRound(asker: asker, limits: limits, known: known)
            .ended(plan.fetches) { isTooWeak(for: $0) || Self.isStopped($0) }
    }

    /// - Throws: `APIError`.
    func response() async throws -> PrometheusResponse {
        let round = await round()
        var gathered = gathered(round)
        if let better = try refined(after: round, gathered) { return try await better.response() }
        let failures =
            try gathered.missing.warnings(for: plan, under: query.partialResponse)
            + gathered.parts.sorted { $0.key < $1.key }.map { member, cause in
                MissingMembers.warning(
                    aboutPartOf: asker.names[member], cause, asker.partEffect)
            }
        let waiting = ContinuousClock.now
        return try await asker.turn.compute {
            gathered.statistics.queue += waiting.duration(to: .now)
            return .json(written(try evaluated(gathered), failures, gathered))
        }
    }

    /// What the members said, as the engine takes it.
    struct Gathered: Sendable {
        /// By fetch; nothing of members that are missing.
        var values: [FetchedValue]
        var annotations = MemberAnnotations()
        var statistics: QueryStatistics
        var missing: MissingMembers
        /// Why data is missing of members that are in the answer, by member.
        var parts: [Int: String] = [:]
        /// Whether the query is to be planned again, so that no aggregation is split.
        var isTooWeak = false
    }

    func gathered(_ round: [FetchRound.Ended]) -> Gathered {
        var gathered = Gathered(
            values: [FetchedValue](repeating: .nothing, count: plan.fetches.count),
            statistics: statistics, missing: MissingMembers(names: asker.names))
        for ended in round {
            if isTooWeak(for: ended) { gathered.isTooWeak = true }
            let member = plan.fetches[ended.index].member
            switch ended.outcome {
            case .failure(let failure): gathered.missing.add(member, failure)
            case .success(let fetched):
                gathered.values[ended.index] = fetched.value
                let isOnGrid = plan.fetches[ended.index].grid == query.grid
                for trailer in fetched.trailers {
                    if let cause = trailer.partiality, gathered.parts[member] == nil {
                        gathered.parts[member] = cause
                    }
                    gathered.annotations.add(trailer, from: asker.names[member])
                    gathered.statistics.add(
                        trailer, from: asker.names[member], isOnGrid: isOnGrid)
                }
            }
        }
        // A member is in the answer wholly or not at all.
        for index in gathered.values.indices
        where gathered.missing.members.contains(plan.fetches[index].member) {
            gathered.values[index] = .nothing
            gathered.parts[plan.fetches[index].member] = nil
        }
        // Numbers at the ends of what doubles hold show only when all answers are in.
        if scope.exactness != .strict, !gathered.isTooWeak,
            plan.needsInnerSeries(gathered.values, partition: scope.partition)
        {
            gathered.isTooWeak = true
        }
        return gathered
    }

    // MARK: - Planning again

    /// The same query with the plan that the answers call for, or nil where this one does.
    func refined(
        after round: [FetchRound.Ended], _ gathered: Gathered
    ) throws(APIError) -> EvaluatedResponse? {
        let unable = round.filter {
            if case .failure(.noRemoteRead) = $0.outcome { true } else { false }
        }
        let stopped = round.filter(Self.isStopped).map(\.index)
        if !unable.isEmpty || !stopped.isEmpty {
            // Of the parts that hold native histograms, members that have not answered yet are
            // taken to have some too.
            let unanswered = round.filter(Self.isUnanswered).map(\.index)
                .filter { plan.fetches[$0].stopsAtHistograms }
            var brought = Set(stopped)
            for leaf in plan.leaves where !brought.isDisjoint(with: leaf.fetches) {
                brought.formUnion(unanswered.filter(leaf.fetches.contains))
            }
            return try planned(after: round) { scope in
                scope.stored.members.subtract(unable.map { plan.fetches[$0.index].member })
                scope.stored.fetches.formUnion(brought.map { plan.fetches[$0] })
            }
        }
        return try strict(after: gathered)
    }

    private static func isStopped(_ ended: FetchRound.Ended) -> Bool {
        if case .success(let fetched) = ended.outcome { fetched.isStopped } else { false }
    }

    /// Whether the fetch was dropped when enough was known.
    private static func isUnanswered(_ ended: FetchRound.Ended) -> Bool {
        if case .failure(.cancelled) = ended.outcome { true } else { false }
    }

    private func planned(
        after round: [FetchRound.Ended], _ change: (inout FederationScope) -> Void
    ) throws(APIError) -> EvaluatedResponse {
        var other = self
        change(&other.scope)
        other.plan = try QueryExecution.plan(query, in: other.scope, limits)
        for ended in round where !Self.isUnanswered(ended) {
            other.known[plan.fetches[ended.index]] = ended
        }
        return other
    }

    /// The same query with a plan that splits no aggregation, where the split lost something that
    /// only the inner series show; else nil.
    private func strict(after gathered: Gathered) throws(APIError) -> EvaluatedResponse? {
        let mixesZeroBuckets =
            scope.exactness != .strict && plan.mixesZeroBuckets(gathered.values)
        guard gathered.isTooWeak || mixesZeroBuckets else { return nil }
        var strict = self
        strict.statistics = gathered.statistics
        strict.scope.exactness = .strict
        strict.plan = try QueryExecution.plan(query, in: strict.scope, limits)
        guard gathered.isTooWeak || strict.plan.fetches != plan.fetches else { return nil }
        // What was fetched is not used.
        asker.turn.release()
        return strict
    }

    /// What the client is told where it asked for exactness and histograms came as JSON.
    private func shortfalls(of gathered: Gathered) -> Set<String> {
        guard case .strict = query.exactness else { return [] }
        var infos: Set<String> = []
        for (fetch, value) in zip(plan.fetches, gathered.values) where value.hasHistograms {
            if case .stored = fetch.form { continue }
            infos.insert(
                "native histograms of project \(GoQuoting.quote(asker.names[fetch.member])) are what "
                    + "their JSON shows, as it serves no remote read")
        }
        return infos
    }

    /// Whether an answer shows that the plan splits what it must not.
    private func isTooWeak(for ended: FetchRound.Ended) -> Bool {
        guard scope.exactness != .strict, case .success(let fetched) = ended.outcome else {
            return false
        }
        return plan.poolsHistograms(fetched.value, of: ended.index)
            || fetched.trailers.contains { trailer in
                trailer.warnings.contains { $0.contains("mix of histograms") }
            }
    }

    func evaluated(_ gathered: Gathered) throws(APIError) -> QueryResult {
        do throws(EvaluationError) {
            return try plan.evaluate(
                fetched: gathered.values, partition: scope.partition, options: options,
                text: query.text)
        } catch {
            switch error {
            case .execution(let text): throw APIError(.execution, text)
            case .timeout(let text): throw APIError(.timeout, text)
            case .canceled(let text): throw APIError(.canceled, text)
            }
        }
    }

    private func written(
        _ result: QueryResult, _ failures: [String], _ gathered: Gathered
    ) -> [UInt8] {
        let annotations = gathered.annotations
        var out = Envelope.head
        var isTruncated = false
        let time = result.grid.start
        switch (result.value, query.kind) {
        case (.scalar(let values), .instant):
            ResultWriter.appendScalar(values.first ?? .nan, at: time, to: &out)
        case (.scalar(let values), .range):
            isTruncated = ResultWriter.appendMatrix(
                [StepSeries(labels: .empty, values: values)], on: result.grid,
                limit: query.limit, to: &out)
        case (.string(let text), _): ResultWriter.appendString(text, at: time, to: &out)
        case (.vector(let series), .instant):
            isTruncated = ResultWriter.appendVector(
                series, at: time, limit: query.limit, to: &out)
        case (.vector(let series), .range):
            isTruncated = ResultWriter.appendMatrix(
                series, on: result.grid, limit: query.limit, to: &out)
        case (.rangeVector(let series), _):
            isTruncated = ResultWriter.appendMatrix(series, limit: query.limit, to: &out)
        }
        var infos = result.annotations.infos.union(annotations.infos).union(query.infos)
            .union(shortfalls(of: gathered))
        if query.statistics != nil {
            var statistics = gathered.statistics
            statistics.add(peak: result.peakSamples)
            // Behind the result, in its object.
            out.removeLast()
            out.append(contentsOf: ",\"stats\":".utf8)
            statistics.append(to: &out)
            out.append(UInt8(ascii: "}"))
            infos.formUnion(statistics.infos)
        }
        var warnings = result.annotations.warnings.union(annotations.warnings)
            .union(query.warnings)
        if isTruncated { warnings.insert(RequestLimit.truncationWarning) }
        Envelope.appendTail(
            failures: failures, warnings: warnings, infos: infos, to: &out)
        return out
    }
}

/// Finds out the bucket layouts of a fetch's native histograms that their JSON leaves in doubt, by
/// further questions to the same member; most fetches need none.
struct BucketSchemaProbing {
    var asker: QuestionAsker
    var fetch: Plan.RemoteQuery
    var maxSeries: Int

    /// - Throws: `undecidable` where a doubt is left.
    func decided(_ series: [StepSeries]) async throws(FragmentFailure) -> [StepSeries] {
        var probe = BucketSchemaProbe(series)
        if probe.isUndecided, await !asker.knowsCustomBuckets(fetch) { probe.takeForExponential() }
        while let question = probe.question {
            var further = fetch
            further.text = BucketSchemaProbe.text(question, about: fetch.text)
            do throws(FragmentFailure) {
                probe.take(try await asker.columns(further, maxSeries: maxSeries).series)
            } catch {
                // A member that cannot be asked so leaves the doubt.
                guard case .rejected = error else { throw error }
                probe.take([])
            }
        }
        for one in probe.series {
            for histogram in one.histograms.values { try Self.check(histogram, fetch) }
        }
        return probe.series
    }

    /// - Throws: `undecidable`, if the histogram could still be two things.
    static func check(
        _ histogram: FloatHistogram, _ fetch: Plan.RemoteQuery
    ) throws(FragmentFailure) {
        guard histogram.layoutKnowledge == .undecided else { return }
        throw .undecidable(
            "native histograms of \(fetch.text) could have exponential or custom buckets: their "
                + "JSON does not tell, nor do the member's functions")
    }
}

/// Warnings and infos that members sent: each text once, with the members it came from, and
/// without the position, which points into the text that was sent. Warnings about data that a
/// member could not reach are told with the missing members.
struct MemberAnnotations: Sendable {
    private var warningMembers: [String: Set<String>] = [:]
    private var infoMembers: [String: Set<String>] = [:]

    mutating func add(_ trailer: ResponseScanner.Trailer, from member: String) {
        for text in trailer.warnings
        where text != RequestLimit.truncationWarning && !Partiality.tellsOfAMissingPart(text) {
            warningMembers[Self.withoutPosition(text), default: []].insert(member)
        }
        for text in trailer.infos {
            infoMembers[Self.withoutPosition(text), default: []].insert(member)
        }
    }

    var warnings: Set<String> { Set(warningMembers.map(Self.named)) }
    var infos: Set<String> { Set(infoMembers.map(Self.named)) }

    private static func named(_ text: String, _ members: Set<String>) -> String {
        let names = members.sorted().map { GoQuoting.quote($0) }.joined(separator: ", ")
        return "\(text) (project \(names))"
    }

    /// Cuts ` (1:23)` off the end.
    static func withoutPosition(_ text: String) -> String {
        guard text.hasSuffix(")"), let open = text.lastIndex(of: "(") else { return text }
        let inside = text[text.index(after: open)...].dropLast()
        let isPosition =
            inside.contains(":")
            && inside.allSatisfy { $0 == ":" || ($0.isASCII && $0.isNumber) }
        guard isPosition else { return text }
        var rest = text[..<open]
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}

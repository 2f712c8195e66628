import GoText
public import PrometheusWire
public import TimeSeries

/// A query of metrics, over a range or at its end.
///
/// Values that add up, least and greatest values are made of those of members. Others can be
/// answered where each series is of one member alone. `topk`, `bottomk` and comparisons are applied
/// here.
public struct TraceMetricsQuestion: Sendable {
    private let text: String
    private let isRange: Bool
    private let others: [RequestPair]
    /// Nanoseconds since the epoch.
    private let start: Int64
    private let end: Int64
    /// In nanoseconds; nil for Tempo's own.
    private let step: Int64?
    private let mostExemplars: Int

    /// The year 2100.
    private static let latest: Int64 = 4_102_444_800_000_000_000
    private static let defaultRange: Int64 = 3_600_000_000_000
    private static let defaultExemplars = 100

    /// - Parameters:
    ///   - isRange: whether there is a value at each step.
    ///   - now: the end of a range that has none. All members are asked for the same range.
    /// - Throws: what Tempo says of wrong parameters.
    public init(
        _ reader: ParameterReader, isRange: Bool, now: Timestamp
    ) throws(TempoError) {
        let parameters = TempoParameters(reader: reader)
        self.isRange = isRange
        text = parameters.text("q") ?? parameters.text("query") ?? ""
        let range = try Self.range(parameters, now: now)
        start = range.lowerBound
        end = range.upperBound
        step = isRange ? try Self.step(parameters) : nil
        mostExemplars =
            try parameters.unsigned("exemplars").flatMap { $0 == 0 ? nil : $0 }
            ?? Self.defaultExemplars
        var others = [
            RequestPair(name: "start", value: String(range.lowerBound)),
            RequestPair(name: "end", value: String(range.upperBound)),
        ]
        let passed = isRange ? parameters.pairs("step", "exemplars") : parameters.pairs("exemplars")
        others += passed
        self.others = others
        let metrics = try Self.read(text, isRange: isRange)
        if metrics.query.stages.count > Self.mostStages {
            throw .badRequest("the query has more than \(Self.mostStages) stages")
        }
    }

    private static let mostStages = 1000

    private static func read(_ text: String, isRange: Bool) throws(TempoError) -> TraceQLMetrics {
        do throws(TraceQLError) { return try TraceQLMetrics(text) } catch {
            let prefix = isRange ? "" : "compiling query: "
            if text.isEmpty {
                throw .badRequest(prefix + "parse error : syntax error: unexpected $end")
            }
            throw error.answer(prefix)
        }
    }

    private static func range(
        _ parameters: TempoParameters, now: Timestamp
    ) throws(TempoError) -> Range<Int64> {
        let now = now.milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue
        var since = defaultRange
        if let text = parameters.text("since") {
            guard let seconds = duration(text) else {
                throw .badRequest(
                    "invalid since: cannot parse \(GoQuoting.quote(text)) to a valid duration")
            }
            since = seconds
        }
        let end = try time(parameters, "end") ?? now
        let start =
            try time(parameters, "start") ?? end.subtractingReportingOverflow(since).partialValue
        guard start < end else { throw .badRequest("end must be greater than start") }
        guard start >= 0, end <= latest else {
            throw .badRequest("invalid start: it must lie between 1970 and 2100")
        }
        return start..<end
    }

    /// Seconds since the epoch, whole or not, or nanoseconds, or RFC 3339; in nanoseconds.
    private static func time(
        _ parameters: TempoParameters, _ name: String
    ) throws(TempoError) -> Int64? {
        guard let text = parameters.text(name) else { return nil }
        if let number = Int64(text) {
            // As many digits as seconds have.
            guard text.utf8.count <= 10 else { return number }
            let (nanoseconds, overflows) = number.multipliedReportingOverflow(by: 1_000_000_000)
            if !overflows { return nanoseconds }
        }
        if let seconds = GoFloat.parse(text), seconds.magnitude < 9e9 {
            return Int64(seconds * 1000) * 1_000_000
        }
        if let time = RFC3339.time(text) {
            return time.milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue
        }
        throw .badRequest(
            "invalid \(name): cannot parse \(GoQuoting.quote(text)) to a valid timestamp")
    }

    private static func step(_ parameters: TempoParameters) throws(TempoError) -> Int64? {
        guard let text = parameters.text("step") else { return nil }
        guard let step = duration(text), step < latest else {
            throw .badRequest(
                "rpc error: code = Code(400) desc = cannot parse \(GoQuoting.quote(text)) to a valid "
                    + "duration")
        }
        return step > 0 ? step : nil
    }

    /// Seconds, or a text with units; in nanoseconds.
    private static func duration(_ text: String) -> Int64? {
        if let seconds = GoFloat.parse(text) { return Int64(exactly: (seconds * 1e9).rounded()) }
        guard let length = try? DurationText.length(text) else { return nil }
        return length.count.multipliedReportingOverflow(by: 1_000_000).partialValue
    }

    private func metrics() throws(TempoError) -> TraceQLMetrics {
        try Self.read(text, isRange: isRange)
    }

    /// The parameters for a member.
    ///
    /// - Returns: nil where none of the member's spans can match.
    /// - Throws: where the query uses an attribute of the gateway as it cannot be used.
    public func pairs(
        to labels: LabelInjection
    ) throws(TempoError) -> [(name: String, value: String)]? {
        guard let member = try member(labels) else { return nil }
        return [(name: "q", value: member.text)] + others.tuples
    }

    private func member(_ labels: LabelInjection) throws(TempoError) -> MemberMetrics? {
        let metrics = try metrics()
        do throws(TraceQLError) {
            return try metrics.member(TraceQLNames(labels: labels))
        } catch { throw error.answer(isRange ? "" : "compiling query: ") }
    }

    /// Throws where the values of several members do not make that of all.
    ///
    /// - Parameters:
    ///   - partition: the label that tells members apart.
    ///   - members: those that are asked.
    public func check(_ partition: PartitionLabel, members: Int) throws(TempoError) {
        let metrics = try metrics()
        guard members > 1, metrics.function.combination == nil,
            !metrics.isGroupedByMember(partition.name)
        else { return }
        let name = metrics.function.rawValue
        throw .unprocessable(
            metrics.function == .compare
                ? "compare cannot be answered over several members: ask for one of them, as in "
                    + "{resource.\(partition.name)=\"…\"}"
                : "\(name) needs the spans of all members in one place: group by "
                    + "resource.\(partition.name), or ask for one member")
    }

    /// What a missing member does to the answer.
    ///
    /// - Parameter partition: the label that tells members apart.
    public func missingEffect(_ partition: PartitionLabel) -> MissingMemberEffect {
        let unknown = MissingMemberEffect.mayBeWrong("the query")
        guard let metrics = try? metrics(), metrics.secondStages.isEmpty else { return unknown }
        if metrics.isGroupedByMember(partition.name) { return .subset }
        return metrics.function.combination == .sum ? .incompleteAggregate : unknown
    }

    // MARK: The answer

    /// The series of all members, in order.
    ///
    /// - Parameter answers: in the order of the members. Where there are none, the answer is what a
    ///   Tempo says of a query that matches nothing.
    public func merged(_ answers: [MemberAnswer<TraceMetricsAnswer>]) -> TraceMetricsAnswer {
        guard let metrics = try? metrics() else { return TraceMetricsAnswer() }
        var merge = TraceMetricsMerge(metrics.function)
        var merged = TraceMetricsAnswer()
        for answer in answers {
            guard let member = try? member(answer.labels) else { continue }
            merged.statistics.add(answer.value.statistics)
            merged.addNotes(of: answer.value)
            for series in answer.value.series {
                merge.add(series, of: member, answer.labels)
            }
        }
        if answers.isEmpty, metrics.groups == nil { merge.addZeros(isRange ? grid : nil) }
        merged.series = merge.series(mostExemplars: mostExemplars)
        for stage in metrics.secondStages { stage.apply(to: &merged.series, isRange: isRange) }
        return merged
    }

    /// The steps, in milliseconds: multiples of the step around the range.
    private var grid: StrideThrough<Int64> {
        let step = max(1_000_000, step ?? Self.defaultStep(end - start))
        let first = start - (start % step + step) % step
        let last = end + (step - end % step) % step
        return stride(from: first / 1_000_000, through: last / 1_000_000, by: Int(step / 1_000_000))
    }

    /// What Tempo takes: some 240 steps, of whole seconds.
    private static func defaultStep(_ length: Int64) -> Int64 {
        let second: Int64 = 1_000_000_000
        let baseline = length / 240
        let coarse = baseline / (5 * second) * (5 * second)
        return max(second, coarse >= 5 * second ? coarse : baseline / second * second)
    }
}

import GoText
import TimeSeries

/// A query that counts or measures spans: what comes before the function of metrics, the function
/// itself, what it is grouped by, and what is done with its series afterwards.
struct TraceQLMetrics {
    enum Function: String, CaseIterable {
        case rate
        case countOverTime = "count_over_time"
        case sumOverTime = "sum_over_time"
        case minOverTime = "min_over_time"
        case maxOverTime = "max_over_time"
        case avgOverTime = "avg_over_time"
        case quantileOverTime = "quantile_over_time"
        case histogramOverTime = "histogram_over_time"
        case compare

        /// How values of several members make that of all their spans; nil where they do not.
        var combination: MetricsCombination? {
            switch self {
            case .rate, .countOverTime, .sumOverTime, .histogramOverTime: .sum
            case .minOverTime: .least
            case .maxOverTime: .greatest
            case .avgOverTime, .quantileOverTime, .compare: nil
            }
        }
    }

    let query: TraceQLQuery
    let function: Function
    /// The stages before the function.
    private let spansets: Range<Int>
    /// The function's name and its parentheses.
    private let call: Range<Int>
    /// What it is grouped by; nil without `by`.
    let groups: [Range<Int>]?
    private(set) var secondStages: [MetricsSecondStage] = []

    /// - Throws: for what is no query of metrics, and for a construct that is not known.
    init(_ text: String) throws(TraceQLError) {
        let query = try TraceQLQuery(text)
        self.query = query
        let tokens = query.tokens
        var found: (stage: Int, function: Function)?
        for (index, stage) in query.stages.enumerated() {
            guard let first = tokens[stage].first, case .word = first.kind,
                let function = Function(rawValue: first.text),
                query.closing(of: stage.lowerBound + 1) != nil
            else { continue }
            found = (index, function)
            break
        }
        guard let found else { throw Self.noMetrics(query) }
        function = found.function
        spansets = 0..<found.stage
        let stage = query.stages[found.stage]
        let closing = query.closing(of: stage.lowerBound + 1) ?? stage.lowerBound
        call = stage.lowerBound..<closing + 1
        var rest = call.upperBound..<stage.upperBound
        groups = try Self.groups(&rest, query)
        if let comparison = try MetricsSecondStage(comparison: rest, query) {
            secondStages.append(comparison)
        }
        for stage in query.stages[(found.stage + 1)...] {
            secondStages += try MetricsSecondStage.read(stage, query)
        }
    }

    private static func noMetrics(_ query: TraceQLQuery) -> TraceQLError {
        let function = query.tokens.first { token in
            if case .word = token.kind { Function(rawValue: token.text) != nil } else { false }
        }
        guard let function else {
            return query.tokens.isEmpty
                ? .refused(.badRequest("parse error : syntax error: unexpected $end"))
                : .refused(.badRequest("not a metrics query"))
        }
        return .refused(
            .unprocessable(
                "\(function.text) within parentheses: arithmetic between metrics cannot be answered "
                    + "over several members"))
    }

    private static func groups(
        _ rest: inout Range<Int>, _ query: TraceQLQuery
    ) throws(TraceQLError) -> [Range<Int>]? {
        guard let first = query.tokens[rest].first, first.isWord("by") else { return nil }
        guard let closing = query.closing(of: rest.lowerBound + 1) else {
            throw .syntax("syntax error: unexpected \(first.text)", at: first.place)
        }
        let list = (rest.lowerBound + 2)..<closing
        rest = (closing + 1)..<rest.upperBound
        return query.items(list)
    }

    /// Whether each series is of one member alone.
    func isGroupedByMember(_ partition: String) -> Bool {
        groups?.contains {
            query.attribute($0) == TraceQLAttribute(scope: .resource, name: partition)
        } ?? false
    }

    /// The query for one member.
    ///
    /// - Returns: nil where none of the member's spans can match.
    func member(_ names: TraceQLNames) throws(TraceQLError) -> MemberMetrics? {
        var texts: [String] = []
        for stage in query.stages[spansets] {
            guard let first = query.tokens[stage].first else { continue }
            guard first.isSymbol("{") || first.isSymbol("(") else {
                texts.append(try query.rewritten(stage, names))
                continue
            }
            switch try TraceQLSpansets.outcome(of: stage, in: query, names) {
            case .asked(let text): texts.append(text)
            case .nothing: return nil
            }
        }
        var labels: [MemberMetrics.GroupLabel] = []
        var asked: [String] = []
        for group in groups ?? [] {
            let text = query.source(group)
            guard let attribute = query.attribute(group) else {
                asked.append(try query.rewritten(group, names))
                labels.append(.own(member: text, visible: text))
                continue
            }
            if names.isInjected(attribute) {
                guard attribute.scope == .resource else { throw names.ambiguous(attribute) }
                let value = names.labels.value(of: attribute.name) ?? ""
                labels.append(
                    .injected(visible: attribute.text, value: value.isEmpty ? "nil" : value))
                continue
            }
            guard names.isRenamed(attribute) else {
                asked.append(text)
                labels.append(.own(member: attribute.text, visible: attribute.text))
                continue
            }
            guard attribute.scope == .resource else { throw names.ambiguous(attribute) }
            let member = names.memberAttribute(of: attribute).text
            asked.append(member)
            labels.append(.own(member: member, visible: attribute.text))
        }
        var function = try query.rewritten(call, names)
        if !asked.isEmpty { function += " by (\(asked.joined(separator: ", ")))" }
        texts.append(function)
        var text = texts.joined(separator: " | ")
        if !query.hints.isEmpty { text += " " + query.source(query.hints) }
        return MemberMetrics(
            text: text, labels: labels, isUngrouped: groups != nil && asked.isEmpty)
    }
}

/// How values of several members make one.
enum MetricsCombination {
    case sum, least, greatest
}

/// What a member is asked for metrics, and the labels that its series get.
struct MemberMetrics: Equatable {
    enum GroupLabel: Equatable {
        case injected(visible: String, value: String)
        /// A label of the answer, and the name that users see.
        case own(member: String, visible: String)
    }
    var text: String
    /// In the order of the query.
    var labels: [GroupLabel]
    /// Whether the member is asked without groups though the query has some. Its series has a
    /// name then, which is no label of a group.
    var isUngrouped: Bool
}

/// What is done with the series of a function of metrics.
enum MetricsSecondStage: Equatable {
    /// At each step, the series with the greatest values.
    case top(Int)
    /// At each step, the series with the least values.
    case bottom(Int)
    /// The samples that compare so with a number.
    case comparison(String, Double)

    /// `topk(2)`, `bottomk(1) > 3`.
    static func read(
        _ stage: Range<Int>, _ query: TraceQLQuery
    ) throws(TraceQLError) -> [MetricsSecondStage] {
        guard let first = query.tokens[stage].first else { return [] }
        guard first.isWord("topk") || first.isWord("bottomk"), stage.count >= 4,
            query.closing(of: stage.lowerBound + 1) == stage.lowerBound + 3,
            let count = Int(query.tokens[stage.lowerBound + 2].text), count > 0
        else {
            throw .refused(
                .unprocessable(
                    "\(query.source(stage)) behind a function of metrics cannot be answered over "
                        + "several members"))
        }
        var stages: [MetricsSecondStage] = [first.text == "topk" ? .top(count) : .bottom(count)]
        let rest = (stage.lowerBound + 4)..<stage.upperBound
        if let comparison = try MetricsSecondStage(comparison: rest, query) {
            stages.append(comparison)
        }
        return stages
    }

    /// `> 0.3`; nil where nothing stands.
    init?(comparison range: Range<Int>, _ query: TraceQLQuery) throws(TraceQLError) {
        guard let first = query.tokens[range].first else { return nil }
        let number = query.source(range.dropFirst())
        guard ["=", "!=", "<", "<=", ">", ">="].contains(first.text),
            let value = GoFloat.parse(number) ?? Self.seconds(number)
        else {
            throw .refused(
                .unprocessable(
                    "\(query.source(range)) behind a function of metrics cannot be answered over "
                        + "several members"))
        }
        self = .comparison(first.text, value)
    }

    /// The length of time that a text says.
    private static func seconds(_ text: String) -> Double? {
        if let length = try? DurationText.length(text) { return Double(length.count) / 1000 }
        return (try? GoDuration.nanoseconds(text)).map { $0 / 1e9 }
    }
}

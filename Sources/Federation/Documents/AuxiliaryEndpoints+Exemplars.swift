import PromQL
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream

extension AuxiliaryEndpoints {
    /// `query_exemplars`: each member is asked for the selectors that choose it; series in label
    /// order, exemplars as the members have them. An expression without selectors answers 204.
    public func exemplars(
        _ request: PrometheusRequest, _ options: ParserOptions
    ) async throws -> PrometheusResponse {
        let start = try request.reader.time("start")
        let end = try request.reader.time("end")
        if let start, let end, end < start {
            throw APIError.badData("end timestamp must not be before start timestamp")
        }
        try project.limits.check(from: start, through: end)
        var options = options
        // Only the selectors are asked for: the names that functions have at members do not matter.
        options.holtWinters = true
        let expression: Expression
        do throws(ParseError) {
            expression = try parseExpression(request.parameter("query"), options: options)
        } catch {
            throw APIError.badData(error.description)
        }
        let selectors = ExemplarSelectors(expression, project.rewriting)
        if selectors.isEmpty { return PrometheusResponse(status: 204) }
        let gathered = await gather(from: start, through: end) { member in
            selectors.text(forMember: member).map { text in
                var question = DocumentQuestion("/query_exemplars", .exemplars, [("query", text)])
                question.parameters.add("start", time: start)
                question.parameters.add("end", time: end)
                return question
            }
        }
        var series: [(labels: LabelSet, json: JSONValue)] = []
        for (member, data) in gathered.given {
            for one in data.items {
                let labels = partition.injecting(
                    member, into: one["seriesLabels"]?.labelSet ?? .empty)
                let json =
                    one.changing("seriesLabels") { _ in .labels(labels) }
                    .changing("exemplars") { exemplars in
                        .array(exemplars.items.map { $0.changing("labels") { .labels($0.pairs) } })
                    }
                series.append((labels, json))
            }
        }
        series.sort { $0.labels < $1.labels }
        return try gathered.response(.array(series.map(\.json)), try policy(request))
    }
}

/// The selectors of an expression, wherever they stand; functions, offsets and `@` around them mean
/// nothing for exemplars.
struct ExemplarSelectors: Sendable {
    private let selectors: [VectorSelector]
    private let rewriting: SelectorRewriting

    init(_ expression: Expression, _ rewriting: SelectorRewriting) {
        var found: [VectorSelector] = []
        expression.forEach { node in
            if case .vectorSelector(let selector) = node { found.append(selector) }
        }
        selectors = found
        self.rewriting = rewriting
    }

    var isEmpty: Bool { selectors.isEmpty }

    /// An expression with the selectors that choose the member; nil when none does.
    func text(forMember member: String) -> String? {
        var texts: [String] = []
        for selector in selectors {
            guard let matchers = rewriting.matchers(selector.matchers, forMember: member) else {
                continue
            }
            let text = Expression.vectorSelector(VectorSelector(matchers: matchers)).description
            if !texts.contains(text) { texts.append(text) }
        }
        return texts.isEmpty ? nil : texts.joined(separator: " or ")
    }
}

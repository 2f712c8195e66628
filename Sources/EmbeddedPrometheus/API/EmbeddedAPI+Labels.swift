import GoText
import PromQL
import PrometheusServer
import PrometheusWire
import RegularExpressions
import TimeSeries

extension EmbeddedAPI {
    func addLabels(to routes: inout RouteTable) {
        add(["GET", "POST"], "/labels", to: &routes, labelNames)
        add(["GET"], "/label/:name/values", to: &routes, labelValues)
        add(["GET", "POST"], "/series", to: &routes, seriesLabels)
        add(["GET"], "/metadata", to: &routes, metadata)
    }

    @Sendable private func labelNames(_ request: PrometheusRequest) throws -> Answer {
        let parameters = try Self.parameters(request)
        let selectors = try Self.selectors(parameters) { .badData($0) }
        let names = try store.snapshot().labelNames(
            matchingAny: selectors, from: parameters.from, through: parameters.through)
        return Answer(names, limit: parameters.limit, append: JSONText.append)
    }

    @Sendable private func labelValues(_ request: PrometheusRequest) throws -> Answer {
        let written = request.pathParameters["name"] ?? ""
        let name = EscapedLabelName.decoded(written)
        if name.isEmpty || !request.isPathValidUTF8 {
            throw APIError.badData("invalid label name: \(GoQuoting.quote(written))")
        }
        let parameters = try Self.parameters(request)
        let selectors = try Self.selectors(parameters) { .badData($0) }
        let values = try store.snapshot().labelValues(
            of: name, matchingAny: selectors, from: parameters.from,
            through: parameters.through)
        return Answer(values, limit: parameters.limit, append: JSONText.append)
    }

    @Sendable private func seriesLabels(_ request: PrometheusRequest) throws -> Answer {
        if let error = request.formError {
            throw APIError.badData("error parsing form values: \(error.description)")
        }
        let parameters = try Self.parameters(request, needsSelector: true)
        let selectors = try Self.selectors(parameters) { .parameter("match[]", $0) }
        let series = try store.snapshot().labelSets(
            matchingAny: selectors, from: parameters.from, through: parameters.through)
        return Answer(series, limit: parameters.limit, append: ResultWriter.appendLabels)
    }

    @Sendable private func metadata(_ request: PrometheusRequest) throws -> Answer {
        let limit = try request.reader.number("limit") ?? -1
        let perMetric = try request.reader.number("limit_per_metric") ?? -1
        let wanted = request.parameter("metric")
        var families = store.snapshot().metadata
            .filter { wanted.isEmpty || $0.key.utf8.elementsEqual(wanted.utf8) }
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        if limit >= 0 { families = Array(families.prefix(limit)) }
        let members = families.map { family in
            let count = perMetric > 0 ? perMetric : family.value.count
            let entries = family.value.prefix(count).map { entry in
                JSONValue.strings(of: [
                    ("type", entry.type), ("unit", entry.unit), ("help", entry.help),
                ])
            }
            return (key: family.key, value: JSONValue.array(entries))
        }
        return Answer(.object(members))
    }

    // MARK: Parameters

    private static func parameters(
        _ request: PrometheusRequest, needsSelector: Bool = false
    ) throws(APIError) -> SeriesParameters {
        try SeriesParameters(
            request.reader, selectors: request.parameters.all("match[]"),
            needsSelector: needsSelector)
    }

    private static func selectors(
        _ parameters: SeriesParameters, refusal: (String) -> APIError
    ) throws -> [[LabelMatcher]] {
        try parameters.selectors.map { text in
            let matchers: [LabelMatcher]
            do throws(ParseError) {
                matchers = try parseSelector(text).matchers
            } catch {
                throw refusal(error.description)
            }
            let isSelective = try matchers.contains { try !matchesEmpty($0) }
            if !isSelective {
                throw refusal("match[] must contain at least one non-empty matcher")
            }
            return matchers
        }
    }

    private static func matchesEmpty(_ matcher: LabelMatcher) throws -> Bool {
        switch matcher.op {
        case .equal: matcher.value.isEmpty
        case .notEqual: !matcher.value.isEmpty
        case .regexMatch: try RegularExpression(matcher.value).matches("")
        case .regexNoMatch: try !RegularExpression(matcher.value).matches("")
        }
    }
}

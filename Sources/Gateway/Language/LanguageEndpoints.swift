import Federation
import GatewayConfiguration
import PromQL
import PrometheusServer
import PrometheusWire

/// `format_query` and `parse_query`: the language alone, no member is asked.
struct LanguageEndpoints: Sendable {
    let options: ParserOptions

    init(features: Set<QuerySettings.Feature>) { options = ParserOptions(features: features) }

    func format(_ request: PrometheusRequest) throws(APIError) -> PrometheusResponse {
        var out = Envelope.head
        JSONText.append(try expression(request).prettyPrinted, to: &out)
        out.append(UInt8(ascii: "}"))
        return .json(out)
    }

    func parse(_ request: PrometheusRequest) throws(APIError) -> PrometheusResponse {
        var out = Envelope.head
        out.append(contentsOf: try expression(request).syntaxTreeJSON)
        out.append(UInt8(ascii: "}"))
        return .json(out)
    }

    private func expression(_ request: PrometheusRequest) throws(APIError) -> Expression {
        do throws(ParseError) {
            return try parseExpression(request.parameter("query"), options: options)
        } catch {
            throw .parameter("query", error.description)
        }
    }
}

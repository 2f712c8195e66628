import Federation
import GatewayConfiguration
import GoText
import LogQL
import LokiWire
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream
import UpstreamSettings

extension TelemetryService {
    /// Of Loki.
    var loki: [Endpoint] {
        let both = ["GET", "POST"]
        let version = LokiDocuments.buildInformation(version: "3.5.0")
        let refusals = ["/push", "/delete"].map { path in
            here(.loki, ["POST"], Self.base + path) { _ in
                .text(status: 404, "the gateway only reads: logs are written to the member's Loki")
            }
        }
        let endpoints: [Endpoint] = [
            here(.loki, ["GET"], Self.base + "/status/buildinfo") { _ in .json(version) },
            overMembers(both, "/query_range") { try await $1.logRange($0) },
            overMembers(both, "/query") { try await $1.logInstant($0) },
            overMembers(["GET"], "/tail") { [tails] request, context in
                try await LogTail.response(to: request, context, tails)
            },
            overMembers(both, "/labels") { try await $1.logLabels($0) },
            overMembers(both, "/label") { try await $1.logLabels($0) },
            overMembers(both, "/label/:name/values") { try await $1.logLabelValues($0) },
            overMembers(both, "/series") { try await $1.logSeries($0) },
            overMembers(both, "/index/stats") { try await $1.logStatistics($0) },
            overMembers(both, "/index/volume") { try await $1.logVolume($0, isRange: false) },
            overMembers(both, "/index/volume_range") {
                try await $1.logVolume($0, isRange: true)
            },
            overMembers(both, "/patterns") { try await $1.logPatterns($0) },
            overMembers(both, "/detected_labels") { try await $1.detectedLabels($0) },
            overMembers(both, "/detected_fields") { try await $1.detectedFields($0) },
            overMembers(both, "/detected_field/:name/values") {
                try await $1.detectedFieldValues($0)
            },
        ]
        return refusals + endpoints
    }

    private static let base = "/loki/api/v1"

    private func overMembers(
        _ methods: [String], _ path: String,
        _ answer:
            @escaping @Sendable (PrometheusRequest, TelemetryContext) async throws ->
            PrometheusResponse
    ) -> Endpoint {
        members(.loki, methods, Self.base + path) { request, context in
            if LogEncoding.isParquet(accept: request.headers["Accept"]) {
                throw LokiError.parquet
            }
            return try await answer(request, context)
        }
    }
}

extension TelemetryContext {
    fileprivate func logRange(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let parameters = try LogRangeParameters(request.reader, now: Self.now)
        switch try logQuery(parameters.query) {
        case .log(let query):
            return try await LogLines(
                self, parameters, query,
                isCategorized: LogEncoding.isCategorized(
                    header: request.headers[LogEncoding.header])
            ).response()
        case .metric(let expression):
            return try await LogMetrics(self, .range(parameters), expression).response()
        }
    }

    fileprivate func logInstant(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let parameters = try LogInstantParameters(request.reader, now: Self.now)
        switch try logQuery(parameters.query) {
        case .log: throw LokiError.logQueryAtInstant
        case .metric(let expression):
            return try await LogMetrics(self, .instant(parameters), expression).response()
        }
    }

    static var now: LogTime { LogTime(WallClock.now()) }

    /// - Throws: what is wrong with the text, in Loki's words.
    func logQuery(_ text: String) throws -> LogQLQuery {
        try checkLength(text)
        return try LogQLQuery(text)
    }

    func checkLength(_ text: String) throws(APIError) {
        guard text.utf8.count <= limits.maxQueryBytes else {
            throw .badData(
                "the query is longer than \(limits.maxQueryBytes) bytes (limits.maxQueryBytes)")
        }
    }
}

import Foundation
import GatewayConfiguration
import Logging
import PrometheusServer
import PrometheusWire
import TelemetryDoubles
import Testing
import TimeSeries

@testable import Gateway

/// Two members, each with a server of one kind, behind a gateway; and the union that holds the data of
/// both with the label `project`.
struct TelemetryScene: Sendable {
    let a: TelemetryServer
    let b: TelemetryServer
    let union: TelemetryServer
    let gateway: PrometheusResponder

    /// - Parameters:
    ///   - kind: The key of the servers.
    ///   - settings: Further keys of the multi-cluster project.
    ///   - gatewaySettings: Further lines of the configuration.
    init(
        _ kind: String, a: any TelemetryDouble, b: any TelemetryDouble,
        union: any TelemetryDouble, settings: String = "", gatewaySettings: String = ""
    ) throws {
        self.a = try TelemetryServer(a)
        self.b = try TelemetryServer(b)
        self.union = try TelemetryServer(union)
        gateway = try Self.gateway(
            """
            \(gatewaySettings)
            projects:
              - {name: prod-a, \(kind): {url: "\(self.a.url)"}, apiKeys: [{key: key-of-a}]}
              - {name: prod-b, \(kind): {url: "\(self.b.url)"}}
              - {name: metrics, prometheus: {url: "http://127.0.0.1:1"}}
              - {name: all, memberProjects: [prod-a, prod-b, metrics]\(settings)}
              - {name: none, memberProjects: [metrics]}
            """)
    }

    static func gateway(_ yaml: String) throws -> PrometheusResponder {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try GatewayApplication(
            configuration: Configuration.parse(yaml, path: "c.yaml"), logger: logger
        ).closedAtTheEnd().responder
    }

    /// The recorded logs: what real Lokis held.
    static func recordedLogs(
        settings: String = "", gatewaySettings: String = ""
    ) throws -> TelemetryScene {
        try TelemetryScene(
            "loki", a: LokiDouble(RecordedData.logs(.memberA)),
            b: LokiDouble(RecordedData.logs(.memberB)),
            union: LokiDouble(RecordedData.logs(.union)), settings: settings,
            gatewaySettings: gatewaySettings)
    }

    /// The recorded traces.
    static func recordedTraces(settings: String = "") throws -> TelemetryScene {
        try TelemetryScene(
            "tempo", a: TempoDouble(RecordedData.traces(.memberA)),
            b: TempoDouble(RecordedData.traces(.memberB)),
            union: TempoDouble(RecordedData.traces(.union)), settings: settings)
    }

    /// What the union says to a target, without asking over the network.
    func judgement(_ target: String, by double: any TelemetryDouble) -> DoubleAnswer {
        double.answer(DoubleRequest(target: target))
    }

    /// What the gateway answers to a recorded request, over both members.
    ///
    /// - Parameter base: What the gateway has before the path of the server.
    func replayed(_ exchange: RecordedExchange, below base: String) async throws -> DoubleAnswer {
        var headers: HTTPHeaders = [:]
        // The tenant is the server's, and compression nothing that is compared.
        for (name, value) in exchange.request.headers
        where !["X-Scope-OrgID", "Accept-Encoding"].contains(name) {
            headers[name] = value
        }
        let request = try #require(
            PrometheusRequest(
                method: exchange.request.method, target: base + exchange.target,
                headers: headers, body: exchange.request.body))
        let (status, fields, bytes) = try await gateway.respond(to: request).collected()
        return DoubleAnswer(status: status, type: fields["Content-Type"] ?? "", body: bytes)
    }

    /// Replays what was recorded with a union, and tells how the gateway differs from it.
    ///
    /// - Parameters:
    ///   - recording: Its name.
    ///   - known: Requests whose answers differ, by reason.
    static func compare(
        _ recording: String, known: [(reason: String, ids: Set<String>)], atLeast count: Int,
        _ difference: (RecordedExchange) async throws -> String?
    ) async throws {
        var excused = known.reduce(into: Set<String>()) { $0.formUnion($1.ids) }
        let recorded = try RecordedExchange.read(recording)
        for exchange in recorded {
            guard let found = try await difference(exchange) else { continue }
            if excused.remove(exchange.id) == nil { Issue.record("\(exchange.id): \(found)") }
        }
        #expect(excused.isEmpty, "answered as recorded, and excused")
        #expect(recorded.count > count)
    }

    /// Whom the gateway has asked since the scene began.
    var asked: (a: Int, b: Int) { (a.requests.count, b.requests.count) }
}

/// The result of an answer of Loki as far as it is comparable: label sets in order, no statistics, and
/// numbers to twelve digits, as the order of a sum is not the same.
struct ComparableResult: Equatable, CustomStringConvertible {
    var description: String

    init(_ body: some Sequence<UInt8>) throws {
        let document = try JSONValue(parsing: Array(body))
        let data = try #require(document["data"])
        let type = data["resultType"]?.text ?? "list"
        let rows = (data["result"] ?? data).items.map { row in
            guard let labels = row["stream"] ?? row["metric"] else {
                return String(decoding: row.bytes, as: UTF8.self)
            }
            let values = row["values"] ?? row["value"] ?? .null
            let text = String(decoding: values.bytes, as: UTF8.self)
            guard row["metric"] != nil else { return "\(labels.labelSet.quotedText) \(text)" }
            let words = text.split(separator: "\"", omittingEmptySubsequences: false).map { word in
                Double(word).map { String(format: "%.12g", $0) } ?? String(word)
            }
            return "\(labels.labelSet.quotedText) \(words.joined(separator: "\""))"
        }
        let other = rows.isEmpty && data["result"] != nil ? data["result"]?.bytes ?? [] : []
        description =
            type + "\n" + rows.sorted().joined(separator: "\n")
            + String(decoding: other, as: UTF8.self)
    }
}

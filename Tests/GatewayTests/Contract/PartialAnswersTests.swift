import EmbeddedPrometheus
import Foundation
import GatewayConfiguration
import Logging
import PrometheusServer
import Testing

@testable import Federation
@testable import Gateway

/// Members that say of an answer that it lacks data.
@Suite(.closesGateways) struct PartialAnswersTests {
    /// How an answer says it, and how that is told.
    enum Sign: String, CaseIterable, Sendable {
        case fieldBefore, fieldBehind, storeWarning, gatewayWarning

        var before: String { self == .fieldBefore ? #""isPartial":true,"# : "" }

        var behind: String {
            switch self {
            case .fieldBefore: ""
            case .fieldBehind: #","isPartial":true"#
            case .storeWarning: #","warnings":["\#(cause)"]"#
            case .gatewayWarning: #","warnings":["project \"x\": gone"]"#
            }
        }

        /// As JSON.
        var cause: String {
            switch self {
            case .fieldBefore, .fieldBehind: "it answers with a part of its data (isPartial)"
            case .storeWarning: "receive series from s1: rpc error: code = Unavailable"
            case .gatewayWarning: #"project \"x\": gone"#
            }
        }
    }

    private static func partial(_ sign: Sign) -> PrometheusResponder {
        let api = SampleData.up(jobs: 1)
        return Visits().responder { request in
            let (status, headers, bytes) = try await api.respond(to: request).collected()
            var body = String(decoding: bytes, as: UTF8.self)
            if status == 200, !request.path.contains("/status/") {
                body = "{" + sign.before + body.dropFirst().dropLast() + sign.behind + "}"
            }
            return PrometheusResponse(
                status: status, headers: headers, body: .bytes(Array(body.utf8)))
        }
    }

    private static func withGateway(
        _ sign: Sign, _ policy: String,
        _ work: @escaping @Sendable (PrometheusResponder) async throws -> Void
    ) async throws {
        let whole = SampleData.up(jobs: 1)
        let other = Visits().responder { await whole.respond(to: $0) }
        try await LoopbackServers.serve(["a": partial(sign), "b": other]) { ports in
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let yaml = """
                projects:
                  - {name: a, prometheus: {url: "http://127.0.0.1:\(ports["a"] ?? 0)"}}
                  - {name: b, prometheus: {url: "http://127.0.0.1:\(ports["b"] ?? 0)"}}
                  - {name: all, memberProjects: [a, b], partialResponse: \(policy)}
                """
            try await work(
                GatewayApplication(
                    configuration: Configuration.parse(yaml, path: "c.yaml"), logger: logger
                ).closedAtTheEnd().responder)
        }
    }

    /// Of unions, computed answers, metadata and documents.
    private static let questions = [
        "query?query=up", "query?query=sum(up)", "query?query=quantile(0.5,up)",
        "query_range?query=up&start=1&end=31&step=15",
        "query_range?query=sum(up)&start=1&end=31&step=15", "labels", "label/job/values",
        "series?match[]=up", "metadata", "query_exemplars?query=up", "rules",
    ]

    @Test(arguments: Sign.allCases, ["warn", "safe"])
    func `A part that is missing is a warning that names the project`(
        sign: Sign, policy: String
    ) async throws {
        try await Self.withGateway(sign, policy) { gateway in
            for question in Self.questions {
                let answer = try await gateway.ask("/p/all/api/v1/\(question)")
                #expect(answer.status == 200, "\(question): \(answer.body)")
                let text = #"project \"a\": "# + sign.cause
                #expect(answer.body.contains(text), "\(question): \(answer.body)")
                // Told once.
                #expect(
                    answer.body.components(separatedBy: sign.cause).count == 2,
                    "\(question): \(answer.body)")
            }
            // What is there of it is in the answer.
            let union = try await gateway.ask("/p/all/api/v1/query?query=up")
            #expect(union.body.contains(#""project":"a""#), "\(union.body)")
            #expect(union.body.contains("(some of its series are missing)"))
            let sum = try await gateway.ask("/p/all/api/v1/query?query=sum(up)")
            #expect(
                sum.body.contains("(the answer is computed without some of its series)"),
                "\(sum.body)")
            let federated = try await gateway.ask("/p/all/federate?match[]=up")
            #expect(federated.body.contains("# project \"a\": "), "\(federated.body)")
            #expect(federated.body.contains("project=\"a\""))
        }
    }

    @Test(arguments: Sign.allCases)
    func `Where members must not be missing, a part is an error`(sign: Sign) async throws {
        try await Self.withGateway(sign, "abort") { gateway in
            for question in Self.questions {
                let answer = try await gateway.ask("/p/all/api/v1/\(question)")
                #expect(answer.status == 503, "\(question): \(answer.body)")
                #expect(answer.body.contains(sign.cause), "\(question): \(answer.body)")
            }
            let federated = try await gateway.ask("/p/all/federate?match[]=up")
            #expect(federated.status == 503)
        }
    }

    @Test(arguments: Sign.allCases)
    func `Where less data can make more answer, safe refuses a part`(sign: Sign) async throws {
        try await Self.withGateway(sign, "safe") { gateway in
            let absent = try await gateway.ask("/p/all/api/v1/query?query=absent(up)")
            #expect(absent.status == 503, "\(absent.body)")
            // Without all of the member nothing is wrong; with half of it something could be.
            let unless = try await gateway.ask(
                "/p/all/api/v1/query?query=up%20unless%20on(project,job)%20down")
            #expect(unless.status == 200, "\(unless.body)")
            #expect(unless.body.contains(#""project":"b""#))
            #expect(!unless.body.contains(#""project":"a""#), "\(unless.body)")
            #expect(unless.body.contains("(its part of the answer is missing)"))
        }
    }
}

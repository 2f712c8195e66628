import Foundation
import GatewayConfiguration
import PrometheusServer
import TelemetryDoubles
import Testing

@testable import Gateway

/// What a real Tempo answered that held the traces of two members is what the gateway answers over them.
@Suite(.closesGateways) struct TempoUnionRecordingTests {
    private static let comparison = AnswerComparison(
        ignoredNames: ["metrics", "exemplars", "schemaUrl"], areListsSets: true)

    /// Requests whose answers differ, by reason. All others are answered as recorded.
    private static let known: [(reason: String, ids: Set<String>)] = [
        (
            "a span that two members have is shown once",
            Set(
                ["dual", "conflict"].flatMap { name in
                    ["v1", "v2"].flatMap { version in
                        ["default", "json", "proto"].map { "trace-\(name)-\(version)-\($0)" }
                    }
                })
        ),
        (
            "a real Tempo gives the server its own ID where client and server share one",
            [
                "trace-cross-v1-default", "trace-cross-v1-json", "trace-cross-v1-proto",
                "trace-cross-v2-default", "trace-cross-v2-json", "trace-cross-v2-proto",
                "trace-range-v1", "trace-range-v2", "trace-range-onlystart-v1",
                "trace-range-onlystart-v2",
            ]
        ),
        (
            "each member judges its own part of a trace",
            [
                "search-traceduration", "search-trace-duration2", "search-rootname",
                "search-rootsvc", "search-structural", "search-spanset-and", "search-count",
                "search-avg", "search-u-joined",
            ]
        ),
        (
            "a condition that all spans of a member meet is not sent, and nor is what it names",
            ["search-u-or"]
        ),
        (
            "members that the condition does not choose are not asked",
            ["search-u-project", "search-u-neq", "search-u-tags"]
        ),
        (
            "which names and values are the first is free", ["tags-v2-limit", "values-v2-limit"]
        ),
        (
            "not answered over several members",
            [
                "mrange-avg", "minst-avg", "mrange-quantile", "minst-quantile", "mrange-compare",
                "minst-compare",
            ]
        ),
        (
            "the double does not know it",
            [
                "mrange-histogram", "minst-histogram", "mrange-u-quantile", "minst-u-quantile",
            ]
        ),
        (
            "a real Tempo was recorded with the largest value in place of the sum",
            ["mrange-sum", "minst-sum"]
        ),
        ("no times are named, and the clock decides", ["mrange-since", "minst-since"]),
        (
            "JSON and protobuf are the formats",
            ["trace-llm-v1", "trace-llm-v2", "search-proto"]
        ),
        ("only GET is answered", ["mrange-post", "search-post"]),
        ("a name that is encoded twice is decoded twice", ["values-v2-twice", "values-v2-slash"]),
        ("the version is the gateway's", ["buildinfo"]),
    ]

    @Test func `every recorded request has the answer that was recorded`() async throws {
        let scene = try TelemetryScene.recordedTraces()
        try await TelemetryScene.compare("tempo-union", known: Self.known, atLeast: 280) {
            exchange in
            Self.difference(
                exchange, try await scene.replayed(exchange, below: "/p/all/tempo"))
        }
    }

    private static func difference(
        _ exchange: RecordedExchange, _ answer: DoubleAnswer
    ) -> String? {
        if exchange.id.hasPrefix("search") {
            var exchange = exchange
            let given = withoutLabel(answer.body)
            exchange.answer = exchange.answer.map { recorded in
                (recorded.status, recorded.type, withoutLabel(recorded.body))
            }
            // Of more traces than the limit, a real Tempo gives the first that it finds.
            let limit = exchange.request.parameter("limit").flatMap { Int($0) } ?? 20
            let isCut = JSONNode(exchange.answer?.body ?? [])?["traces"]?.elements.count == limit
            let other = exchange.answer?.body ?? []
            if isCut { exchange.answer?.body = rows(of: other, amongThoseOf: given) }
            return exchange.difference(
                from: DoubleAnswer(
                    status: answer.status, type: answer.type,
                    body: isCut ? rows(of: given, amongThoseOf: other) : given), comparison)
        }
        guard let recorded = exchange.answer, recorded.type == "application/protobuf",
            answer.type == recorded.type
        else { return exchange.difference(from: answer, comparison) }
        let shape = exchange.request.path.hasPrefix("/api/v2/") ? TraceProtobuf.answer : .trace
        guard let given = shape.node(answer.body), let wanted = shape.node(recorded.body) else {
            return "no message"
        }
        return comparison.difference(given, wanted, at: "")
    }

    /// The traces of a search that another one gives as well.
    private static func rows(of body: [UInt8], amongThoseOf other: [UInt8]) -> [UInt8] {
        let known = Set(
            JSONNode(other)?["traces"]?.elements.compactMap { $0["traceID"]?.text } ?? [])
        let rows = JSONNode(body)?["traces"]?.elements.filter { row in
            known.contains(row["traceID"]?.text ?? "")
        }
        return JSONNode.object([.init("traces", .array(rows ?? []))]).bytes
    }

    /// Rows without the attribute that tells the member, which spans have here whether it was asked for
    /// or not.
    private static func withoutLabel(_ body: [UInt8]) -> [UInt8] {
        func stripped(_ node: JSONNode) -> JSONNode {
            switch node {
            case .null, .bool, .number, .string: return node
            case .array(let elements): return .array(elements.map(stripped))
            case .object(let members):
                return .object(
                    members.compactMap { member in
                        guard member.name == "attributes" else {
                            return .init(member.name, stripped(member.value))
                        }
                        let left = member.value.elements.filter { $0["key"]?.text != "project" }
                        return left.isEmpty ? nil : .init("attributes", .array(left))
                    })
            }
        }
        return JSONNode(body).map { stripped($0).bytes } ?? body
    }
}

import Answers
import GoText
import RealServers
import TestSupport
import Testing

/// A member that cannot be relied on.
enum Trouble: String, CaseIterable, Sendable {
    case down, slow, html, malformed, truncated, failing

    /// What stands in for the member; nothing for one that is down.
    func server() throws -> LoopbackServer? {
        switch self {
        case .down: nil
        case .slow: try .silent()
        case .html: try .answering("<html><body>Welcome</body></html>", type: "text/html")
        case .malformed:
            try .answering(
                #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"#)
        case .truncated:
            try .breakingOff(
                after: #"{"status":"success","data":{"resultType":"vector","result":["#)
        case .failing: try .answering("overloaded", status: 500, type: "text/plain")
        }
    }
}

extension EndToEnd {
    /// Two good members and one in trouble, under each policy.
    @Suite(.serialized)
    struct FailureTests {
        private final class Troubled: Sendable {
            let servers: [LoopbackServer]
            let gateway: GatewayServer

            init(_ scene: Scene, _ trouble: Trouble) throws {
                let server = try trouble.server()
                servers = [server].compactMap { $0 }
                let port = try server?.port ?? LoopbackPort.free()
                gateway = try GatewayServer(
                    name: "troubled-\(trouble)",
                    members: [
                        .init(name: "a", url: scene.members[0].address.url),
                        .init(name: "c_us", url: scene.members[2].address.url),
                        .init(
                            name: "broken", url: "http://127.0.0.1:\(port)",
                            options: ", timeout: 1s"),
                    ],
                    projects: [nil, "warn", "safe", "abort"].map {
                        .init(
                            name: $0.map { "by-\($0)" } ?? "by-default",
                            members: ["a", "broken", "c_us"], partialResponse: $0)
                    } + [.init(name: "alone", members: ["broken"], partialResponse: "warn")],
                    directory: scene.directory)
            }
        }

        private static let time = QueryCase.Times.instant(FederationData.start + 900_000)
        private static let range = QueryCase.Times.range(
            start: FederationData.start + 900_000, end: FederationData.start + 1_500_000,
            step: 30_000)

        @Test("A missing member is named, and never fakes an answer", arguments: Trouble.allCases)
        func missing(trouble: Trouble) async throws {
            let scene = try Scene.required()
            try await offPool {
                let troubled = try Troubled(scene, trouble)
                defer { troubled.gateway.process.stop() }
                func ask(
                    _ project: String, _ query: String, _ times: QueryCase.Times
                ) throws
                    -> QueryAnswer
                {
                    try QueryCase(query: query, times: times)
                        .answer(from: troubled.gateway.project(project))
                }

                for times in [Self.time, Self.range] {
                    // Elements are missing, or values are made of less: said, but given.
                    for (query, whole) in [
                        ("up", "up{project=~\"a|c_us\"}"),
                        (
                            "sum by (project) (temperature)",
                            "sum by (project) (temperature{project!=\"b-eu\"})"
                        ),
                        ("sum(temperature)", "sum(temperature{project!=\"b-eu\"})"),
                    ] {
                        let theirs = try QueryCase(query: whole, times: times)
                            .answer(from: scene.oracle.address)
                        for project in ["by-default", "by-warn", "by-safe"] {
                            let ours = try ask(project, query, times)
                            let what = UnionComparison(query: query)
                                .difference(gateway: ours, oracle: theirs)
                            #expect(what == nil, "\(project), \(query): \(ours.summary)")
                            #expect(
                                ours.warnings.contains { $0.contains("broken") },
                                "\(project), \(query): \(ours.summary)")
                        }
                        expectRefusal(try ask("by-abort", query, times), "by-abort \(query)")
                    }
                    // Less data would make more answer, or turn false into true.
                    for query in [
                        "absent(nope)", "up unless on (job) temperature",
                        "count(up) < 5", "nope or vector(0)", "vector(scalar(nope))",
                        "absent_over_time(nope[5m])", "changes(count(up)[5m:1m])",
                        "topk(1, sum by (job) (up)) > 1",
                    ] {
                        for project in ["by-default", "by-safe", "by-abort"] {
                            expectRefusal(try ask(project, query, times), "\(project) \(query)")
                        }
                        let warned = try ask("by-warn", query, times)
                        #expect(warned.status == 200, "by-warn \(query): \(warned.summary)")
                        #expect(warned.warnings.contains { $0.contains("broken") }, "\(query)")
                    }
                    // Not asked, so not missed.
                    for project in ["by-default", "by-warn", "by-safe", "by-abort"] {
                        let ours = try ask(project, "absent(up{project=\"a\",job=\"x\"})", times)
                        #expect(ours.status == 200, "\(project): \(ours.summary)")
                        #expect(ours.warnings.isEmpty)
                    }
                    expectRefusal(try ask("alone", "up", times), "everybody is missing")
                }
            }
        }

        private func expectRefusal(_ answer: QueryAnswer, _ comment: String) {
            guard case .error(_, let text) = answer.outcome else {
                Issue.record("\(comment): \(answer.summary)")
                return
            }
            #expect(answer.status >= 400)
            #expect(text.contains("broken"), "\(comment): \(text)")
        }

        @Test("Lists of labels and series go on without a missing member, which is named")
        func lists() async throws {
            let scene = try Scene.required()
            try await offPool {
                let troubled = try Troubled(scene, .html)
                defer { troubled.gateway.process.stop() }
                let gateway = troubled.gateway.project("by-warn")
                for (path, parameters) in [
                    ("/api/v1/labels", []), ("/api/v1/label/job/values", []),
                    ("/api/v1/series", [("match[]", "up")]),
                ] as [(String, [(String, String)])] {
                    let json = try gateway.get(path, parameters).json()
                    #expect(json["status"]?.text == "success", "\(path)")
                    #expect(json["data"]?.items?.isEmpty == false, "\(path)")
                    #expect(
                        json["warnings"]?.strings.contains { $0.contains("broken") } == true,
                        "\(path)")
                }
            }
        }
    }
}

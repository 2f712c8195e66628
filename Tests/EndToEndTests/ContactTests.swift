import GoText
import RealServers
import Testing

extension EndToEnd {
    /// Counting servers stand between the gateway and its members.
    struct ContactTests {
        /// A gateway whose members are counted.
        private final class Counted: Sendable {
            let doors: [LoopbackServer]
            let gateway: GatewayServer

            init(_ scene: Scene) throws {
                doors = try scene.members.map { try .counting($0.address) }
                gateway = try GatewayServer(
                    name: "counted",
                    members: zip(FederationData.members, doors).map {
                        .init(name: $0, url: $1.address.url)
                    },
                    projects: [.init(name: "all", members: FederationData.members)],
                    directory: scene.directory)
            }

            /// By member, the requests that a question causes.
            func requests(
                _ path: String, _ parameters: [(String, String)]
            ) throws -> [String: [LoopbackServer.Request]] {
                for door in doors { door.forget() }
                let answer = try gateway.project("all").post(path, parameters)
                #expect(answer.status == 200, "\(answer.text)")
                let seen = zip(FederationData.members, doors.map(\.queries))
                return Dictionary(uniqueKeysWithValues: seen.filter { !$0.1.isEmpty })
            }
        }

        @Test("Members that no matcher on project chooses are not contacted")
        func unchosen() async throws {
            let scene = try Scene.required()
            try await offPool {
                let counted = try Counted(scene)
                defer { counted.gateway.process.stop() }
                let all = Set(FederationData.members)
                let time = "\(FederationData.start.wholeSeconds + 900)"
                for (query, expected) in [
                    ("up", all), ("1 + 1", []), ("time()", []), ("vector(1)", []),
                    ("up{project=\"a\"}", ["a"]), ("up{project!=\"a\"}", ["b-eu", "c_us"]),
                    ("up{project=~\"a|c.*\"}", ["a", "c_us"]),
                    ("up{project!~\"a|c.*\"}", ["b-eu"]), ("up{project=\"nobody\"}", []),
                    ("up{project=\"\"}", []), ("sum(up{project!=\"\"})", all),
                    ("sum(up{project=\"a\"}) + sum(up{project=\"c_us\"})", ["a", "c_us"]),
                    ("absent(up{project=\"nobody\"})", []),
                    ("up{project=\"a\"} / on (job, instance) up{project=\"b-eu\"}", ["a", "b-eu"]),
                    ("sum(up{project=\"nobody\"}) or vector(0)", []),
                    ("rate(requests_total{project=\"c_us\"}[5m])", ["c_us"]),
                ] as [(String, Set<String>)] {
                    let contacted = try counted.requests(
                        "/api/v1/query", [("query", query), ("time", time)])
                    #expect(Set(contacted.keys) == expected, "\(query)")
                    for request in contacted.values.joined() {
                        let sent = request.target + String(decoding: request.body, as: UTF8.self)
                        #expect(!sent.contains("project"), "\(query): \(sent)")
                    }
                }
                for path in ["/api/v1/series", "/api/v1/labels"] {
                    let contacted = try counted.requests(
                        path, [("match[]", "up{project=\"b-eu\"}")])
                    #expect(Set(contacted.keys) == ["b-eu"], "\(path)")
                }
            }
        }

        @Test(
            "What a query asks twice is fetched once",
            arguments: ["sum(up) + sum(up)", "up", "max(up) / max(up) + max(up)"])
        func once(query: String) async throws {
            let scene = try Scene.required()
            try await offPool {
                let counted = try Counted(scene)
                defer { counted.gateway.process.stop() }
                let time = "\(FederationData.start.wholeSeconds + 900)"
                let contacted = try counted.requests(
                    "/api/v1/query", [("query", query), ("time", time)])
                #expect(contacted.values.allSatisfy { $0.count == 1 })
            }
        }
    }
}

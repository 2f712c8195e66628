import RealServers
import Testing

extension EndToEnd {
    /// Clients decide by these answers how to go on: Grafana asks by POST first, and falls back.
    struct RefusalTests {
        @Test(
            "Methods and paths that are not served are refused as the oracle refuses them",
            arguments: [
                ("PUT", "/api/v1/query"), ("DELETE", "/api/v1/query_range"),
                ("HEAD", "/api/v1/query"), ("POST", "/api/v1/label/job/values"),
                ("GET", "/api/v1/nothing"), ("GET", "/nothing"),
                ("OPTIONS", "/api/v1/query"), ("GET", "/-/healthy"), ("HEAD", "/-/ready"),
                ("GET", "/api/v1/status/buildinfo"),
            ])
        func refused(method: String, path: String) async throws {
            let scene = try Scene.required()
            try await offPool {
                func answer(_ server: HTTPAddress) throws -> HTTPAnswer {
                    var body: [UInt8] = []
                    var answer = try server.stream(method, path) { body += $0 }
                    answer.body = body
                    return answer
                }
                // At the root, where the gateway stands for its default project.
                let ours = try answer(HTTPAddress(port: scene.gateway.port))
                let theirs = try answer(scene.oracle.address)
                #expect(ours.status == theirs.status)
                #expect(ours.header("allow") == theirs.header("allow"))
                if theirs.status >= 400, method != "HEAD" {
                    #expect(ours.text == theirs.text)
                    #expect(ours.header("content-type") == theirs.header("content-type"))
                }
            }
        }

        @Test("A project that does not exist is not found, in words that are JSON")
        func unknownProject() async throws {
            let scene = try Scene.required()
            let answer = try await offPool {
                try HTTPAddress(port: scene.gateway.port, prefix: "/p/nobody")
                    .get("/api/v1/query", [("query", "up")])
            }
            #expect(answer.status == 404)
            #expect(try answer.json()["errorType"]?.text == "not_found")
        }
    }
}

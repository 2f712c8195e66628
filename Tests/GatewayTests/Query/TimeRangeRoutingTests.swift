import PrometheusServer
import ScriptedServers
import Testing

/// `timeRange` of a member, seen from both ends of the gateway: who is asked what.
@Suite(.closesGateways) struct TimeRangeRoutingTests {
    /// Asks a project of two members, of which one ended with the year 2020.
    ///
    /// - Returns: the answer, and the paths that the ended one was asked for.
    private func ask(
        _ target: String, headers: HTTPHeaders = ["Authorization": "Bearer root-token"]
    ) async throws -> (body: String, paths: [String]) {
        var found = (body: "", paths: [String]())
        let empty = #"{"status":"success","data":{"resultType":"matrix","result":[]}}"#
        let list = #"{"status":"success","data":[]}"#
        let script: ScriptedServer.Script = { request, connection in
            let isQuery = request.path.contains("/query")
            return connection.answer(isQuery && !request.path.contains("exemplars") ? empty : list)
        }
        try await withTransport(script) { _, ended in
            try await withTransport(script) { _, current in
                let gateway = try await TestGateway(
                    """
                    projects:
                      - {name: a, prometheus: {url: "\(current.url)"}}
                      - name: b
                        timeRange: {to: 2020-12-31T23:59:59Z}
                        prometheus: {url: "\(ended.url)"}
                        apiKeys: [{key: the-key-of-b}]
                      - {name: all, memberProjects: [a, b], partialResponse: abort}
                    auth: {tokens: [{name: root, token: root-token, admin: true}]}
                    """)
                let path = headers["X-API-Key"] == nil ? "/p/all" : ""
                let answer = try await gateway.send(
                    "GET", path + "/api/v1" + target, headers: headers)
                #expect(answer.status == 200, "\(answer.body)")
                found.body = answer.body
                found.paths = ended.requests.map(\.path).filter { !$0.contains("/status/") }
            }
        }
        return found
    }

    @Test(arguments: [
        "/query_range?query=x&start=1700000000&end=1700000600&step=60",
        "/query_range?query=sum(rate(x[1d]))&start=1700000000&end=1700000600&step=60",
        "/series?match[]=x&start=1700000000&end=1700000600",
        "/labels?start=1700000000&end=1700000600",
        "/label/job/values?start=1700000000",
        "/query_exemplars?query=x&start=1700000000&end=1700000600",
    ])
    func `A member is not asked about times of which it has no samples`(target: String) async throws
    {
        #expect(try await ask(target).paths.isEmpty)
    }

    @Test(arguments: [
        "/query_range?query=x&start=1600000000&end=1600000600&step=60",
        "/query_range?query=x offset 4y&start=1700000000&end=1700000600&step=60",
        "/series?match[]=x&start=1600000000&end=1700000600",
        "/series?match[]=x", "/labels?end=1700000600",
    ])
    func `It is asked about those of which it may have some`(target: String) async throws {
        let encoded = target.replacing(" ", with: "%20")
        #expect(try await !ask(encoded).paths.isEmpty)
    }

    @Test(arguments: [
        "/query_range?query=x&start=1700000000&end=1700000600&step=60",
        "/series?match[]=x&start=1700000000&end=1700000600",
    ])
    func `As itself, by its own key, it is asked about everything`(target: String) async throws {
        #expect(try await !ask(target, headers: ["X-API-Key": "the-key-of-b"]).paths.isEmpty)
    }

    @Test func `Explain says who is not asked, and for how many steps a member is`() async throws {
        let away = try await ask(
            "/explain?query=x&start=1700000000&end=1700000600&step=60")
        #expect(away.body.contains(#""membersAsked":["a"]"#))
        #expect(away.body.contains(#""stepsAsked":0"#))
        #expect(away.body.contains("not asked: its timeRange is elsewhere"))
        // The year ends at 1609459200; a sample is looked for five minutes.
        let across = try await ask(
            "/explain?query=x&start=1609459080&end=1609459680&step=60")
        #expect(across.body.contains(#""membersAsked":["a","b"]"#))
        #expect(across.body.contains(#""stepsAsked":7"#))
        #expect(across.body.contains("asked for 7 steps, by its timeRange"))
    }
}

import GoText
import ScriptedServers
import Testing
import Upstream
import UpstreamSettings

/// Two projects of one server, each with credentials of its own.
@Suite struct OwnConnectionsTests {
    @Test func `Of 300 queries of two projects of one server none gets the other's answer`()
        async throws
    {
        try await withTransport { request, connection in
            let token = request.header("Authorization") ?? ""
            let answer = Answers.vector(
                #"{"metric":{"token":"\#(token)"},"value":[1.500,"1"]}"#)
            // An answer more, nobody asked for.
            let more =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(answer.utf8.count)\r\n\r\n\(answer)"
            _ = connection.answer(answer)
            return connection.write(more)
        } _: { transport, server in
            let clients = try ["one", "two"].map { token in
                UpstreamClient(
                    UpstreamConfiguration(
                        name: token,
                        source: .prometheus(
                            PrometheusSource(
                                url: try ServerURL(server.url),
                                credentials: .bearer(Secret(token))))),
                    transport: transport)
            }
            var foreign = 0
            for number in 0..<300 {
                let client = clients[number % 2]
                let text = try await client.query("up", at: 1_500).text().elements
                if !text.contains("Bearer \(client.configuration.name)\"") { foreign += 1 }
            }
            #expect(foreign == 0)
            let byConnection = Dictionary(grouping: server.requests, by: \.connection)
            #expect(
                byConnection.values.allSatisfy {
                    Set($0.map { $0.header("Authorization") }).count == 1
                })
        }
    }
}

import GoText
import PrometheusWire
import ScriptedServers
import Testing
import Upstream
import UpstreamSettings

/// A member behind a proxy.
@Suite struct ProxyTests {
    @Test("Every request goes to the proxy, and names the member")
    func everyRequest() async throws {
        try await withTransport({ _, connection in
            connection.answer(#"{"status":"success","data":[]}"#)
        }) { transport, proxy in
            var source = PrometheusSource(url: try ServerURL("http://member.invalid:9090/prefix"))
            source.proxy = try ServerURL(proxy.url)
            let client = UpstreamClient(
                UpstreamConfiguration(name: "b", source: .prometheus(source)),
                transport: transport)
            await askEverything(client)
            #expect(Set(proxy.requests.map(\.path)).count >= 9)
            for request in proxy.requests {
                #expect(request.target.hasPrefix("http://member.invalid:9090/prefix/api/v1/"))
                #expect(request.header("Host") == "member.invalid:9090")
            }
        }
    }

    @Test("Of a member with TLS the proxy is told the name alone")
    func tunnel() async throws {
        try await withTransport({ _, connection in
            connection.answer("no", status: "403 Forbidden", type: "text/plain")
        }) { transport, proxy in
            var source = PrometheusSource(url: try ServerURL("https://member.invalid:9090/prefix"))
            source.credentials = .bearer(Secret("s3cret"))
            source.proxy = try ServerURL(proxy.url)
            let client = UpstreamClient(
                UpstreamConfiguration(name: "b", source: .prometheus(source)),
                transport: transport)
            _ = try? await client.query("up", at: 0)
            let seen = try #require(proxy.requests.first)
            #expect(seen.method == "CONNECT" && seen.target == "member.invalid:9090")
            #expect(!seen.headers.contains { $0.value.contains("s3cret") })
        }
    }
}

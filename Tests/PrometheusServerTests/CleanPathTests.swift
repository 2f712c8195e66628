import PrometheusServer
import Testing

/// What a real Prometheus 3.5 answers, byte by byte.
@Suite("Paths that are not clean are sent to the clean one")
struct CleanPathTests {
    @Test(
        "Location and page are those of Prometheus",
        arguments: [
            ("//api/v1/query?query=1&time=1", "/api/v1/query?query=1&time=1", nil),
            ("/api/v1//query", "/api/v1/query", nil),
            ("/./api/v1/query", "/api/v1/query", nil),
            ("/api/../api/v1/query?a", "/api/v1/query?a", nil),
            ("/api/v1/query/.", "/api/v1/query", nil),
            ("/api/v1/x/../query", "/api/v1/query", nil),
            ("/api/v1/query/../../../..", "/", nil),
            ("/..", "/", nil), ("/.", "/", nil), ("//", "/", nil), ("/./", "/", nil),
            ("//?", "/", nil), ("///", "/", nil), ("//api/v1/query?", "/api/v1/query", nil),
            ("http://x.y?q", "/?q", nil), ("http://x.y//a?q", "/a?q", nil),
            ("/api/v1", "/api/v1/", nil), ("//api/v1", "/api/v1/", nil),
            ("//nothing", "/nothing", nil), ("/nothing//x/", "/nothing/x/", nil),
            ("/api/v1//label/a%2Fb/values", "/api/v1/label/a/b/values", nil),
            ("/api/v1/label/%2e%2e/values", "/api/v1/values", nil),
            ("//api/v1/label/%C3%A9%20/values", "/api/v1/label/%C3%A9%20/values", nil),
            ("//api/v1/query#f", "/api/v1/query%23f", nil),
            ("//api/v1/query;x?a", "/api/v1/query;x?a", nil),
            ("//evil.com/..", "/", nil), ("/\\evil.com//", "/%5Cevil.com/", nil),
            ("//é!'()*[]^`{|}", "/%C3%A9%21%27%28%29%2A%5B%5D%5E%60%7B%7C%7D", nil),
            ("//$&+,-.:;=@_~", "/$&+,-.:;=@_~", nil),
            (
                "/api/v1//query?query=%22a%20b%22+\"x\"{}<é>&x='1'",
                "/api/v1/query?query=%22a%20b%22+\"x\"{}<%c3%a9>&x='1'",
                "/api/v1/query?query=%22a%20b%22+&#34;x&#34;{}&lt;é&gt;&amp;x=&#39;1&#39;"
            ),
            ("/-/healthy/", "/-/healthy", nil),
        ] as [(String, String, String?)])
    func moved(_ target: String, _ location: String, _ page: String?) async throws {
        for method in ["GET", "POST", "HEAD", "OPTIONS", "PUT", "FOO"] {
            // A slash too many is forgiven where the method exists.
            if target == "/-/healthy/", !["GET", "HEAD"].contains(method) { continue }
            let answer = try await ResponderTests().send(method, target, ["Origin": "http://a"])
            let isSlash = target == "/-/healthy/" && method != "GET"
            #expect(answer.status == (isSlash ? 307 : 301), "\(method) \(target)")
            #expect(answer.headers["Location"] == location)
            let shown = page ?? location.replacing("&", with: "&amp;")
            let text = "<a href=\"\(shown)\">Moved Permanently</a>.\n\n"
            #expect(String(decoding: answer.body, as: UTF8.self) == (method == "GET" ? text : ""))
            let type = method == "GET" || method == "HEAD" ? "text/html; charset=utf-8" : nil
            #expect(answer.headers["Content-Type"] == type)
            #expect(answer.headers["Vary"] == nil)
        }
    }

    @Test("A path that is clean stays, its escapes and its slash at the end too")
    func clean() async throws {
        for target in ["/files/a/", "/files/%20a/b.", "/files/...", "/files/a..b"] {
            #expect(try await ResponderTests().send("GET", target).status == 200)
        }
    }
}

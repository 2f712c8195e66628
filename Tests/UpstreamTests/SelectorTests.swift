import Foundation
import GoText
import PrometheusWire
import ScriptedServers
import Testing
import Upstream
import UpstreamSettings

/// A member that is a part of its server.
@Suite struct SelectorTests {
    /// What a server was sent at a path, in a parameter.
    private func sent(
        _ selector: String, _ path: String, _ name: String,
        _ ask: @Sendable (UpstreamClient) async -> Void
    ) async throws -> [String] {
        let selector = try ProjectSelector(selector)
        var found: [String] = []
        try await withClient(
            { _, connection in
                connection.answer(#"{"status":"success","data":[]}"#)
            }, source: { $0.selector = selector }
        ) { client, server in
            await ask(client)
            for request in server.requests where request.path.hasSuffix(path) {
                let pairs = request.method == "POST" ? request.body : request.parameters
                found += pairs.split(separator: "&").compactMap { pair in
                    let sides = pair.split(separator: "=", maxSplits: 1).map {
                        String($0).removingPercentEncoding ?? ""
                    }
                    return sides.first == name ? sides.last : nil
                }
            }
        }
        return found
    }

    @Test(
        "Every selector of a query gets the matchers, in a way that makes no label of absent",
        arguments: [
            ("up", #"up{cluster=~"eu\\.1"}"#),
            (
                "sum(rate(a[5m])) / b offset 1m",
                #"sum(rate(a{cluster=~"eu\\.1"}[5m])) / b{cluster=~"eu\\.1"} offset 1m"#
            ),
            (#"absent(up{cluster="eu.1"})"#, #"absent(up{cluster="eu.1"})"#),
            (
                #"absent(up{cluster="us",job="x"})"#,
                #"absent({__name__!~".*",__name__="up",cluster="us",job="x"})"#
            ),
            (#"up{cluster!="us"}"#, #"up{cluster!="us",cluster=~"eu\\.1"}"#),
            (#"up{cluster=""}"#, #"{__name__!~".*",__name__="up",cluster=""}"#),
            ("max_over_time(up[5m:1m])", #"max_over_time(up{cluster=~"eu\\.1"}[5m:1m])"#),
            ("holt_winters(a[5m], 0.5, 0.5)", #"holt_winters(a{cluster=~"eu\\.1"}[5m], 0.5, 0.5)"#),
            ("1 + time()", "1 + time()"),
        ])
    func queries(text: String, expected: String) async throws {
        let instant = try await sent(#"{cluster="eu.1"}"#, "/query", "query") { client in
            _ = try? await client.query(text, at: 0)
        }
        #expect(Set(instant) == [expected])
        let range = try await sent(#"{cluster="eu.1"}"#, "/query_range", "query") { client in
            _ = try? await client.queryRange(text, start: 0, end: 1000, step: 1000)
        }
        #expect(Set(range) == [expected])
    }

    @Test("A selector of names, and one that series without the label satisfy")
    func names() async throws {
        let query = try await sent(#"{__name__=~"node_.*"}"#, "/query", "query") { client in
            _ = try? await client.query("up", at: 0)
        }
        #expect(Set(query) == [#"{__name__!~".*",__name__="up"}"#])
        let labels = try await sent(#"{cluster!="us"}"#, "/labels", "match[]") { client in
            _ = try? await client.labels()
        }
        #expect(Set(labels) == [#"{__name__=~".+",cluster!="us"}"#])
    }

    @Test("Lists are asked for the project's series, whether the client names some or not")
    func lists() async throws {
        for path in ["/labels", "/values", "/series"] {
            for (asked, expected) in [
                ([], path == "/series" ? #"{__name__=~".+",cluster=~"eu"}"# : #"{cluster="eu"}"#),
                (["up"], #"up{cluster=~"eu"}"#),
            ] {
                let found = try await sent(#"{cluster="eu"}"#, path, "match[]") { client in
                    let selection = SeriesSelection(matchers: asked)
                    switch path {
                    case "/labels": _ = try? await client.labels(selection)
                    case "/values": _ = try? await client.labelValues("job", selection)
                    default: _ = try? await client.series(selection)
                    }
                }
                #expect(Set(found) == [expected])
            }
        }
    }
}

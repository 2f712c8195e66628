import Foundation
import GoText
import PrometheusWire
import ScriptedServers
import Testing
import Upstream
import UpstreamSettings

/// A member that is a part of its server, without the label that tells.
@Suite struct HiddenLabelTests {
    /// What a server was sent at a path, in a parameter.
    private func sent(
        _ path: String, _ name: String, _ ask: @Sendable (UpstreamClient) async -> Void
    ) async throws -> [String] {
        let selector = try ProjectSelector(#"{c="v"}"#).hidingLabel()
        var found: [String] = []
        try await withClient(
            { _, connection in connection.answer(#"{"status":"success","data":[]}"#) },
            source: { $0.selector = selector }
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

    private static func off(_ text: String) -> String {
        #"label_replace(\#(text), "c", "", "", "")"#
    }

    @Test(
        "The label is taken off each selector, and each call over a range",
        arguments: [
            ("up", off(#"up{c=~"v"}"#)),
            (
                "sum(rate(a[5m])) / b",
                "sum(\(off(#"rate(a{c=~"v"}[5m])"#))) / \(off(#"b{c=~"v"}"#))"
            ),
            ("max_over_time(a[5m:1m])", "max_over_time(\(off(#"a{c=~"v"}"#))[5m:1m])"),
            ("rate(rate(a[5m])[5m:1m])", "rate(\(off(#"rate(a{c=~"v"}[5m])"#))[5m:1m])"),
            ("a[5m]", #"a{c=~"v"}[5m]"#), ("(a[5m])", #"(a{c=~"v"}[5m])"#),
            ("timestamp(a)", off(#"timestamp(a{c=~"v"})"#)),
            ("timestamp(-a)", "timestamp(-\(off(#"a{c=~"v"}"#)))"),
            (#"absent(a{c="x"})"#, #"absent({__name__!~".*",__name__="a",c="x"})"#),
            (#"absent(a{c=""})"#, #"absent(a{c=~"v"})"#),
            ("absent_over_time(a[5m])", #"absent_over_time(a{c=~"v"}[5m])"#),
            (#"a{c!="x",c=~".*"}"#, off(#"a{c=~"v"}"#)), ("1 + time()", "1 + time()"),
        ])
    func queries(text: String, expected: String) async throws {
        let found = try await sent("/query", "query") { client in
            _ = try? await client.query(text, at: 0)
        }
        #expect(Set(found) == [expected])
    }

    @Test("Matchers on the label are judged as of series without it")
    func lists() async throws {
        for (asked, expected) in [
            (#"up{c=""}"#, #"up{c=~"v"}"#),
            (#"up{c="v"}"#, #"{__name__!~".*",__name__="up",c="v"}"#),
        ] {
            let found = try await sent("/series", "match[]") { client in
                _ = try? await client.series(SeriesSelection(matchers: [asked]))
            }
            #expect(Set(found) == [expected])
        }
    }

    @Test("The values of the label are none, and the server is not asked for them")
    func values() async throws {
        let found = try await sent("/values", "match[]") { client in
            let list = try? await client.labelValues("c")
            #expect(list?.elements.count == 0)
        }
        #expect(found.isEmpty)
    }

    @Test("Label sets come without the label, and names leave it out")
    func answers() async throws {
        let selector = try ProjectSelector(#"{c="v"}"#).hidingLabel()
        try await withClient(
            { request, connection in
                connection.answer(
                    request.path.hasSuffix("/series")
                        ? #"{"status":"success","data":[{"a":"1","c":"v"},{ "c" : "v" }]}"#
                        : #"{"status":"success","data":["a","c","d"]}"#)
            }, source: { $0.selector = selector }
        ) { client, _ in
            let series = try await client.series(SeriesSelection(matchers: ["up"]))
            #expect(series.elements.text == #"{},{"a":"1"}"#)
            let names = try await client.labels()
            #expect(names.elements.text == #""a","d""#)
        }
    }
}

import CZstd
import Foundation
import GatewayConfiguration
import Logging
import PrometheusServer
import TestSupport
import Testing

@testable import Gateway
@testable import WebPage

/// The web page, served from memory beside the API.
@Suite(.closesGateways) struct WebPageTests {
    private static let script = String(repeating: "export const a = 1;\n", count: 200)
    private static let files = [
        "index.html":
            #"<base href="{{base}}"><style nonce="{{nonce}}"></style><p>{{version}}</p>{{other}}"#,
        "app-4QXB2AWJ.js": script, "chunks/graph-0a1b2c3d.js.map": "{}", "NOTICES.txt": "MIT",
        "metrics-readable.css": "p{}", ".hidden": "secret",
    ]

    private static func withDirectory<Value>(
        _ files: [String: String] = files, _ work: (String) async throws -> Value
    ) async throws -> Value {
        let directory = NSTemporaryDirectory() + "tributary-page-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for (name, text) in files {
            let path = URL(fileURLWithPath: "\(directory)/\(name)")
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: path)
        }
        return try await work(directory)
    }

    private static func gateway(
        _ content: PageRoutes.Content, _ settings: String = ""
    ) async throws -> PrometheusResponder {
        let yaml = settings + "projects: [{name: a, prometheus: {url: \"http://127.0.0.1:1\"}}]\n"
        return try await GatewayApplication(
            configuration: Configuration.parse(yaml, path: "c.yaml"), store: nil, source: nil,
            logger: Logger(label: "test"), page: content
        ).closedAtTheEnd().responder
    }

    private static func bytes(
        _ gateway: PrometheusResponder, _ path: String, _ headers: HTTPHeaders = [:]
    ) async throws -> (status: Int, headers: HTTPHeaders, body: [UInt8]) {
        let request = try #require(
            PrometheusRequest(method: "GET", target: path, headers: headers))
        return try await gateway.respond(to: request).collected()
    }

    @Test func `Every path of a page answers the page, filled in`() async throws {
        try await Self.withDirectory { directory in
            let gateway = try await Self.gateway(
                .page(try WebPage(directory: directory)), "url_base_path: /t\"r\n")
            var nonces: Set<String> = []
            for path in ["/", "/query", "/members", "/login", "/p/a", "/p/a/metrics-explorer"] {
                let answer = try await gateway.ask("/t%22r" + path)
                #expect(answer.status == 200, "\(path)")
                #expect(answer.headers["Content-Type"] == "text/html; charset=utf-8")
                #expect(answer.headers["Cache-Control"] == "no-store")
                #expect(answer.headers["X-Content-Type-Options"] == "nosniff")
                let policy = try #require(answer.headers["Content-Security-Policy"])
                let nonce = try #require(
                    policy.split(separator: "'").first { $0.hasPrefix("nonce-") }
                ).dropFirst(6)
                nonces.insert(String(nonce))
                #expect(
                    policy
                        == "default-src 'self'; style-src 'self' 'nonce-\(nonce)'; img-src 'self' "
                        + "data:; frame-ancestors 'none'")
                #expect(
                    answer.body == "<base href=\"/t&#34;r/\"><style nonce=\"\(nonce)\"></style>"
                        + "<p>\(ProductVersion.text)</p>{{other}}")
            }
            #expect(nonces.count == 6)
            let head = try await gateway.ask("/t%22r/query", method: "HEAD")
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }

    @Test func `Files are sent as small as the client takes them, and only once`() async throws {
        try await Self.withDirectory { directory in
            let gateway = try await Self.gateway(.page(try WebPage(directory: directory)))
            let path = "/app-4QXB2AWJ.js"
            let plain = try await Self.bytes(gateway, path)
            #expect(plain.body == Array(Self.script.utf8))
            #expect(plain.headers["Content-Type"] == "text/javascript; charset=utf-8")
            #expect(plain.headers["Cache-Control"] == "public, max-age=31536000, immutable")
            #expect(plain.headers["Vary"] == "Accept-Encoding")
            var tags: Set<String> = []
            for (accepted, coding) in [
                ("", nil), ("gzip, deflate, br", "gzip"), ("gzip, zstd", "zstd"),
                ("zstd;q=0, gzip;q=0.5", "gzip"), ("identity", nil),
            ] {
                let answer = try await Self.bytes(gateway, path, ["Accept-Encoding": accepted])
                #expect(answer.headers["Content-Encoding"] == coding, "\(accepted)")
                let tag = try #require(answer.headers["ETag"])
                tags.insert(tag)
                let text =
                    switch coding {
                    case "gzip": inflated(answer.body)
                    case "zstd": Self.unzstd(answer.body)
                    default: answer.body
                    }
                #expect(text == Array(Self.script.utf8), "\(accepted)")
                #expect(coding == nil || answer.body.count < Self.script.utf8.count / 10)
                for held in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
                    let again = try await Self.bytes(
                        gateway, path, ["Accept-Encoding": accepted, "If-None-Match": held])
                    #expect(again.status == 304 && again.body.isEmpty, "\(held)")
                    #expect(again.headers["ETag"] == tag)
                }
                let other = try await Self.bytes(
                    gateway, path, ["Accept-Encoding": accepted, "If-None-Match": "\"x\""])
                #expect(other.status == 200)
            }
            #expect(tags.count == 3)
            let head = try await gateway.ask(path, method: "HEAD")
            #expect(head.headers["Content-Length"] == "\(Self.script.utf8.count)")
            for (name, caching) in [
                ("chunks/graph-0a1b2c3d.js.map", "public, max-age=31536000, immutable"),
                ("NOTICES.txt", "no-cache"), ("metrics-readable.css", "no-cache"),
            ] {
                let answer = try await gateway.ask("/" + name)
                #expect(
                    answer.status == 200 && answer.headers["Cache-Control"] == caching, "\(name)")
            }
            #expect(try await gateway.ask(path, method: "POST").status == 405)
        }
    }

    @Test func `Nothing but the files of the directory is served`() async throws {
        try await Self.withDirectory { directory in
            let gateway = try await Self.gateway(.page(try WebPage(directory: directory)))
            for path in [
                "/.hidden", "/index.html", "/chunks/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                "/chunks/%2e%2e%2f.hidden", "/chunks", "/app-4QXB2AWJ.js/", "/nothing.js",
                "/etc/passwd",
            ] {
                let answer = try await gateway.ask(path)
                #expect([301, 404].contains(answer.status), "\(path)")
                #expect(!answer.body.contains("secret"), "\(path)")
            }
            // What is the API's stays the API's.
            #expect(try await gateway.ask("/-/healthy").body == "Prometheus Server is Healthy.\n")
            #expect(
                try await gateway.ask("/p/a/api/v1/nothing").body == "404 page not found\n")
            #expect(try await gateway.ask("/metrics").body.contains("tributary_"))
        }
    }

    @Test(arguments: [
        ("/graph?g0.expr=sum%28up%29&g0.tab=0", "/query?g0.expr=sum%28up%29&g0.tab=0"),
        ("/p/eu/graph?g0.expr=up", "/p/eu/query?g0.expr=up"), ("/graph", "/query"),
    ])
    func `Links to Prometheus's own page lead to the page`(from: String, to: String) async throws {
        try await Self.withDirectory { directory in
            let gateway = try await Self.gateway(.page(try WebPage(directory: directory)))
            let answer = try await gateway.ask(from)
            #expect(answer.status == 302)
            #expect(answer.headers["Location"] == to)
        }
    }

    @Test func `A page of another name cannot load it where no token is demanded`() async throws {
        try await Self.withDirectory { directory in
            let gateway = try await Self.gateway(.page(try WebPage(directory: directory)))
            for (host, status) in [
                ("localhost:9090", 200), ("127.0.0.1:9090", 200), ("evil.example", 403),
            ] {
                #expect(try await gateway.ask("/query", headers: ["Host": host]).status == status)
            }
            let closed = try await Self.gateway(
                .page(try WebPage(directory: directory)),
                "auth: {tokens: [{name: t, token: token-of-t}]}\n")
            #expect(
                try await closed.ask("/query", headers: ["Host": "grafana.example"]).status == 200)
        }
    }

    @Test func `Without the page its paths say how to get it`() async throws {
        let missing = try await Self.gateway(.missing)
        #expect(try await missing.ask("/").headers["Location"] == "/query")
        let text = try await missing.ask("/query")
        #expect(text.status == 200 && text.body.contains("--web-dir"))
        let members = try await missing.ask("/p/a/members")
        #expect(members.status == 404 && members.body.contains("scripts/web"))
        let disabled = try await Self.gateway(.disabled)
        let plain = try await disabled.ask("/query").body
        #expect(plain.contains("/api/v1/...") && !plain.contains("--web-dir"))
        #expect(try await disabled.ask("/members").body == "404 page not found\n")
    }

    @Test func `A directory that is no page is refused with the reason`() async throws {
        let index = ["index.html": "x"]
        for (files, limits, reason) in [
            (["a.js": ""], WebPage.Limits(), "has no index.html"),
            (index.merging(["a b.js": ""]) { $1 }, .init(), #"holds the name "a b.js""#),
            (index.merging(["api/x": ""]) { $1 }, .init(), "would hide a path of the API"),
            (index.merging(["a": "", "b": ""]) { $1 }, .init(files: 2), "more than 2 files"),
            (index.merging(["a": "12345"]) { $1 }, .init(fileBytes: 4), "longer than 4 bytes"),
            (index.merging(["a": "12345"]) { $1 }, .init(bytes: 5), "more than 5 bytes"),
            (index.merging(["a/b/c": ""]) { $1 }, .init(depth: 1), "more than 1 directories"),
        ] {
            try await Self.withDirectory(files) { directory in
                let refusal = #expect(throws: WebPage.Unusable.self) {
                    _ = try WebPage(directory: directory, limits: limits)
                }
                #expect(refusal?.description.contains(reason) == true, "\(reason)")
            }
        }
        #expect(throws: WebPage.Unusable.self) { _ = try WebPage(directory: "/nowhere/at/all") }
    }

    @Test func `An installed program finds its page beside itself`() async throws {
        for place in ["share/tributary/web", "bin/web", ".build/web"] {
            let binary = place.hasPrefix(".build") ? ".build/x/debug/tributary" : "bin/tributary"
            try await Self.withDirectory(["\(place)/index.html": "x", binary: ""]) { directory in
                let found = WebPage.installed(besideExecutable: "\(directory)/\(binary)")
                #expect(found?.hasSuffix("/\(place)") == true, "\(place): \(found ?? "none")")
            }
        }
        #expect(WebPage.installed(besideExecutable: "/nowhere/bin/tributary") == nil)
    }

    @Test func `The configuration names the directory, or turns the page off`() async throws {
        try await Self.withDirectory { directory in
            let rest = "projects: [{name: a, prometheus: {url: \"http://a\"}}]\n"
            func parsed(_ web: String) throws -> Configuration {
                try Configuration.parse("web: \(web)\n" + rest, path: "c.yaml")
            }
            let named = try parsed("{dir: \(directory)}")
            #expect(named.web.directory == directory)
            #expect(named.redactedYAML.contains("web:\n  enabled: true\n  dir: "))
            let off = try parsed("{enabled: false}")
            #expect(!off.web.enabled)
            let refusal = #expect(throws: ConfigurationErrors.self) {
                _ = try parsed("{dir: /nowhere}")
            }
            #expect(
                refusal?.description.contains("web.dir: is no directory with an index.html")
                    == true,
                "\(refusal?.description ?? "")")
        }
    }

    private static func unzstd(_ bytes: [UInt8]) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: 1 << 20)
        let count = ZSTD_decompress(&output, output.count, bytes, bytes.count)
        return ZSTD_isError(count) == 0 ? Array(output.prefix(count)) : nil
    }
}

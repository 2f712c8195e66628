import Foundation
import RealServers
import TestSupport
import Testing

/// A page in a real browser whose host name turns out to be this machine's. The browser leaves the
/// address of every name to a proxy, which gives it the page from elsewhere and leads it to the gateway
/// afterwards, as a hostile name server would.
@Suite(
    "Pages in a browser",
    .enabled(
        if: Browser.isHere,
        "SKIPPED: no Chromium on this machine: run scripts/fetch-chromium"))
struct RebindingTests {
    /// Asks for everything that a page would like to have, and leaves the statuses in its text.
    private static let page = """
        <!doctype html><body><script>
        (async () => {
            const said = [];
            for (const [path, options] of [
                ["/api/v1/query?query=up", {}], ["/api/v1/labels", {method: "POST"}],
                ["/api/v1/status/config", {}], ["/metrics", {}], ["/-/reload", {method: "POST"}],
            ]) {
                try {
                    const answer = await fetch(path, options);
                    await answer.text();
                    said.push(path.split("?")[0] + "=" + answer.status);
                } catch (error) { said.push(path + "=" + error); }
            }
            document.body.textContent = said.join(" ");
        })();
        </script></body>
        """

    /// Gives out the page, and passes everything else on to the gateway as it came.
    private static func proxy(to gateway: UInt16) throws -> LoopbackServer {
        try LoopbackServer { request, browser in
            let name = "http://"
            guard request.target.hasPrefix(name),
                request.target.hasSuffix("/page") || request.target.contains(":\(gateway)/")
            else { return try browser.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") }
            if request.target.hasSuffix("/page") {
                return try browser.write(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n\(page)"
                )
            }
            let path = request.target.dropFirst(name.count).drop { $0 != "/" }
            var text = "\(request.method) \(path) HTTP/1.1\r\nConnection: close\r\n"
            for (field, value) in request.headers
            where !["connection", "proxy-connection"].contains(field.lowercased()) {
                text += "\(field): \(value)\r\n"
            }
            let upstream = try Socket(connectingTo: gateway, timeout: 60)
            try upstream.write(Array("\(text)\r\n".utf8) + request.body)
            while case let bytes = try upstream.read(), !bytes.isEmpty { try browser.write(bytes) }
        }
    }

    /// What the page of a host reports, for a gateway over no member.
    private static func report(of host: String, in folder: String) throws -> String {
        let gateway = try GatewayServer(
            name: "browsed", members: [.init(name: "a", url: "http://127.0.0.1:1")], projects: [],
            settings: "defaultProject: a\n", directory: folder)
        let proxy = try proxy(to: gateway.port)
        defer { proxy.stop() }
        let output = try CommandOutput.of(
            try #require(Browser.path),
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--user-data-dir=\(folder)/browser",
                "--proxy-server=http://127.0.0.1:\(proxy.port)",
                // Names of this machine are asked for there too.
                "--proxy-bypass-list=<-loopback>", "--virtual-time-budget=60000", "--dump-dom",
                "http://\(host):\(gateway.port)/page",
            ])
        let reports = output.output.split(separator: "<body>")
        guard reports.count == 2 else {
            throw TestFailure("the browser shows no page: \(output.output) \(output.errors)")
        }
        return String(reports[1].prefix { $0 != "<" })
    }

    @Test(
        "A page of a name that turns out to be ours gets nothing, one of our own gets everything",
        arguments: [
            ("page.example", [403, 403, 403, 403, 403]), ("localhost", [503, 503, 200, 200, 200]),
        ])
    func statuses(host: String, wanted: [Int]) async throws {
        let report = try await withTemporaryFolder { folder in
            try await offPool { try Self.report(of: host, in: folder) }
        }
        let paths = [
            "/api/v1/query", "/api/v1/labels", "/api/v1/status/config", "/metrics", "/-/reload",
        ]
        #expect(report == zip(paths, wanted).map { "\($0)=\($1)" }.joined(separator: " "))
    }
}

private enum Browser {
    /// Whether tests may begin that need it. Continuous integration has no excuse.
    static var isHere: Bool {
        ProcessInfo.processInfo.environment["CI"] == "true" || path != nil
    }

    /// Where it is; `scripts/fetch-chromium` knows how to get one.
    static let path: String? = {
        let named = ProcessInfo.processInfo.environment["TRIBUTARY_CHROMIUM"]
        return [named, "\(Repository.root)/.build/chromium/run-chromium"].compactMap { $0 }
            .first(where: FileManager.default.isExecutableFile)
    }()
}

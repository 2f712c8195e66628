import GatewayConfiguration
import Testing
import UpstreamSettings

@Suite struct OwnAddressTests {
    private static let names: Set<String> = ["gate", "gate.example", "10.1.2.3"]

    @Test(arguments: [
        ("localhost", true), ("LOCALHOST", true), ("127.0.0.1", true), ("127.255.0.9", true),
        ("::1", true), ("0:0:0:0:0:0:0:1", true), ("::ffff:127.0.0.1", true),
        ("::ffff:7f00:1", true), ("127.evil.example", false), ("127.0.0.1.evil.example", false),
        ("127.0.0.1\u{0}", false), ("127.", false), ("127.0.0.256", false), ("128.0.0.1", false),
        ("0.0.0.0", false), ("::", false), ("::ffff:10.0.0.1", false), ("localhost.evil", false),
    ])
    func `Loopback is judged by the address and not by how it begins`(
        host: String, isLoopback: Bool
    ) {
        #expect(ListenAddress(host: host, port: 1).isLoopback == isLoopback)
        let written = host.contains(":") ? "[\(host)]" : host
        if let url = try? ServerURL("http://\(written):9090") {
            #expect(url.isLoopback == isLoopback)
        }
    }

    @Test(arguments: [
        "prometheus: {url: \"http://u:hunter2hunter2@h:x\"}",
        "prometheus: {url: \"hunter2hunter2\"}",
        "prometheus: {url: \"http://h/?token=hunter2hunter2\"}",
        "prometheus: {url: \"http://h:hunter2hunter2\"}",
        "prometheus: {url: http://h, timeout: hunter2hunter2}",
        "prometheus: {url: http://h, acceptEncoding: hunter2hunter2}",
        "prometheus: {url: http://h, tls: {skipVerify: hunter2hunter2}}",
        "prometheus: {url: http://h}, partialResponse: hunter2hunter2",
        "remoteCoroot: {url: http://h, apiKey: k, metricResolution: hunter2hunter2}",
    ])
    func `What stands in the wrong place is not repeated, since it may be a secret`(
        text: String
    ) {
        do {
            _ = try Configuration.parse("projects: [{name: a, \(text)}]", path: "c.yaml")
            Issue.record("taken")
        } catch {
            #expect(!error.description.contains("hunter2"), "\(error)")
            #expect(error.description.contains("c.yaml:1:"))
        }
    }

    @Test func `A name that begins like a loopback address needs auth to listen on`() {
        #expect(throws: ConfigurationErrors.self) {
            try Configuration.parse(
                "listen_address: 127.evil.example:9090\nprojects: []", path: "c.yaml")
        }
    }

    @Test(arguments: [
        // Where it listens, its base path, the project's address, whether that is the gateway.
        ("127.0.0.1:9090", "", "http://127.0.0.1:9090", true),
        ("127.0.0.1:9090", "", "http://localhost:9090/p/all", true),
        ("127.0.0.1:9090", "", "http://[::1]:9090", true),
        ("127.0.0.1:9090", "", "http://[::ffff:127.0.0.1]:9090", true),
        ("127.0.0.1:9090", "", "http://127.evil.example:9090", false),
        ("[::]:9090", "", "http://0.0.0.0:9090", true),
        ("127.0.0.1:9090", "", "http://localhost:9091", false),
        ("127.0.0.1:9090", "", "http://localhost:9090/prometheus", false),
        ("127.0.0.1:9090", "", "https://localhost:9090", false),
        ("127.0.0.1:9090", "", "http://gate:9090", false),
        ("127.0.0.1:80", "", "http://localhost", true),
        (":9090", "", "http://GATE.example:9090", true),
        (":9090", "", "http://10.1.2.3:9090", true),
        (":9090", "", "http://localhost:9090", true),
        (":9090", "", "http://10.9.9.9:9090", false),
        ("10.1.2.3:9090", "", "http://gate:9090/p/x", true),
        ("10.1.2.3:9090", "", "http://localhost:9090", false),
        (":9090", "/t", "http://gate:9090/t", true),
        (":9090", "/t", "http://gate:9090/t/p/x", true),
        (":9090", "/t", "http://gate:9090", false),
    ])
    func `A project whose address is the gateway's own is named`(
        listen: String, base: String, url: String, isOwn: Bool
    ) throws {
        var configuration = try Configuration.parse(
            """
            auth: {anonymous: true}
            listen_address: "\(listen)"
            projects:
              - {name: other, prometheus: {url: "http://elsewhere.invalid:1"}}
              - {name: self, prometheus: {url: "\(url)"}}
            """, path: "c.yaml")
        configuration.urlBasePath = base
        let notes = configuration.notesOnOwnAddress(hostNames: Self.names).map(\.description)
        #expect(notes.count == (isOwn ? 1 : 0))
        if let note = notes.first {
            #expect(note.hasPrefix("project \"self\": \(url) is this gateway itself"), "\(note)")
        }
    }
}

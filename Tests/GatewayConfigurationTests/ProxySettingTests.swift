import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `proxyUrl`: the proxy of a member.
@Suite struct ProxySettingTests {
    private func parse(_ proxy: String) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse(
            "projects:\n  - name: a\n    prometheus: {url: http://a, proxyUrl: \"\(proxy)\"}\n",
            path: "c.yaml")
    }

    @Test func aProxyIsReadPrintedAndStored() throws {
        let configuration = try parse("http://proxy:3128/")
        let project = try #require(configuration.projects.first)
        guard case .prometheus(let source) = project.kind else {
            Issue.record("not a Prometheus")
            return
        }
        #expect(source.proxy?.description == "http://proxy:3128")
        #expect(configuration.redactedYAML.contains("proxyUrl: \"http://proxy:3128\""))
        let stored = try ProjectDocument.read(
            ProjectDocument.written(project), name: "a", members: [])
        #expect(stored == project)
    }

    @Test(arguments: [
        ("proxy:3128", "is not an absolute http or https URL"),
        ("socks5://proxy:1080", "is not an absolute http or https URL"),
        ("http://user:s3cret@proxy:3128", "holds a user name or password"),
        ("http://proxy:3128/path", "has a path"),
    ])
    func whatIsNoProxyIsRefusedAndNotShown(proxy: String, problem: String) {
        do throws(ConfigurationErrors) {
            _ = try parse(proxy)
            Issue.record("\(proxy) was read")
        } catch {
            #expect(
                error.description.contains(
                    "projects[0].prometheus.proxyUrl: project a: the URL of the proxy \(problem); "
                        + "write it as http://host:port"))
            #expect(!error.description.contains("s3cret"))
        }
    }
}

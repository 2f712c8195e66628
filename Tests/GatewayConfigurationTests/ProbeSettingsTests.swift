import Testing

@testable import GatewayConfiguration

/// `probes` of the configuration file.
@Suite struct ProbeSettingsTests {
    private func parsed(_ probes: String) throws -> Configuration {
        try Configuration.parse(
            "projects: [{name: a, prometheus: {url: http://a}}]\n\(probes)", path: "c.yaml")
    }

    @Test func `Members are probed every ten seconds where nothing else is said`() throws {
        #expect(try parsed("").probes.interval == .seconds(10))
        #expect(try parsed("probes: {}").probes.interval == .seconds(10))
        #expect(try parsed("").redactedYAML.contains("probes:\n  interval: 10s\n"))
    }

    @Test(arguments: [("0s", Duration.zero), ("100ms", .milliseconds(100)), ("1m", .seconds(60))])
    func `The interval may be any, or none`(text: String, interval: Duration) throws {
        let configuration = try parsed("probes: {interval: \(text)}")
        #expect(configuration.probes.interval == interval)
        let again = try Configuration.parse(configuration.redactedYAML, path: "c.yaml")
        #expect(again.probes == configuration.probes)
    }

    @Test(arguments: [
        ("{interval: 99ms}", "is shorter than 100ms"), ("{interval: soon}", "probes.interval"),
        ("{interval: -1s}", "probes.interval"), ("{every: 1s}", "probes.every"),
        ("10s", "probes"),
    ])
    func `What is wrong says where and how to mend it`(written: String, text: String) throws {
        let error = #expect(throws: ConfigurationErrors.self) {
            try parsed("probes: \(written)")
        }
        let description = try #require(error).description
        #expect(description.contains("c.yaml:2:"), "\(description)")
        #expect(description.contains(text), "\(description)")
    }
}

import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `keepLabel`: whether answers show the label of a selector.
@Suite struct KeepLabelTests {
    private func parse(_ rest: String) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse(
            "projects:\n  - name: a\n    prometheus: {url: http://a}\n\(rest)", path: "c.yaml")
    }

    @Test func `A hidden label is read, printed and stored`() throws {
        let configuration = try parse("    selector: '{cluster=\"eu\"}'\n    keepLabel: false")
        let project = try #require(configuration.projects.first)
        #expect(project.selector?.hiddenLabel == "cluster")
        #expect(configuration.redactedYAML.contains("    keepLabel: false"))
        let shown = ProjectDocument.shown(project)
        #expect(shown["keepLabel"] == .bool(false))
        let stored = try ProjectDocument.read(
            ProjectDocument.written(project), name: "a", members: [])
        #expect(stored == project)
        let sent = try ProjectDocument.read(
            shown, name: "a", among: [], old: nil, partitionLabel: "project")
        #expect(sent == project)
    }

    @Test(arguments: ["", "    keepLabel: true"])
    func `A label is shown by default`(setting: String) throws {
        let configuration = try parse("    selector: '{cluster=\"eu\"}'\n\(setting)")
        #expect(configuration.projects.first?.selector?.hiddenLabel == nil)
        #expect(!configuration.redactedYAML.contains("keepLabel"))
    }

    @Test(arguments: [
        ("", "keepLabel: false needs a selector, whose label it takes off; write"),
        (
            "    selector: '{a=\"1\",b=\"2\"}'\n",
            "keepLabel: false takes one label off, and the selector has 2 matchers; write"
        ),
        (
            "    selector: '{a=~\"1\"}'\n",
            "keepLabel: false needs a selector with =, not =~: series with different values could "
                + "become the same; write"
        ),
        (
            "    selector: '{a=\"1\",b!=\"2\"}'\n",
            "keepLabel: false takes one label off, and the selector has 2 matchers; write"
        ),
        ("    selector: up\n", "keepLabel: false cannot take the name of the metric off; write"),
    ])
    func `Each mistake has its own error`(selector: String, problem: String) {
        do throws(ConfigurationErrors) {
            _ = try parse(selector + "    keepLabel: false")
            Issue.record("no error")
        } catch {
            let line = selector.isEmpty ? 4 : 5
            #expect(
                error.description.hasPrefix(
                    "c.yaml:\(line):16: projects[0].keepLabel: project a: \(problem)"),
                "\(error)")
        }
    }
}

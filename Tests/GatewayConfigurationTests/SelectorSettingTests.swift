import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `selector`: a project that is a part of a server.
@Suite struct SelectorSettingTests {
    private func parse(_ rest: String) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse("projects:\n  - name: a\n\(rest)", path: "c.yaml")
    }

    private func errors(_ rest: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try parse(rest)
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    private static let server = "    prometheus: {url: http://a}\n"

    @Test func aSelectorIsReadPrintedAndStored() throws {
        let configuration = try parse(Self.server + #"    selector: '{cluster="eu"}'"#)
        let project = try #require(configuration.projects.first)
        #expect(project.selector?.description == #"{cluster="eu"}"#)
        #expect(configuration.redactedYAML.contains(#"    selector: "{cluster=\"eu\"}""#))
        let shown = ProjectDocument.shown(project)
        #expect(shown["selector"] == .text(#"{cluster="eu"}"#))
        let stored = try ProjectDocument.read(
            ProjectDocument.written(project), name: "a", members: [])
        #expect(stored == project)
        let sent = try ProjectDocument.read(
            shown, name: "a", among: [], old: nil, partitionLabel: "project")
        #expect(sent == project)
    }

    @Test func aProjectWithoutOneHasNone() throws {
        let configuration = try parse(Self.server)
        #expect(configuration.projects.first?.selector == nil)
        #expect(!configuration.redactedYAML.contains("selector"))
    }

    @Test(arguments: [
        ("{cluster=", "is not a selector: "),
        ("sum(up)", "is not a selector: "),
        (#"{cluster=~"("}"#, "is not a selector: "),
        ("{}", "selects every series of the server; write a selector, as '{cluster=\"eu\"}'"),
    ])
    func whatIsNoSelectorIsRefusedWithItsPlaceAndTheMend(text: String, problem: String) {
        let found = errors(Self.server + "    selector: '\(text)'")
        #expect(
            found.count == 1
                && found.first?.hasPrefix(
                    "c.yaml:4:15: projects[0].selector: project a: \(problem)")
                    == true,
            "\(found)")
    }

    @Test func aLongSelectorIsRefused() {
        let long = String(repeating: "x", count: ProjectSelector.longest)
        let found = errors(Self.server + "    selector: '{cluster=\"\(long)\"}'")
        #expect(found.first?.hasSuffix("at most 4096 are allowed; shorten it") == true)
    }

    @Test(arguments: [
        "    remoteCoroot: {url: http://a, apiKey: k}\n", "    clusterPool: attributes\n",
    ])
    func onlyAPrometheusHasOne(source: String) {
        let found = errors(source + #"    selector: '{cluster="eu"}'"#)
        #expect(
            found.contains {
                $0.hasSuffix("only a project with a Prometheus has a selector; remove it")
            }, "\(found)")
    }
}

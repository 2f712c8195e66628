import GoText
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `timeRange` of a project.
@Suite struct TimeRangeSettingsTests {
    private func yaml(_ range: String, source: String = "prometheus: {url: http://a}") -> String {
        "projects:\n  - name: a\n    timeRange: \(range)\n    \(source)\n"
    }

    private func errors(_ text: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(text, path: "c.yaml")
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    @Test(arguments: [
        "{olderThan: 2h}", "{newerThan: 15d}", "{newerThan: 15d, olderThan: 2h}",
        "{from: 2026-01-01T00:00:00Z, to: 2026-06-30T23:59:59Z}",
        "{from: 2026-01-01T00:00:00Z, olderThan: 1d}",
    ])
    func whatIsWrittenIsReadShownAndStored(range: String) throws {
        let configuration = try Configuration.parse(yaml(range), path: "c.yaml")
        let project = try #require(configuration.projects.first)
        #expect(!project.timeRange.isEverything)
        let again = try Configuration.parse(configuration.redactedYAML, path: "c.yaml")
        #expect(again.projects.first?.timeRange == project.timeRange)
        let stored = try ProjectDocument.read(
            ProjectDocument.written(project), name: "a", members: [])
        #expect(stored == project)
    }

    @Test func agesAreCountedFromNow() throws {
        let range = try #require(
            try Configuration.parse(
                yaml("{newerThan: 1h, olderThan: 10m}"), path: "c.yaml"
            ).projects.first?.timeRange)
        let bounds = range.bounds(at: 10_000_000)
        #expect(bounds.from == 6_400_000 && bounds.through == 9_400_000)
        #expect(TimeRange().bounds(at: 0) == (.min, .max))
    }

    @Test(arguments: [
        (
            "{olderThan: 15d, newerThan: 2h}",
            "timeRange: project a: no sample is newer than 2h and older than 15d; write an olderThan "
                + "that is shorter than newerThan"
        ),
        (
            "{from: 2026-02-01T00:00:00Z, to: 2026-01-01T00:00:00Z}",
            "timeRange: project a: ends before it begins; write a time in to that is not before from"
        ),
        (
            "{from: 2026-02-01T00:00:00Z, newerThan: 1d}",
            "timeRange.from: project a: from and newerThan exclude each other; keep one of them"
        ),
        (
            "{to: yesterday}",
            "timeRange.to: project a: is not a time; write it as 2026-01-31T00:00:00Z"
        ),
    ])
    func mistakesHaveAnErrorWithPlaceAndMend(range: String, error: String) {
        let found = errors(yaml(range))
        #expect(found.count == 1 && found.first?.hasSuffix(error) == true, "\(found)")
        #expect(found.first?.hasPrefix("c.yaml:3:") == true)
    }

    @Test func aMultiClusterProjectHasNone() {
        let found = errors(
            "projects:\n  - {name: a, prometheus: {url: http://a}}\n"
                + "  - {name: all, memberProjects: [a], timeRange: {olderThan: 2h}}\n")
        #expect(
            found == [
                "c.yaml:3:49: projects[1].timeRange: project all: a multi-cluster project has no "
                    + "timeRange of its own; write it at its members"
            ], "\(found)")
    }
}

import Foundation
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// `loki`, `tempo` and `pyroscope`: where logs, traces and profiles of a project are.
@Suite struct TelemetrySettingsTests {
    private func read(_ yaml: String) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse(yaml, path: "c.yaml")
    }

    private func errors(_ yaml: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try read(yaml)
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    @Test func `A project has servers of every kind beside its metrics`() throws {
        let configuration = try read(
            """
            projects:
              - name: a
                prometheus: {url: http://a}
                loki:
                  url: https://loki/prefix/
                  headers: {X-Scope-OrgID: tenant-a}
                  everyStream: '{cluster=~".+"}'
                  maxLines: 20000
                  timeout: 5s
                tempo: {url: http://tempo, bearerToken: t0ken-of-tempo}
                pyroscope: {url: http://pyroscope, basicAuth: {username: u, password: p4ssword}}
            """)
        let project = try #require(configuration.projects.first)
        #expect(project.kindName == "prometheus")
        #expect(project.telemetry.all.map(\.kind) == [.loki, .tempo, .pyroscope])
        let loki = try #require(project.telemetry[.loki])
        #expect(loki.url.description == "https://loki/prefix")
        #expect(loki.headers.map(\.name) == ["X-Scope-OrgID"])
        #expect(loki.everyStream == "{cluster=~\".+\"}" && loki.maxLines == 20000)
        #expect(loki.timeout == .seconds(5))
        #expect(
            project.telemetry[.tempo]?.credentials == .bearer(Secret("t0ken-of-tempo")))
        #expect(
            project.telemetry[.pyroscope]?.credentials
                == .basic(username: "u", password: Secret("p4ssword")))
    }

    @Test func `Without more, a Loki has the defaults of Loki itself`() throws {
        let project = try #require(
            try read("projects: [{name: a, loki: {url: http://l}}]").projects.first)
        #expect(project.telemetry[.loki]?.everyStream == "{service_name=~\".+\"}")
        #expect(project.telemetry[.loki]?.maxLines == 5000)
        let limits = Limits()
        #expect(limits.maxLogLines == 5000 && limits.maxTraceBytes == 50 << 20)
    }

    @Test(arguments: TelemetryKind.allCases)
    func `A project may have logs, traces or profiles alone`(kind: TelemetryKind) throws {
        let project = try #require(
            try read("projects: [{name: a, \(kind.rawValue): {url: http://x}}]").projects.first)
        #expect(project.kind == .telemetryOnly && project.kindName == "telemetryOnly")
        #expect(project.telemetry.all.map(\.kind) == [kind])
        #expect(project.source == nil && project.sources.isEmpty)
    }

    @Test(arguments: TelemetryKind.allCases)
    func `A shared server is that of projects that name none of their own`(
        kind: TelemetryKind
    ) throws {
        let configuration = try read(
            """
            global\(kind.serverName): {url: http://shared}
            clusters: [{name: c, prometheus: {url: http://c}}]
            clusterPools: {default: [c]}
            projects:
              - {name: a, prometheus: {url: http://a}}
              - {name: b, \(kind.rawValue): {url: http://own}}
              - {name: c, apiKeys: [{key: key-of-c}]}
              - {name: remote, remoteCoroot: {url: http://r, apiKey: k}}
              - {name: pooled, clusterPool: attributes}
              - {name: all, memberProjects: [a, b]}
            """)
        let urls = configuration.projects.map { $0.telemetry[kind]?.url.description }
        #expect(
            urls == ["http://shared", "http://own", "http://shared", nil, nil, nil])
        #expect(configuration.project(named: "c")?.kind == .telemetryOnly)
    }

    @Test func `A cluster and a remote project have servers too`() throws {
        let configuration = try read(
            """
            clusters:
              - {name: c, prometheus: {url: http://c}, loki: {url: http://l}}
            projects:
              - {name: r, remoteCoroot: {url: http://r, apiKey: k}, tempo: {url: http://t}}
            """)
        #expect(configuration.clusters.first?.telemetry.all.map(\.kind) == [.loki])
        #expect(configuration.projects.first?.telemetry.all.map(\.kind) == [.tempo])
    }

    @Test(arguments: [
        (
            "loki: {}",
            "c.yaml:1:28: projects[0].loki.url: project a: a URL is needed; write it as "
                + "https://host:port"
        ),
        (
            "tempo: {url: 'ftp://t'}",
            "c.yaml:1:35: projects[0].tempo.url: project a: the URL is not an absolute http or "
                + "https URL; write it as https://host:port/prefix"
        ),
        (
            "pyroscope: {url: 'http://p', maxLines: 1}",
            "c.yaml:1:51: projects[0].pyroscope.maxLines: project a: unknown key maxLines; known "
                + "here are url, basicAuth, bearerToken, bearerTokenFile, headers, tls, "
                + "tlsSkipVerify, acceptEncoding, timeout and maxConcurrency"
        ),
        (
            "loki: {url: 'http://l', everyStream: '{a=~\".*\"}'}",
            "c.yaml:1:59: projects[0].loki.everyStream: project a: is not a selector that Loki "
                + "takes: it needs a matcher that an empty value does not satisfy; write a "
                + "selector, as '{service_name=~\".+\"}'"
        ),
        (
            "loki: {url: 'http://l', everyStream: 'up{a=\"b\"}'}",
            "c.yaml:1:59: projects[0].loki.everyStream: project a: is not a selector that Loki "
                + "takes: it needs a matcher that an empty value does not satisfy; write a "
                + "selector, as '{service_name=~\".+\"}'"
        ),
        (
            "loki: {url: 'http://l', maxLines: 0}",
            "c.yaml:1:56: projects[0].loki.maxLines: project a: is not a whole number of at least 1"
        ),
        (
            "loki: {url: 'http://l', headers: {X-Query-Tags: a}}",
            "c.yaml:1:56: projects[0].loki.headers.X-Query-Tags: project a: header X-Query-Tags is "
                + "written by the gateway itself; remove it"
        ),
    ])
    func `What is wrong is told with its place and what to do`(setting: String, error: String) {
        #expect(errors("projects: [{name: a, \(setting)}]") == [error])
    }

    @Test func `A multi-cluster project has no server of its own`() {
        let found = errors(
            """
            projects:
              - {name: a, prometheus: {url: http://a}}
              - {name: all, memberProjects: [a], loki: {url: http://l}}
            """)
        #expect(
            found == [
                "c.yaml:3:44: projects[1].loki: project all: a multi-cluster project has no loki "
                    + "of its own; write it at its members"
            ])
    }

    @Test func `Secrets are shown nowhere`() throws {
        let configuration = try read(
            """
            clusters:
              - {name: c, prometheus: {url: http://c}, tempo: {url: http://t, bearerToken: s3cret-1}}
            projects:
              - {name: a, loki: {url: http://l, headers: {X-Scope-OrgID: s3cret-2}}}
              - {name: b, pyroscope: {url: http://p, basicAuth: {username: u, password: s3cret-3}}}
            """)
        var shown = configuration.redactedYAML + "\(configuration)"
        for project in configuration.projects { shown += "\(ProjectDocument.shown(project))" }
        dump(configuration, to: &shown)
        #expect(!shown.contains("s3cret"))
        #expect(configuration.redactedYAML.contains("        X-Scope-OrgID: <redacted>"))
        #expect(shown.contains("tempo"))
    }

    @Test func `What is printed is read back, but for secrets`() throws {
        let configuration = try read(
            """
            projects:
              - {name: a, loki: {url: http://l, everyStream: '{a="b"}', maxLines: 7}}
            """)
        let again = try read(configuration.redactedYAML)
        #expect(again.projects == configuration.projects)
    }

    @Test func `A stored project has its servers, and keeps secrets that are sent back redacted`()
        throws
    {
        let project = try #require(
            try read(
                "projects: [{name: a, loki: {url: http://l, headers: {X-Scope-OrgID: s3cret}}}]"
            ).projects.first)
        let stored = try ProjectDocument.read(
            ProjectDocument.written(project), name: "a", members: [])
        #expect(stored == project)
        let again = try ProjectDocument.read(
            ProjectDocument.shown(project), name: "a", among: [], old: project,
            partitionLabel: Configuration.defaultPartitionLabel)
        #expect(again == project)
        // They go to no other server.
        var moved = ProjectDocument.shown(project)
        moved["loki"]?["url"] = .text("http://other")
        #expect(throws: StoreRefusal.self) {
            try ProjectDocument.read(
                moved, name: "a", among: [], old: project,
                partitionLabel: Configuration.defaultPartitionLabel)
        }
    }

    @Test func `A change of a server is a change of the project`() throws {
        let one = try read("projects: [{name: a, loki: {url: http://l}}]")
        let other = try read("projects: [{name: a, loki: {url: http://m}}]")
        #expect(ConfigurationChange(from: one, to: other).changed == ["a"])
    }
}

import Foundation
import GatewayConfiguration
import TestSupport
import Testing
import UpstreamSettings

/// Section 9 of the contract of projects, the rows that a configuration alone decides. A test is
/// named after its row.
@Suite struct ProjectContractTests {
    private func read(
        _ yaml: String, environment: [String: String] = [:], existing: Set<String> = [],
        secrets: SecretFiles? = nil
    ) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse(
            yaml, path: "c.yaml", environment: environment, secrets: secrets,
            existingProjects: existing)
    }

    /// `key path: problem` of everything that is wrong; empty when nothing is.
    private func problems(
        _ yaml: String, environment: [String: String] = [:], existing: Set<String> = []
    ) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try read(yaml, environment: environment, existing: existing)
            return []
        } catch {
            return error.errors.map { "\($0.keyPath): \($0.problem)" }
        }
    }

    private static let regular = """
        projects:
          - {name: prod-eu, prometheus: {url: http://eu}}
          - {name: prod-us, prometheus: {url: http://us}}

        """

    @Test func `Row 1: projects are a list in one YAML, each with one source`() throws {
        let good = try read(
            """
            globalPrometheus: {url: http://shared}
            projects:
              - {name: keyed, apiKeys: [{key: k1}]}
              - {name: old-spelling, api_keys: [{key: k2}]}
              - {name: remote, remoteCoroot: {url: http://r, apiKey: k, metricResolution: 15s}}
              - {name: all, memberProjects: [keyed, remote]}
            """)
        #expect(
            good.projects.map(\.kindName)
                == ["prometheus", "prometheus", "remoteCoroot", "multiCluster"])
        #expect(good.projects.prefix(2).flatMap(\.apiKeys).map(\.key.exposed) == ["k1", "k2"])
        // All problems at once, each with the project's place and name.
        do throws(ConfigurationErrors) {
            _ = try read(
                """
                projects:
                  - {name: a}
                  - {name: b, prometheus: {url: http://b}, remoteCoroot: {url: http://r, apiKey: k}}
                  - {name: c, prometheus: {url: http://c}, apiKeys: [{key: ""}]}
                """)
            Issue.record("accepted")
        } catch {
            #expect(error.errors.map(\.subject) == ["project a", "project b", "project c"])
            #expect(error.errors.map(\.line) == [2, 3, 4])
        }
    }

    @Test func `Row 2: names are short, plain and unique`() {
        for name in ["a", "prod-eu", "0_9-z", String(repeating: "x", count: 63)] {
            #expect(problems("projects: [{name: \(name), prometheus: {url: http://a}}]") == [])
        }
        for name in ["Prod", "\"\"", "a.b", "ä", "a b", String(repeating: "x", count: 64)] {
            #expect(problems("projects: [{name: \(name), prometheus: {url: http://a}}]").count == 1)
        }
        #expect(
            problems("projects: [{prometheus: {url: http://a}}]")
                == ["projects[0].name: name is required"])
        let twice = problems(Self.regular + "  - {name: prod-eu, prometheus: {url: http://x}}")
        #expect(twice.count == 1 && twice[0].contains("duplicate project name"))
    }

    @Test func `Row 3: a member is known or defined earlier`() {
        let global = "  - {name: prod-global, memberProjects: [prod-eu, prod-us]}\n"
        #expect(problems(Self.regular + global) == [])
        #expect(problems("projects:\n" + global, existing: ["prod-eu", "prod-us"]) == [])
        let forward = problems(
            Self.regular.replacingOccurrences(of: "projects:\n", with: "projects:\n" + global))
        #expect(forward.count == 2)
        for problem in forward {
            #expect(problem.contains("unknown member prod-"))
            #expect(problem.contains("it is defined later"))
        }
        #expect(
            problems(Self.regular + "  - {name: x, memberProjects: [prod-xx]}")
                == ["projects[2].memberProjects[0]: unknown member prod-xx"])
    }

    @Test(arguments: [
        ("prod-global", "member prod-global is itself a multi-cluster project"),
        ("prod-global-2", "a multi-cluster project cannot include itself"),
        ("prod-eu, prod-eu", "duplicate member prod-eu"),
    ])
    func `Row 4: members are regular, distinct, and not the project itself`(
        members: String, problem: String
    ) {
        let yaml =
            Self.regular + """
                  - {name: prod-global, memberProjects: [prod-eu, prod-us]}
                  - {name: prod-global-2, memberProjects: [\(members)]}
                """
        let found = problems(yaml)
        #expect(found.count == 1 && found[0].hasSuffix(problem), "\(found)")
    }

    @Test func `Row 4: an empty list of members makes no multi-cluster project`() throws {
        let read = try read(
            "projects: [{name: a, prometheus: {url: http://a}, memberProjects: []}]")
        #expect(read.projects.first?.isMultiCluster == false)
    }

    @Test(arguments: [
        "apiKeys: [{key: k}]", "prometheus: {url: http://x}",
        "remoteCoroot: {url: http://x, apiKey: k}",
    ])
    func `Row 8: a multi-cluster project has no keys and no source of its own`(setting: String) {
        let found = problems(
            Self.regular + "  - {name: all, memberProjects: [prod-eu], \(setting)}")
        #expect(found.count == 1, "\(found)")
    }

    @Test func `Row 10: every key of a file is there once and opens one regular project`() throws {
        let good = try read(
            """
            projects:
              - name: a
                prometheus: {url: http://a}
                apiKeys: [{key: k1, description: agents}, {key: k2}]
            """)
        #expect(good.projects[0].apiKeys.map(\.description) == ["agents", ""])
        let found = problems(
            """
            projects:
              - {name: a, prometheus: {url: http://a}, apiKeys: [{key: k1}, {description: d}]}
              - {name: b, prometheus: {url: http://b}, apiKeys: [{key: k1}]}
            """)
        #expect(found.count == 2)
        #expect(found[0].hasSuffix("invalid api key #1: key is required"))
        #expect(found[1].contains("duplicate key"))
    }

    @Test func `Row 11: a secret beats a plain value; own secrets are made, remote ones never`()
        throws
    {
        try withTemporaryFolder { folder in
            try write("file-key", to: "coroot/present", in: folder)
            let yaml = """
                kind: Coroot
                spec:
                  projects:
                    - name: a
                      apiKeys:
                        - {key: plain, keySecret: {name: coroot, key: present}}
                        - {keySecret: {name: coroot, key: absent}}
                    - name: lost
                      remoteCoroot:
                        {url: http://r, apiKeySecret: {name: remotes, key: lost}, metricResolution: 15s}
                    - name: fallback
                      remoteCoroot:
                        {url: http://r, apiKey: p, apiKeySecret: {name: remotes, key: lost},
                         metricResolution: 15s}
                """
            let secrets = SecretFiles(directory: folder, generation: .whenMissing)
            let first = try read(yaml, secrets: secrets)
            let keys = first.projects[0].apiKeys.map(\.key.exposed)
            #expect(keys.first == "file-key")
            #expect(keys.last?.utf8.count == 32)
            #expect(try read(yaml, secrets: secrets).projects == first.projects)
            // The other key of the secret is as it was, and nothing was made for the remote.
            let files = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
            #expect(files == ["coroot", "coroot/absent", "coroot/present"])
            let mode =
                try FileManager.default.attributesOfItem(
                    atPath: "\(folder)/coroot/absent")[.posixPermissions] as? Int
            #expect(mode == 0o600)
            guard case .misconfigured(let reason) = first.projects[1].kind,
                case .remoteCoroot(let remote) = first.projects[2].kind
            else {
                Issue.record("\(first.projects)")
                return
            }
            #expect(reason.contains("remotes/lost") && reason.contains("missing"))
            #expect(remote.apiKey.exposed == "p")
        }
    }

    @Test func `Row 12: variables stand for single values, and an unset one is named`() throws {
        let yaml = "projects: [{name: a, prometheus: {url: http://a, bearerToken: \"X$A-${B}\"}}]"
        // What is put in is a value, never YAML.
        let values = ["A": "1", "B": "2: [x"]
        guard case .prometheus(let source) = try read(yaml, environment: values).projects[0].kind
        else {
            Issue.record("no Prometheus")
            return
        }
        #expect(source.credentials == .bearer(Secret("X1-2: [x")))
        #expect(
            problems(yaml, environment: ["A": "1"])
                == [
                    "projects[0].prometheus.bearerToken: environment variable B is not set"
                ])
    }

    @Test(arguments: [
        "name: a", "name: a, memberProjects: []", "name: a, apiKeys: []",
        "name: a, apiKeys: [{key: k}], remoteCoroot: {url: http://r, apiKey: k}",
        "name: a, apiKeys: [{key: k}], memberProjects: [b]",
    ])
    func `Row 13: a custom resource sets exactly one of three`(project: String) {
        let found = problems(
            "kind: Coroot\nspec: {projects: [{name: b, apiKeys: [{key: x}]}, {\(project)}]}")
        #expect(
            found.first
                == "spec.projects[1]: exactly one of memberProjects (non-empty), remoteCoroot, "
                + "apiKeys (non-empty) must be set", "\(found)")
    }

    @Test func `Row 14: the URL of a remote is absolute, with a prefix if need be`() throws {
        for (text, url) in [
            ("http://a", "http://a"), ("https://a.example.com/", "https://a.example.com"),
            ("https://a:8443/coroot/", "https://a:8443/coroot"),
        ] {
            let read = try read(
                "projects: [{name: a, remoteCoroot: {url: \"\(text)\", apiKey: k}}]")
            guard case .remoteCoroot(let remote) = read.projects[0].kind else {
                Issue.record("not a remote")
                return
            }
            #expect(remote.url.description == url)
        }
        for text in ["", "a.example.com", "ftp://a", "//a", "http://"] {
            let found = problems(
                "projects: [{name: a, remoteCoroot: {url: \"\(text)\", apiKey: k}}]")
            #expect(
                found.count == 1 && found[0].hasPrefix("projects[0].remoteCoroot.url:"), "\(text)")
        }
    }

    @Test func `Row 15: a remote needs its key`() {
        #expect(
            problems("projects: [{name: a, remoteCoroot: {url: http://a}}]")
                == ["projects[0].remoteCoroot.apiKey: missing api key"])
    }

    @Test func `Row 16: metricResolution is at least a second, in any unit, 15s by default`() throws
    {
        for (text, milliseconds): (String, Int64) in [
            ("", 15_000), ("metricResolution: 1s", 1000), ("metricResolution: 2m", 120_000),
            ("metricResolution: 1h", 3_600_000), ("metricResolution: 1d", 86_400_000),
            ("metricResolution: 1w", 604_800_000), ("metricResolution: 1y", 31_536_000_000),
        ] {
            let read = try read(
                "projects: [{name: a, remoteCoroot: {url: http://a, apiKey: k, \(text)}}]")
            guard case .remoteCoroot(let remote) = read.projects[0].kind else {
                Issue.record("not a remote")
                return
            }
            #expect(remote.metricResolution == .milliseconds(milliseconds))
        }
        for (text, problem) in [
            ("999ms", "metric_resolution too short"), ("15", "is not a duration"),
        ] {
            #expect(
                problems(
                    "projects: [{name: a, remoteCoroot: {url: http://a, apiKey: k, metricResolution: \(text)}}]"
                )
                    == ["projects[0].remoteCoroot.metricResolution: \(problem)"])
        }
    }

    @Test func `Row 17: tlsSkipVerify is each member's own, and off by default`() throws {
        let read = try read(
            """
            projects:
              - {name: a, remoteCoroot: {url: https://a, apiKey: k, tlsSkipVerify: true}}
              - {name: b, remoteCoroot: {url: https://b, apiKey: k}}
            """)
        let skips = read.projects.map { project in
            if case .remoteCoroot(let remote) = project.kind { remote.tls.skipVerify } else { true }
        }
        #expect(skips == [true, false])
    }

    private static let clusters = """
        clusters:
          - {name: c1, prometheus: {url: http://c1}, storage: {bucketName: one}}
          - {name: c2, prometheus: {url: http://c2}, storage: {bucketName: BUCKET}}

        """

    @Test func `Row 38: pools list clusters, or projects by name`() throws {
        let projects = """
            projects:
              - {name: spare, prometheus: {url: http://s}}
              - {name: pooled, clusterPool: attributes}
            """
        let good = try read(
            Self.clusters.replacingOccurrences(of: "BUCKET", with: "two")
                + "clusterPools: {default: [c1], spare-cp: [spare, c2]}\n" + projects)
        #expect(good.clusterPools.map(\.name) == ["default", "spare-cp"])
        for (pools, problem) in [
            ("{default: [c3]}", "clusterPools.default[0]: unknown cluster c3"),
            ("{default: []}", "clusterPools.default: the pool has no clusters"),
            ("{default: [c1, c1]}", "clusterPools.default[1]: duplicate cluster c1"),
        ] {
            #expect(
                problems(Self.clusters + "clusterPools: \(pools)\n" + projects).first == problem)
        }
    }

    @Test(arguments: [
        ("project: p, clusterPoolName: default", "domain is required"),
        ("domain: d, clusterPoolName: default", "project is required"),
        ("project: p, domain: d", "clusterPoolName is required"),
        ("project: p, domain: d, clusterPoolName: other", "unknown cluster pool other"),
        ("project: p, domain: d, clusterPoolName: default, flow: x", "unknown key flow"),
    ])
    func `Row 39: attributes in a file have strict keys and name known pools`(
        record: String, problem: String
    ) {
        let found = problems(
            """
            clusterPools: {default: [a]}
            clusterPoolAttributes: [{\(record)}]
            projects: [{name: a, prometheus: {url: http://a}}]
            """)
        #expect(found.count == 1 && found[0].hasSuffix(problem), "\(found)")
    }

    @Test func `Row 39: a later attribute for the same place replaces the earlier one`() throws {
        let read = try read(
            """
            clusterPools: {default: [a], other: [a]}
            clusterPoolAttributes:
              - {project: p, domain: d, clusterPoolName: default}
              - {project: p, domain: d, workflow: w, clusterPoolName: default}
              - {project: p, domain: d, clusterPoolName: other}
            projects: [{name: a, prometheus: {url: http://a}}]
            """)
        #expect(read.clusterPoolAttributes.count == 2)
        #expect(read.clusterPoolAttributes.last?.clusterPoolName == "other")
    }

    @Test(arguments: [
        // One pool, one bucket.
        ("two", "{default: [c1, c2]}", 1, 0), ("one", "{default: [c1, c2]}", 0, 0),
        // Different pools, different buckets.
        ("one", "{default: [c1], other: [c2]}", 1, 0),
        ("two", "{default: [c1], other: [c2]}", 0, 0),
        // A cluster in two pools breaks that by itself: the seed does it, and it loads with a note.
        ("two", "{default: [c1], other: [c1]}", 0, 1),
    ])
    func `Row 43: one pool has one bucket, different pools have different ones`(
        bucket: String, pools: String, errors: Int, notes: Int
    ) throws {
        let yaml =
            Self.clusters.replacingOccurrences(of: "BUCKET", with: bucket)
            + "clusterPools: \(pools)\nprojects: [{name: a, clusterPool: default}]\n"
        #expect(problems(yaml).count == errors)
        let lenient = try read(yaml + "bucketRule: warn\n")
        #expect(lenient.notes.count == errors + notes)
    }

    private func write(_ value: String, to path: String, in folder: String) throws {
        let url = URL(fileURLWithPath: folder).appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(value.utf8).write(to: url)
    }
}

import GatewayConfiguration
import Testing
import UpstreamSettings

/// What a right configuration means.
@Suite struct ConfigurationReadingTests {
    private func read(
        _ yaml: String, environment: [String: String] = [:], existing: Set<String> = []
    ) throws -> Configuration {
        try Configuration.parse(
            yaml, path: "c.yaml", environment: environment, existingProjects: existing)
    }

    @Test func everythingLeftOutHasItsDefault() throws {
        let configuration = try read("projects: [{name: a, prometheus: {url: http://a:9090/}}]")
        #expect(configuration.listenAddress == ListenAddress(host: "127.0.0.1", port: 9090))
        #expect(configuration.partitionLabel == "project")
        #expect(configuration.query == QuerySettings())
        #expect(configuration.limits == Limits())
        #expect(configuration.authentication == nil)
        let url = try ServerURL("http://a:9090")
        #expect(
            configuration.projects == [
                Project(name: "a", kind: .prometheus(PrometheusSource(url: url)))
            ])
    }

    @Test func everyKeyOfAPrometheusIsRead() throws {
        let configuration = try read(
            """
            projects:
              - name: a
                prometheus:
                  url: https://a.example.com/prefix/
                  basicAuth: {username: u, password: "$$p${P}"}
                  headers: {X-Scope-OrgID: t1}
                  queryParameters: {tenant: "${P}", "a[]": "1"}
                  tls: {caFile: ca.pem, certFile: c.pem, keyFile: k.pem, serverName: s}
                  tlsSkipVerify: true
                  acceptEncoding: gzip
                  timeout: 1m30s
                  capabilities: {instantQuery: emulated, labelValues: native, stepGrid: emulated}
                  externalLabels: {region: eu, zone: "1"}
            """, environment: ["P": "w: x"])
        guard case .prometheus(let source) = configuration.projects.first?.kind else {
            Issue.record("not a Prometheus")
            return
        }
        #expect(source.url.description == "https://a.example.com/prefix")
        #expect(source.credentials == .basic(username: "u", password: Secret("$pw: x")))
        #expect(source.headers == [.init(name: "X-Scope-OrgID", value: Secret("t1"))])
        #expect(
            source.queryParameters == [
                NamedSecret(name: "a[]", value: Secret("1")),
                NamedSecret(name: "tenant", value: Secret("w: x")),
            ])
        #expect(
            source.tls
                == TLSSettings(
                    caFile: "ca.pem", certFile: "c.pem", keyFile: "k.pem", serverName: "s",
                    skipVerify: true))
        #expect(source.acceptEncoding == .gzip)
        #expect(source.timeout == .seconds(90))
        #expect(source.capabilities.instantQuery == .emulated)
        #expect(source.capabilities.stepGrid == .emulated)
        #expect(source.capabilities.labelNames == .auto)
        #expect(source.capabilities.labelValues == .native)
        #expect(source.externalLabels == ["region": "eu", "zone": "1"])
        // What is shown of it can be read again.
        let shown = try read(configuration.redactedYAML)
        guard case .prometheus(let again) = shown.projects.first?.kind else {
            Issue.record("not a Prometheus")
            return
        }
        #expect(again.queryParameters.map(\.name) == ["a[]", "tenant"])
        #expect(again.capabilities == source.capabilities)
        #expect(again.externalLabels == source.externalLabels)
    }

    @Test func settingsAndLimitsAreRead() throws {
        let configuration = try read(
            """
            projects: [{name: a, prometheus: {url: http://a}}]
            url_base_path: /metrics-hub/
            partitionLabel: cluster
            query:
              lookback: 2m
              timeout: 30s
              maxSamples: 1_000
              maxConcurrency: 3
              defaultSubqueryStep: 15s
              rangeBoundary: closed
              features: [promql-delayed-name-removal]
            limits:
              {maxSeries: 5, maxResponseBytes: 64MiB, shutdownGrace: 1s, maxQueueMemory: 1MiB,
               maxMemory: 2MiB}
            """)
        #expect(configuration.urlBasePath == "/metrics-hub")
        #expect(configuration.partitionLabel == "cluster")
        #expect(configuration.query.lookback == .seconds(120))
        #expect(configuration.query.timeout == .seconds(30))
        #expect(configuration.query.maxSamples == 1000)
        #expect(configuration.query.maxConcurrency == 3)
        #expect(configuration.query.defaultSubqueryStep == .seconds(15))
        #expect(configuration.query.rangeBoundary == .closed)
        #expect(configuration.query.features == [.delayedNameRemoval])
        #expect(configuration.limits.maxSeries == 5)
        #expect(configuration.limits.maxResponseBytes == 64 << 20)
        #expect(configuration.limits.shutdownGrace == .seconds(1))
        #expect(configuration.limits.maxQueueMemory == 1 << 20)
        #expect(configuration.limits.maxMemory == 2 << 20)
    }

    @Test func aKeyThatIsGoneSaysWhatTakesItsPlace() throws {
        let errors = try #require(throws: ConfigurationErrors.self) {
            try read(
                """
                projects: [{name: a, prometheus: {url: http://a}}]
                limits: {maxQueuedQueries: 64}
                """)
        }
        #expect(errors.description.contains("the key maxQueuedQueries is gone"))
        #expect(errors.description.contains("limits.maxQueueMemory"))
        let memory = try #require(throws: ConfigurationErrors.self) {
            try read(
                """
                projects: [{name: a, prometheus: {url: http://a}}]
                limits: {maxAnswerMemory: 1GiB}
                """)
        }
        #expect(memory.description.contains("limits.maxMemory"))
    }

    @Test func metricResolutionTakesEveryUnitAndIsFifteenSecondsByDefault() throws {
        for (text, milliseconds): (String, Int64) in [
            ("metricResolution: 30s", 30_000), ("metricResolution: 1m", 60_000),
            ("metricResolution: 2h", 7_200_000), ("metricResolution: 1d", 86_400_000),
            ("metricResolution: 1w", 604_800_000), ("metricResolution: 1y", 31_536_000_000),
            ("tlsSkipVerify: false", 15_000),
        ] {
            let configuration = try read(
                "projects: [{name: a, remoteCoroot: {url: http://a, apiKey: k, \(text)}}]")
            guard case .remoteCoroot(let remote) = configuration.projects.first?.kind else {
                Issue.record("not a remote")
                return
            }
            #expect(remote.metricResolution == .milliseconds(milliseconds))
        }
    }

    @Test func theOldSpellingOfApiKeysIsUnderstood() throws {
        let configuration = try read(
            """
            projects:
              - {name: a, prometheus: {url: http://a}, api_keys: [{key: k1, description: d}]}
            """)
        #expect(
            configuration.projects.first?.apiKeys == [APIKey(key: Secret("k1"), description: "d")])
    }

    @Test func aMemberMayExistInTheStoreInsteadOfTheFile() throws {
        let yaml = "projects: [{name: all, memberProjects: [a, b]}]"
        let configuration = try read(yaml, existing: ["a", "b"])
        #expect(configuration.projects.first?.kind == .multiCluster(members: ["a", "b"]))
        #expect(throws: ConfigurationErrors.self) { try read(yaml, existing: ["a"]) }
    }

    @Test func globalPrometheusServesProjectsWithoutOneOfTheirOwn() throws {
        let configuration = try read(
            "globalPrometheus: {url: http://shared}\nprojects: [{name: a, apiKeys: [{key: k}]}]")
        let url = try ServerURL("http://shared")
        #expect(configuration.projects.first?.kind == .prometheus(PrometheusSource(url: url)))
    }

    @Test func theUnnamedApiStandsForTheDefaultElseTheOnlyMultiClusterProject() throws {
        let regular =
            "{name: a, prometheus: {url: http://a}}, {name: b, prometheus: {url: http://b}}"
        let one = try read("projects: [\(regular), {name: all, memberProjects: [a, b]}]")
        #expect(one.implicitProject?.name == "all")
        let chosen = try read(
            "defaultProject: b\nprojects: [\(regular), {name: all, memberProjects: [a, b]}]")
        #expect(chosen.implicitProject?.name == "b")
        let two = try read(
            "projects: [\(regular), {name: x, memberProjects: [a]}, {name: y, memberProjects: [b]}]"
        )
        #expect(two.implicitProject == nil)
        #expect(try read("projects: [\(regular)]").implicitProject == nil)
    }

    @Test func keysThatOnlyConcernCorootAreIgnoredWithANote() throws {
        let configuration = try read(
            "projects: [{name: a, prometheus: {url: http://a}, alertingRules: []}]")
        #expect(configuration.notes.map(\.keyPath) == ["projects[0].alertingRules"])
    }

    @Test func secretsAreNeverPrinted() throws {
        let configuration = try read(
            """
            auth: {tokens: [{name: t, token: hush-hush-1}]}
            projects:
              - name: a
                prometheus: {url: http://a, bearerToken: hush-hush-2, headers: {X-Key: hush-hush-3}}
                apiKeys: [{key: hush-hush-4}]
              - {name: b, remoteCoroot: {url: http://b, apiKey: hush-hush-5}}
            """)
        #expect(!String(describing: configuration).contains("hush"))
        #expect(!String(reflecting: configuration).contains("hush"))
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("hush"))
    }
}

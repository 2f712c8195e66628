import Foundation
import TestSupport
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// What a `kind: Coroot` resource says, read as the operator and Coroot read it.
@Suite struct CustomResourceTests {
    /// Every field of the resource's definition, and `$` wherever Kubernetes, nginx or a template
    /// means something by it.
    private static let everyField = """
        apiVersion: coroot.com/v1
        kind: Coroot
        metadata:
          name: obs
          namespace: monitoring
          annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"a":"${NOT_SET}"}'}
        spec:
          metricsRefreshInterval: 30s
          cacheTTL: 30d
          tracesTTL: 7d
          logsTTL: 7d
          profilesTTL: 7d
          authAnonymousRole: Viewer
          authBootstrapAdminPassword: $ADMIN_PASSWORD
          authBootstrapAdminPasswordSecret: {name: coroot, key: admin}
          httpDisabled: false
          httpsListen: ":8443"
          grpc: {disabled: true}
          tls: {certSecret: {name: tls, key: crt}, keySecret: {name: tls, key: key}}
          storeMetricsInClickhouse: false
          env:
            - {name: HOME_X, value: $(HOME)/$HOME_X}
            - {name: OTHER, value: "${NOT_SET_EITHER}"}
          communityEdition: {image: {name: "registry/coroot:$TAG"}}
          enterpriseEdition: {licenseKeySecret: {name: ee, key: license}}
          agentsOnly: null
          replicas: 1
          service: {type: NodePort, port: 8088, nodePort: 30001, annotations: {a: $x}}
          ingress:
            host: coroot.example.com
            path: /coroot
            annotations:
              nginx.ingress.kubernetes.io/configuration-snippet: |
                proxy_set_header X-Real-IP $remote_addr;
                if ($host = "a") { return 301 https://$host$request_uri; }
          nodeSelector: {disk: ssd}
          affinity: {}
          storage: {size: 10Gi}
          resources: {requests: {cpu: 100m}}
          tolerations: [{key: $key, operator: Exists}]
          podAnnotations: {a: "${A}"}
          securityContext: {runAsUser: 1}
          apiKey: $AGENTS_KEY
          apiKeySecret: {name: coroot, key: agent-api-key}
          nodeAgent: {env: [{name: A, value: $B}]}
          clusterAgent: {env: [{name: A, value: $B}]}
          prometheus: {retention: 2d}
          externalPrometheus:
            url: https://prometheus.example.com/tenant
            tlsSkipVerify: true
            basicAuth:
              username: gateway
              password: ${NEVER_READ}
              passwordSecret: {name: prometheus, key: password}
            customHeaders: {X-Scope-OrgID: "${TENANT}"}
            remoteWriteURL: https://prometheus.example.com/api/v1/write
          clickhouse: {shards: 1}
          externalClickhouse: {address: "ch:9000", password: $CH}
          postgres: {host: pg, password: $PG}
          corootCloud: {apiKey: $CLOUD}
          disableBuiltinAlerts: true
          projects:
            - name: prod
              apiKeys: [{key: "${PROD_KEY}"}]
              notificationIntegrations:
                baseURL: https://coroot.example.com
                webhook: {url: "https://hook/$x", incidentTemplate: "{{ $labels.x }} ${y}"}
              applicationCategories: [{name: a, customPatterns: ["$a/*"]}]
              customApplications: [{name: b, instancePatterns: ["$b"]}]
              inspectionOverrides: {sloLatency: []}
              alertingRules: [{name: r, template: "$value"}]
            - name: far
              remoteCoroot:
                url: https://coroot-a.example.com
                apiKey: ${NOT_LOOKED_AT}
                apiKeySecret: {name: remotes, key: far}
                metricResolution: 15s
            - {name: all, memberProjects: [prod, far]}
          sso: {enabled: true, saml: {metadata: "<x>$y</x>"}}
          ai: {provider: openai, openai: {apiKey: $AI}}
        """

    private static let secrets = [
        "TRIBUTARY_SECRET_PROMETHEUS_PASSWORD": "password-of-prometheus",
        "TRIBUTARY_SECRET_REMOTES_FAR": "key-of-far",
    ]

    private func parse(
        _ yaml: String, environment: [String: String] = [:],
        secrets: [String: String] = Self.secrets
    ) throws -> Configuration {
        try Configuration.parse(
            yaml, path: "c.yaml", environment: environment,
            secrets: SecretFiles(environment: secrets))
    }

    private func source(_ configuration: Configuration) throws -> PrometheusSource {
        guard case .prometheus(let source)? = configuration.projects.first?.kind else {
            throw TestFailure("no Prometheus: \(configuration.projects)")
        }
        return source
    }

    private static func resource(_ spec: String, name: String = "coroot") -> String {
        "kind: Coroot\nmetadata: {name: \(name), namespace: ns}\nspec:\n"
            + spec.split(separator: "\n").map { "  \($0)\n" }.joined()
    }

    // MARK: Row 1 and 2: variables

    @Test func aResourceWithEveryFieldLoadsWhateverDollarsMeanThere() throws {
        let configuration = try parse(
            Self.everyField, environment: ["PROD_KEY": "key-of-prod", "TENANT": "tenant-a"])
        #expect(
            configuration.projects.map { "\($0.name) \($0.kindName)" }
                == ["prod prometheus", "far remoteCoroot", "all multiCluster"])
        #expect(configuration.projects[0].apiKeys.map(\.key.exposed) == ["key-of-prod"])
        guard case .remoteCoroot(let far) = configuration.projects[1].kind else {
            Issue.record("no remote")
            return
        }
        #expect(far.apiKey.exposed == "key-of-far")
    }

    @Test func aVariableThatIsReadAndNotSetIsAnErrorOnce() throws {
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(
                Self.everyField, path: "c.yaml", environment: ["TENANT": "a"],
                secrets: SecretFiles(environment: Self.secrets))
            Issue.record("accepted")
        } catch {
            #expect(error.errors.map(\.problem) == ["environment variable PROD_KEY is not set"])
            #expect(error.errors.first?.keyPath == "spec.projects[0].apiKeys[0].key")
        }
    }

    // MARK: Rows 3 and 4: the external Prometheus

    @Test func theExternalPrometheusIsAskedWithItsCredentialsAndHeaders() throws {
        let configuration = try parse(
            Self.everyField, environment: ["PROD_KEY": "k", "TENANT": "tenant-a"])
        let source = try source(configuration)
        #expect(source.url.description == "https://prometheus.example.com/tenant")
        #expect(source.tls.skipVerify)
        #expect(
            source.credentials
                == .basic(username: "gateway", password: Secret("password-of-prometheus")))
        #expect(source.headers == [NamedSecret(name: "X-Scope-OrgID", value: Secret("tenant-a"))])
        #expect(
            configuration.notes.contains {
                $0.keyPath == "spec.externalPrometheus.remoteWriteURL"
                    && $0.text.contains("ignored")
            })
    }

    @Test func aPasswordThatIsMissingTakesTheProjectOutOfService() throws {
        let spec = """
            externalPrometheus:
              url: http://p
              basicAuth: {username: u, passwordSecret: {name: prometheus, key: password}}
            projects: [{name: a, apiKeys: [{key: k}]}]
            """
        let missing = try parse(Self.resource(spec), secrets: [:])
        guard case .misconfigured(let reason) = missing.projects[0].kind else {
            Issue.record("in service")
            return
        }
        #expect(reason.contains("secret prometheus/password is missing"))
        // The plain one is there for that.
        let plain = spec.replacing("passwordSecret", with: "password: plain, passwordSecret")
        #expect(
            try source(parse(Self.resource(plain), secrets: [:])).credentials
                == .basic(username: "u", password: Secret("plain")))
        #expect(
            try source(parse(Self.resource(plain))).credentials
                == .basic(username: "u", password: Secret("password-of-prometheus")))
    }

    // MARK: Rows 5 and 6: through Coroot

    private func remotes(_ configuration: Configuration) -> [String] {
        configuration.projects.compactMap { project in
            guard case .remoteCoroot(let remote) = project.kind else { return nil }
            return "\(project.name) \(remote.url) \(remote.apiKey.exposed) "
                + "\(remote.metricResolution.components.seconds)"
        }
    }

    @Test func metricsInClickHouseAreReadThroughTheResourcesOwnCoroot() throws {
        let projects = "projects: [{name: a, apiKeys: [{key: first}, {key: second}]}]"
        let plain = "storeMetricsInClickhouse: true\n\(projects)"
        #expect(
            try remotes(parse(Self.resource(plain))) == ["a http://coroot-coroot.ns:8080 first 15"])
        let whole = """
            storeMetricsInClickhouse: true
            metricsRefreshInterval: 1m
            service: {port: 9000}
            ingress: {path: /obs/}
            \(projects)
            """
        let configuration = try parse(Self.resource(whole, name: "x"))
        #expect(remotes(configuration) == ["a http://x-coroot.ns:9000/obs first 60"])
        #expect(
            configuration.notes.contains { $0.text.contains("http://x-coroot.ns:9000/obs") })
        // An external Prometheus is what is read then, as Coroot does.
        let external = "externalPrometheus: {url: http://p}\n\(plain)"
        #expect(try source(parse(Self.resource(external))).url.description == "http://p")
    }

    @Test func severalRegularProjectsAreToldApartByCoroot() throws {
        for more in ["", "externalPrometheus: {url: http://p}\n"] {
            let configuration = try parse(
                Self.resource(
                    more + """
                        projects:
                          - {name: a, apiKeys: [{key: ka}]}
                          - {name: b, apiKeys: [{key: kb}]}
                          - {name: all, memberProjects: [a, b]}
                        """))
            #expect(
                remotes(configuration) == [
                    "a http://coroot-coroot.ns:8080 ka 15", "b http://coroot-coroot.ns:8080 kb 15",
                ])
            #expect(
                configuration.notes.contains { $0.text.contains("only Coroot tells them apart") })
        }
    }

    @Test func aProjectWithoutAKeyForItsCorootIsOutOfService() throws {
        let configuration = try parse(
            Self.resource(
                """
                storeMetricsInClickhouse: true
                projects: [{name: a, apiKeys: [{keySecret: {name: coroot, key: later}}]}]
                """))
        guard case .misconfigured(let reason) = configuration.projects[0].kind else {
            Issue.record("in service")
            return
        }
        #expect(reason.contains("first API key, which is missing"))
    }

    // MARK: Row 7: agents

    @Test func aResourceOfAgentsIsNoted() throws {
        let configuration = try parse(
            Self.resource(
                """
                agentsOnly: {corootURL: https://coroot.example.com}
                projects: [{name: a, apiKeys: [{key: k}]}]
                """))
        #expect(
            configuration.notes.contains {
                $0.keyPath == "spec.agentsOnly" && $0.text.contains("there is nothing to read")
                    && $0.text.contains("https://coroot.example.com")
            })
    }

    @Test func whatIsIgnoredIsNoted() throws {
        let configuration = try parse(
            Self.everyField, environment: ["PROD_KEY": "k", "TENANT": "t"])
        let ignored = Set(configuration.notes.map(\.keyPath))
        for field in ["ingress", "env", "clickhouse", "externalClickhouse", "ai", "service"] {
            #expect(ignored.contains("spec.\(field)"), "\(field)")
        }
    }

    // MARK: Row 11: Coroot's own file

    private static let corootsFile = """
        listen_address: 127.0.0.1:8080
        url_base_path: /
        data_dir: /data
        grpc: {disabled: false, listenAddress: ":4317"}
        cache: {ttl: 30d, gc_interval: 10m}
        traces: {ttl: 7d}
        logs: {ttl: 7d}
        profiles: {ttl: 7d}
        metrics: {ttl: 7d}
        global_prometheus:
          url: https://prometheus:9090
          refresh_interval: 15s
          tls_skip_verify: true
          user: coroot
          password: ${PROMETHEUS_PASSWORD}
          extra_selector: ""
          custom_headers: {X-Scope-OrgID: tenant-a}
          remote_write_url: https://prometheus:9090/api/v1/write
          use_clickhouse: false
        global_clickhouse: {address: "clickhouse:9000", password: $CLICKHOUSE_PASSWORD}
        http_disabled: false
        do_not_check_for_deployments: true
        do_not_check_for_updates: true
        disable_usage_statistics: true
        disableBuiltinAlerts: true
        developer_mode: false
        clickhouse_space_manager: {enabled: true}
        corootCloud: {apiKey: $CLOUD}
        projects:
          - name: prod-eu
            apiKeys: [{key: eu, description: agents}]
            notificationIntegrations: {webhook: {url: "https://x/$y"}}
          - {name: prod-us, remoteCoroot: {url: "https://us", apiKey: us, metricResolution: 15s}}
          - {name: prod-global, memberProjects: [prod-eu, prod-us]}
        """

    @Test func corootsOwnFileLoads() throws {
        let configuration = try parse(
            Self.corootsFile, environment: ["PROMETHEUS_PASSWORD": "secret-word"])
        #expect(configuration.format == .configurationFile)
        let source = try source(configuration)
        #expect(source.url.description == "https://prometheus:9090" && source.tls.skipVerify)
        #expect(
            source.credentials == .basic(username: "coroot", password: Secret("secret-word")))
        #expect(source.headers.map(\.name) == ["X-Scope-OrgID"])
        let noted = Set(configuration.notes.map(\.keyPath))
        for key in [
            "grpc", "cache.ttl", "cache.gc_interval", "global_clickhouse", "corootCloud",
            "http_disabled",
        ] {
            #expect(noted.contains(key), "\(key)")
        }
    }

    @Test(arguments: [
        ("global_prometheus: {url: http://p, extra_selector: '{a=\"b\"}'}", "selector"),
        ("global_prometheus: {use_clickhouse: true}", "remoteCoroot"),
        ("https_listen_address: ':8443'", "listen_address"), ("http_disabled: true", "with tls"),
        ("auth: {anonymous_role: Viewer, tokens: [{name: a, token: 12345678}]}", "anonymous: true"),
        ("auth: {bootstrap_admin_password: x, anonymous: true}", "admin: true"),
    ])
    func whatCannotBeFollowedIsRefusedWithTheMend(line: String, mend: String) {
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(
                "\(line)\nprojects: [{name: a, prometheus: {url: http://a}}]", path: "c.yaml")
            Issue.record("accepted: \(line)")
        } catch {
            #expect(
                error.errors.contains { $0.mend?.contains(mend) ?? false }, "\(error.description)")
        }
    }

    @Test func aRefusedKeyIsTheOnlyError() {
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(
                "global_prometheus: {use_clickhouse: true, refresh_interval: 15s}\n"
                    + "projects: [{name: a, apiKeys: [{key: k}]}]", path: "c.yaml")
            Issue.record("accepted")
        } catch {
            #expect(
                error.errors.map(\.problem) == ["only Coroot reads what it keeps in ClickHouse"],
                "\(error.description)")
        }
    }
}

import GoText
import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// promxy's configuration as ours.
@Suite struct PromxyConversionTests {
    private static let secrets = Dictionary(
        uniqueKeysWithValues: (1...9).map { ("PROMXY_SECRET_\($0)", "secret-\($0)") })

    /// What `tributary check` makes of what was written.
    private func checked(_ conversion: PromxyConversion) throws -> Configuration {
        try Configuration.parse(
            conversion.yaml, path: "written.yaml", environment: Self.secrets)
    }

    private func keys(_ conversion: PromxyConversion, isLoss: Bool) -> [String] {
        conversion.remarks.filter { $0.isLoss == isLoss }.map(\.key)
    }

    @Test func `A group with one server becomes a project`() throws {
        let conversion = try PromxyConversion(
            """
            promxy:
              server_groups:
                - static_configs: [{targets: ["prom-a:9090"]}]
                  labels: {cluster: eu-1, "sg": x}
                  path_prefix: /prefix/
                  scheme: https
                  ignore_error: true
                  query_params: {tenant: "a$b"}
                  http_headers: {X-Scope-OrgID: team}
                  timeout: 5s
                - static_configs: [{targets: ["prom-b:9090"]}]
                  labels: {cluster: us-1, "sg": x}
                  downgrade_error: true
            """)
        let configuration = try checked(conversion)
        #expect(configuration.partitionLabel == "cluster")
        #expect(configuration.projects.map(\.name) == ["eu-1", "us-1", "all"])
        #expect(configuration.projects[2].partialResponse == .warn)
        #expect(configuration.defaultProject == "all")
        guard case .prometheus(let source) = configuration.projects[0].kind else {
            Issue.record("it is no Prometheus")
            return
        }
        #expect(source.url.description == "https://prom-a:9090/prefix")
        #expect(source.timeout == .seconds(5))
        #expect(source.headers.map(\.name) == ["X-Scope-OrgID"])
        #expect(source.headers.first?.value.exposed == "team")
        #expect(source.queryParameters.first?.value.exposed == "a$b")
    }

    @Test func `Several servers of a group become replicas`() throws {
        let conversion = try PromxyConversion(
            """
            promxy:
              server_groups:
                - name: Main Cluster
                  static_configs: [{targets: ["a:9090", "b:9090", "a:9090"]}]
                  anti_affinity: 10s
                  prefer_max: true
                  inject_matchers: ['cluster="a"']
                  http_headers: {X-Token: hidden}
                - static_configs: [{targets: ["c:9090"]}]
                  anti_affinity: 10s
            """)
        let configuration = try checked(conversion)
        #expect(configuration.projects.map(\.name) == ["main-cluster", "group-1", "all"])
        guard case .replicas(let group) = configuration.projects[0].kind else {
            Issue.record("\(conversion.yaml)")
            return
        }
        let servers = group.servers(Findings()).map(\.prometheus)
        #expect(servers.map(\.url.description) == ["http://a:9090", "http://b:9090"])
        #expect(servers.allSatisfy { $0.headers.first?.value.exposed == "secret-1" })
        #expect(servers.allSatisfy { $0.selector?.description == #"{cluster="a"}"# })
        #expect(configuration.projects[2].partialResponse == .abort)
        #expect(
            keys(conversion, isLoss: true) == ["promxy.server_groups[0].prefer_max"])
        #expect(
            keys(conversion, isLoss: false) == [
                "promxy.server_groups[0]", "promxy.server_groups[0].anti_affinity",
                "promxy.server_groups[0].http_headers.X-Token",
            ])
    }

    @Test func `Time ranges are those of the projects`() throws {
        let conversion = try PromxyConversion(
            """
            promxy:
              server_groups:
                - static_configs: [{targets: ["a:9090"]}]
                  relative_time_range: {start: -3h, end: -1h30m, truncate: true}
                - static_configs: [{targets: ["b:9090"]}]
                  absolute_time_range: {start: "2020-01-01T00:00:00Z", end: "2020-12-31T00:00:00Z"}
                - static_configs: [{targets: ["c:9090"]}]
                  relative_time_range: {start: -3h}
                  absolute_time_range: {start: "2020-01-01T00:00:00Z"}
            """)
        let ranges = try checked(conversion).projects.map(\.timeRange)
        #expect(ranges[0].newerThan == .seconds(10_800) && ranges[0].olderThan == .seconds(5_400))
        #expect(ranges[1].from == 1_577_836_800_000 && ranges[1].to == 1_609_372_800_000)
        #expect(ranges[2].newerThan == .seconds(10_800) && ranges[2].from == nil)
        #expect(
            keys(conversion, isLoss: true) == ["promxy.server_groups[2].absolute_time_range"])
    }

    @Test func `No secret is written, and the variables say where they come from`() throws {
        let conversion = try PromxyConversion(
            """
            promxy:
              server_groups:
                - static_configs: [{targets: ["a:9090"]}]
                  http_client:
                    basic_auth: {username: me, password: hidden-1}
                    tls_config: {insecure_skip_verify: true, server_name: prom}
                  http_headers: {X-Token: hidden-2}
                - static_configs: [{targets: ["b:9090"]}]
                  http_client: {authorization: {credentials: hidden-3}}
            """)
        #expect(!conversion.yaml.contains("hidden"))
        #expect(!conversion.remarks.map(\.description).joined().contains("hidden"))
        let configuration = try checked(conversion)
        guard case .prometheus(let source) = configuration.projects[0].kind,
            case .basic(let user, let password) = source.credentials,
            case .prometheus(let other) = configuration.projects[1].kind,
            case .bearer(let token) = other.credentials
        else {
            Issue.record("\(conversion.yaml)")
            return
        }
        #expect(user == "me" && password.exposed == "secret-1" && token.exposed == "secret-3")
        #expect(source.tls.skipVerify && source.tls.serverName == "prom")
        #expect(source.headers.first?.value.exposed == "secret-2")
    }

    @Test(arguments: [("TLS13", TLSVersion.v13, 0), ("TLS12", .v12, 0), ("TLS10", .v12, 1)])
    func `The proxy and the oldest version of TLS are those of the servers`(
        written: String, version: TLSVersion, remarks: Int
    ) throws {
        let conversion = try PromxyConversion(
            """
            promxy:
              server_groups:
                - static_configs: [{targets: ["a:9090"]}]
                  http_client: {proxy_url: 'http://proxy:3128', tls_config: {min_version: \(written)}}
            """)
        guard case .prometheus(let source) = try checked(conversion).projects[0].kind else {
            Issue.record("\(conversion.yaml)")
            return
        }
        #expect(source.proxy?.description == "http://proxy:3128")
        #expect(source.tls.minVersion == version)
        #expect(conversion.remarks.count == remarks && conversion.remarks.allSatisfy { !$0.isLoss })
    }

    @Test func `Tokens are asked for at an endpoint as promxy does`() throws {
        let conversion = try PromxyConversion(
            """
            promxy:
              server_groups:
                - static_configs: [{targets: ["a:9090"]}]
                  http_client:
                    oauth2:
                      client_id: me
                      client_secret: hidden-1
                      token_url: https://login/token
                      scopes: [read]
                      endpoint_params: {audience: hidden-2}
                      tls_config: {insecure_skip_verify: true}
            """)
        #expect(!conversion.yaml.contains("hidden"))
        #expect(
            keys(conversion, isLoss: true)
                == ["promxy.server_groups[0].http_client.oauth2.tls_config"])
        let configuration = try checked(conversion)
        guard case .prometheus(let source) = configuration.projects[0].kind,
            case .oauth2(let oauth2) = source.credentials
        else {
            Issue.record("\(conversion.yaml)")
            return
        }
        #expect(oauth2.clientID == "me" && oauth2.clientSecret.exposed == "secret-1")
        #expect(oauth2.tokenURL.description == "https://login/token" && oauth2.scopes == ["read"])
        #expect(oauth2.endpointParameters.first?.value.exposed == "secret-2")
    }

    /// Every key that promxy documents is carried over or named.
    @Test(arguments: [
        "remote_read_path: other/read", "relative_time_range: {start: 3h}",
        "relative_time_range: {start: -1h, end: -3h}", "absolute_time_range: {start: yesterday}",
        "label_filter: {dynamic_labels: [job]}",
        "relabel_configs: [{action: keep}]", "metrics_relabel_configs: [{action: labeldrop}]",
        "inject_matchers: ['a']", "inject_matchers: []", "labels: {le: x}", "labels: {a: ''}",
        "native_histogram: {allow_lossy: true}",
        "kubernetes_sd_configs: [{role: pod}]", "query_params: {nocache: 1}",
        "http_client: {oauth2: {client_id: x}}", "http_client: {sigv4: {region: x}}",
        "http_client: {sigv4: {region: x, access_key: a, secret_key: b, role_arn: c}}",
        "http_client: {proxy_url: 'http://me:hidden@x'}", "http_client: {proxy_url: 'socks5://x'}",
        "http_client: {proxy_url: 'http://x/path'}", "http_headers: {Host: x}", "timeout: 1.5s",
        "something_new: 1", "dns_sd_configs: [{names: [x]}]",
    ])
    func `What cannot be carried over is named`(written: String) throws {
        let conversion = try PromxyConversion(
            """
            promxy:
              server_groups:
                - static_configs: [{targets: ["a:9090"]}]
                  \(written)
            """)
        _ = try checked(conversion)
        let lost = conversion.remarks.filter(\.isLoss)
        #expect(lost.count == 1, "\(conversion.remarks)")
        #expect(lost.first?.line == 4)
    }

    @Test func `Labels and matchers become those of the project`() throws {
        let conversion = try PromxyConversion(
            """
            promxy:
              server_groups:
                - static_configs: [{targets: ["shared:9090"]}]
                  labels: {cluster: eu, region: west, env: prod}
                  inject_matchers: ['cluster="a"', 'job=~"x|y"']
                - static_configs: [{targets: ["shared:9090"]}]
                  labels: {cluster: us, region: west, exported_cluster: x}
            """)
        #expect(
            keys(conversion, isLoss: true) == [
                "promxy.server_groups[1].labels.exported_cluster"
            ])
        let configuration = try checked(conversion)
        #expect(configuration.partitionLabel == "cluster")
        #expect(configuration.projects[0].labels == ["region": "west", "env": "prod"])
        #expect(configuration.projects[0].selector?.description == #"{cluster="a",job=~"x|y"}"#)
        #expect(configuration.projects[1].labels == ["region": "west"])
        #expect(configuration.projects[1].selector == nil)
    }

    @Test func `What stands beside the groups is named`() throws {
        let conversion = try PromxyConversion(
            """
            global: {evaluation_interval: 5s, external_labels: {source: promxy}}
            rule_files: ["*rule"]
            remote_write: [{url: "http://x"}]
            promxy:
              alert_templates: {default: x}
              server_groups:
                - static_configs: [{targets: ["a:9090"]}]
                  ignore_error: true
                - dns_sd_configs: [{names: [b], type: A, port: 9090}]
            """)
        #expect(
            keys(conversion, isLoss: true) == [
                "global.evaluation_interval", "global.external_labels", "rule_files",
                "remote_write", "promxy.alert_templates", "promxy.server_groups[0].ignore_error",
            ])
        let configuration = try checked(conversion)
        guard case .prometheus(let source) = configuration.projects[1].kind else { return }
        #expect(source.url.description == "http://b:9090")
    }

    @Test(arguments: ["", "a: [", "scrape_configs: []", "promxy: {server_groups: []}", "promxy: 1"])
    func `What is none of promxy's is refused`(text: String) {
        #expect(throws: ConversionRefusal.self) { try PromxyConversion(text) }
    }
}

import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// The arguments of Thanos Query as ours.
@Suite struct ThanosConversionTests {
    /// What `tributary check` makes of what was written.
    private func checked(_ conversion: ThanosConversion) throws -> Configuration {
        try Configuration.parse(conversion.yaml, path: "written.yaml", environment: [:])
    }

    private func keys(_ conversion: ThanosConversion, isLoss: Bool) -> [String] {
        conversion.remarks.filter { $0.isLoss == isLoss }.map(\.key)
    }

    private func url(_ project: Project) -> String? {
        guard case .prometheus(let source) = project.kind else { return nil }
        return source.url.description
    }

    private func replicas(_ project: Project) -> ReplicaGroup? {
        guard case .replicas(let group) = project.kind else { return nil }
        return group
    }

    @Test func `Endpoints become projects at the guessed address of the Prometheus`() throws {
        let conversion = try ThanosConversion(arguments: [
            "query", "--endpoint=sidecar-eu.example:10901", "--endpoint",
            "sidecar-us.example:10901",
            "--store=10.0.0.7:10901", "--endpoint-strict=[2001:db8::1]:10901",
        ])
        let configuration = try checked(conversion)
        #expect(
            configuration.projects.map(\.name)
                == ["sidecar-eu", "sidecar-us", "10-0-0-7", "2001-db8--1", "all"])
        #expect(
            configuration.projects.dropLast().map(url) == [
                "http://sidecar-eu.example:9090", "http://sidecar-us.example:9090",
                "http://10.0.0.7:9090", "http://[2001:db8::1]:9090",
            ])
        #expect(configuration.defaultProject == "all")
        #expect(configuration.projects.last?.partialResponse == .warn)
        #expect(conversion.remarks.map(\.line) == [2, 3, 5, 6])
        #expect(conversion.remarks.allSatisfy { !$0.isLoss && $0.text.contains("9090") })
    }

    @Test func `Hosts with the same first part are named by all of it`() throws {
        let conversion = try ThanosConversion(arguments: [
            "--endpoint=thanos.eu.example:10901", "--endpoint=thanos.us.example:10901",
        ])
        #expect(
            try checked(conversion).projects.map(\.name)
                == ["thanos-eu-example", "thanos-us-example", "all"])
    }

    @Test(
        arguments: [
            (
                "--endpoint=dns+prometheus-operated.monitoring.svc:10901",
                "prometheus-operated.monitoring.svc"
            ),
            ("--endpoint=dnssrv+_grpc._tcp.sidecar.monitoring.svc", "sidecar.monitoring.svc"),
            ("--store=dnssrvnoa+_grpc._tcp.sidecar.monitoring.svc", "sidecar.monitoring.svc"),
            ("--endpoint-group=dns:///receive.monitoring.svc:10901", "receive.monitoring.svc"),
        ])
    func `Names that are looked up become replicas that are looked up`(
        written: String, name: String
    ) throws {
        let conversion = try ThanosConversion(arguments: [
            written, "--query.replica-label=replica,prometheus_replica",
            "--query.replica-label=replica", "--store.sd-dns-interval=10s",
        ])
        let group = try #require(try replicas(checked(conversion).projects[0]))
        let names = try #require(group.discoveries.first)
        #expect(names.names == [name] && names.type == .a && names.port == 9090)
        #expect(names.interval == .seconds(10))
        #expect(group.labels == ["replica", "prometheus_replica"])
        #expect(keys(conversion, isLoss: true).isEmpty)
    }

    private static let pods = [
        "--endpoint=prometheus-0.prometheus.svc:10901", "--endpoint=other:10901",
        "--endpoint=prometheus-1.prometheus.svc:10901",
        "--endpoint=prometheus-1.elsewhere.svc:10901",
    ]

    @Test func `Pods of one set are replicas where Thanos is told of replicas`() throws {
        let conversion = try ThanosConversion(
            arguments: Self.pods + ["--query.replica-label=replica"])
        let configuration = try checked(conversion)
        #expect(
            configuration.projects.map(\.name) == ["prometheus", "other", "prometheus-1", "all"])
        let group = try #require(replicas(configuration.projects[0]))
        #expect(
            group.replicas.map(\.prometheus?.url.description) == [
                "http://prometheus-0.prometheus.svc:9090",
                "http://prometheus-1.prometheus.svc:9090",
            ])
        #expect(group.labels == ["replica"])
        #expect(keys(conversion, isLoss: true).isEmpty)
        #expect(keys(conversion, isLoss: false).contains("--query.replica-label"))
        let others = try checked(ThanosConversion(arguments: Self.pods))
        #expect(others.projects.count == 5 && others.projects.allSatisfy { replicas($0) == nil })
    }

    @Test func `A replica label that no project can have is named`() throws {
        let conversion = try ThanosConversion(arguments: [
            "--endpoint=a:10901", "--endpoint=b:10901", "--query.replica-label=replica",
        ])
        _ = try checked(conversion)
        #expect(keys(conversion, isLoss: true) == ["--query.replica-label"])
    }

    @Test func `Settings of queries and of the address are those of the gateway`() throws {
        let conversion = try ThanosConversion(arguments: [
            "/bin/thanos", "query", "--endpoint=a:10901", "--query.timeout=90s",
            "--query.lookback-delta=5m0s", "--query.max-concurrent=7",
            "--no-query.partial-response",
            "--query.default-evaluation-interval=30s", "--http-address=127.0.0.1:10902",
            "--http-grace-period=15s", "--web.external-prefix=/thanos/",
        ])
        let configuration = try checked(conversion)
        #expect(configuration.query.timeout == .seconds(90))
        #expect(configuration.query.lookback == .seconds(300))
        #expect(configuration.query.maxConcurrency == 7)
        #expect(configuration.query.defaultSubqueryStep == .seconds(30))
        #expect(configuration.limits.shutdownGrace == .seconds(15))
        #expect(configuration.listenAddress.description == "127.0.0.1:10902")
        #expect(configuration.urlBasePath == "/thanos")
        #expect(configuration.projects.last?.partialResponse == .abort)
        #expect(keys(conversion, isLoss: true).isEmpty)
    }

    @Test func `The log is written as Thanos's is`() throws {
        let conversion = try ThanosConversion(arguments: [
            "--endpoint=a:10901", "--log.level=warn", "--log.format=logfmt",
        ])
        _ = try checked(conversion)
        #expect(conversion.yaml.contains("log:\n  level: warning\n  format: text\n"))
        #expect(keys(conversion, isLoss: true).isEmpty)
    }

    @Test func `The route prefix goes before the external one`() throws {
        let conversion = try ThanosConversion(arguments: [
            "--endpoint=a:10901", "--web.external-prefix=/outside", "--web.route-prefix=inside",
        ])
        #expect(try checked(conversion).urlBasePath == "/inside")
        #expect(keys(conversion, isLoss: true) == ["--web.external-prefix"])
    }

    @Test func `The gateway makes room for a Prometheus on its machine`() throws {
        let conversion = try ThanosConversion(arguments: ["--endpoint=localhost:10901"])
        let configuration = try checked(conversion)
        #expect(url(configuration.projects[0]) == "http://localhost:9090")
        #expect(configuration.notesOnOwnAddress(hostNames: []).isEmpty)
    }

    @Test func `A file has one argument a line, as it is copied from elsewhere`() throws {
        let conversion = try ThanosConversion(
            """
            # of the cluster eu
            thanos query \\
              --endpoint a:10901 \\
              - "--endpoint=b:10901"
              - --query.replica-label="replica"

              --query.auto-downsampling
              --tracing.config="type: JAEGER"
            """)
        #expect(try checked(conversion).projects.map(\.name) == ["a", "b", "all"])
        #expect(
            conversion.remarks.map { "\($0.line) \($0.key)" } == [
                "3 --endpoint", "4 --endpoint", "5 --query.replica-label",
                "7 --query.auto-downsampling", "8 --tracing.config",
            ])
    }

    /// Every argument that Thanos documents is carried over or named, and no value is shown.
    @Test(arguments: [
        "--http-address=0.0.0.0:10902", "--http-address=hidden", "--log.level=hidden",
        "--log.format=hidden", "--store.sd-files=hidden/*.yaml", "--store.sd-interval=5m",
        "--endpoint.sd-config-file=hidden", "--grpc-client-tls-secure",
        "--grpc-client-tls-ca=hidden", "--grpc-client-server-name=hidden",
        "--grpc-address=0.0.0.0:10901", "--http.config=hidden", "--query.tenant-header=hidden",
        "--query.enforce-tenancy", "--query.auto-downsampling", "--query.timeout=hidden",
        "--query.timeout=0s", "--query.max-concurrent=many", "--query.max-concurrent-select=4",
        "--query.replica-label=le", "--query.telemetry.request-samples-quantiles=100",
        "--store.response-timeout=1m", "--store.limits.request-series=1", "--web.disable-cors",
        "--web.prefix-header=hidden", "--web.route-prefix=a b", "--tracing.config=hidden",
        "--selector-label=hidden", "--enable-feature=hidden", "--alert.query-url=http://hidden",
        "--request.logging-config-file=hidden", "--something.new=hidden", "--something-new",
        "--rule=other:10901", "--endpoint=a:10902", "--endpoint=k8s://hidden/x",
        "--store.sd-dns-interval=5", "hidden", "-h", "--",
    ])
    func `What cannot be carried over is named`(written: String) throws {
        let conversion = try ThanosConversion(arguments: ["query", "--endpoint=a:10901", written])
        _ = try checked(conversion)
        let lost = conversion.remarks.filter(\.isLoss)
        #expect(lost.count == 1, "\(conversion.remarks)")
        #expect(lost.first?.line == 3)
        #expect(!conversion.yaml.contains("hidden"))
        #expect(!conversion.remarks.map(\.description).joined().contains("hidden"))
    }

    @Test(arguments: ["--query.mode=distributed", "--query.promql-engine=thanos", "--rule=a:10901"])
    func `What is not needed is no loss`(written: String) throws {
        let conversion = try ThanosConversion(arguments: ["--endpoint=a:10901", written])
        #expect(keys(conversion, isLoss: true).isEmpty)
    }

    @Test func `An argument that may stand once is read once`() throws {
        let conversion = try ThanosConversion(arguments: [
            "--endpoint=a:10901", "--query.timeout=1m", "--query.timeout=2m",
        ])
        #expect(try checked(conversion).query.timeout == .seconds(60))
        #expect(conversion.remarks.filter(\.isLoss).map(\.line) == [3])
    }

    @Test func `Replicas and replica labels over what is allowed are named`() throws {
        let conversion = try ThanosConversion(
            arguments: (0..<20).flatMap {
                ["--endpoint=prometheus-\($0).svc:10901", "--query.replica-label=label_\($0)"]
            })
        let group = try #require(try replicas(checked(conversion).projects[0]))
        #expect(group.replicas.count == ReplicaGroup.most)
        #expect(group.labels.count == ReplicaGroup.mostLabels)
        #expect(keys(conversion, isLoss: true).count == 8)
    }

    @Test(arguments: [[], ["query"], ["sidecar", "--endpoint=a:1"], ["query", "--endpoint=/x"]])
    func `What names no endpoint is refused`(arguments: [String]) {
        #expect(throws: ConversionRefusal.self) { try ThanosConversion(arguments: arguments) }
    }
}

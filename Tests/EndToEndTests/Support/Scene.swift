import Foundation
import RealServers
import TestSupport

/// Three real members, one real union oracle and the gateway, shared by the tests of a suite.
final class Scene: Sendable {
    let directory: String
    let data: FederationData
    let members: [PrometheusServer]
    /// Each holds the union.
    let oracles: [PrometheusServer]
    let gateway: GatewayServer

    /// The judge.
    var oracle: PrometheusServer { oracles[0] }

    /// The scene of the suite that runs.
    @TaskLocal static var current: Scene?

    static let seed =
        ProcessInfo.processInfo.environment["TRIBUTARY_SEED"].flatMap(UInt64.init) ?? 1

    static func required() throws -> Scene {
        guard let scene = current else { throw TestFailure("this test needs a scene") }
        return scene
    }

    /// Which servers a scene has.
    struct Cast: Sendable {
        /// In the order of `FederationData.members`.
        var members: [PrometheusVersion]
        /// The judge, and another of another version.
        var oracles: [PrometheusVersion]
        /// Feature flags of the members, of the oracles and of the gateway.
        var features: [String] = []
        /// Whether samples keep clear of where windows begin.
        var isOffEdges = false
        /// Static labels, by member.
        var labels: [[String: String]] = [[:], [:], [:]]
        /// Whether one server holds the series of all members, each with its member as `cluster`.
        var isShared = false
        /// Whether that label is taken off the answers, so that the union lacks it.
        var hidesLabel = false

        private static let current = ["promql-experimental-functions", "promql-duration-expr"]

        static let three = Cast(
            members: [.three, .three, .three], oracles: [.three], features: current)
        static let delayedNames = Cast(
            members: [.three, .three, .three], oracles: [.three],
            features: current + ["promql-delayed-name-removal"])
        static let labelled = Cast(
            members: [.three, .three, .three], oracles: [.three], features: current,
            labels: [
                ["region": "eu", "env": "prod", "zone": "z1", "cluster": "k0"],
                ["region": "eu", "cluster": "k1"],
                ["region": "us", "env": "prod", "cluster": "k2"],
            ])
        static let shared = Cast(
            members: [.three], oracles: [.three], features: current, isShared: true)
        static let hidden = Cast(
            members: [.three], oracles: [.three], features: current, isShared: true,
            hidesLabel: true)
        static let hiddenDelayedNames = Cast(
            members: [.three], oracles: [.three],
            features: current + ["promql-delayed-name-removal"], isShared: true, hidesLabel: true)
        static let two = Cast(members: [.two, .two, .two], oracles: [.two])
        static let mixed = Cast(
            members: [.two, .three, .three], oracles: [.three, .two], isOffEdges: true)

        /// Which series of the server a member has; nil for all.
        func selector(ofMember index: Int) -> String? {
            guard isShared else { return nil }
            return hidesLabel
                ? "{cluster=\"\(FederationData.members[index])\"}" : FederationData.selectors[index]
        }

        var hasUnicodeNames: Bool { !(members + oracles).contains(.two) }
    }

    init(_ cast: Cast) throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("tributary-e2e-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        self.directory = directory
        var data = FederationData(
            seed: Self.seed, hasUnicodeNames: cast.hasUnicodeNames, isOffEdges: cast.isOffEdges)
        let union = data
        if cast.isShared { data.label("cluster") }
        self.data = data
        let options =
            cast.features.isEmpty
            ? [] : ["--enable-feature=" + cast.features.joined(separator: ",")]
        if cast.isShared {
            let server = try PrometheusServer(
                name: "shared", version: cast.members[0], openMetrics: data.openMetricsOfAll(),
                directory: directory, options: options)
            members = FederationData.members.map { _ in server }
        } else {
            members = try FederationData.members.enumerated().map { index, name in
                try PrometheusServer(
                    name: name, version: cast.members[index],
                    openMetrics: data.openMetrics(member: index), directory: directory,
                    options: options)
            }
        }
        oracles = try cast.oracles.map {
            try PrometheusServer(
                name: "oracle-\($0.rawValue)", version: $0,
                openMetrics: (cast.hidesLabel ? union : data)
                    .openMetricsOfUnion(labels: cast.labels),
                directory: directory, options: options)
        }
        gateway = try GatewayServer(
            name: "gateway",
            members: zip(FederationData.members, members).enumerated().map { index, member in
                .init(
                    name: member.0, url: member.1.address.url,
                    labels: cast.labels[index],
                    selector: cast.selector(ofMember: index),
                    settings: cast.hidesLabel ? ["keepLabel: false"] : [])
            },
            projects: [.init(name: "all", members: FederationData.members)],
            features: cast.features, settings: "cache: {enabled: true}\n", directory: directory)
    }

    deinit { stop() }

    func stop() {
        gateway.process.stop()
        for oracle in oracles { oracle.process.stop() }
        for member in members { member.process.stop() }
        try? FileManager.default.removeItem(atPath: directory)
    }
}

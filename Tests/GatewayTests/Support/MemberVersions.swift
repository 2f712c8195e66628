import ScriptedServers
import Upstream
import UpstreamSettings

/// What the client of a member finds out about its version.
enum MemberVersions {
    static func configuration(port: Int) throws -> UpstreamConfiguration {
        let url = try ServerURL("http://127.0.0.1:\(port)")
        return UpstreamConfiguration(name: "m", source: .prometheus(PrometheusSource(url: url)))
    }

    static func capabilities(_ configuration: UpstreamConfiguration) async -> UpstreamCapabilities {
        var known = UpstreamCapabilities(version: "none")
        try? await withTransport { transport in
            known = await UpstreamClient(configuration, transport: transport).capabilities()
        }
        return known
    }
}

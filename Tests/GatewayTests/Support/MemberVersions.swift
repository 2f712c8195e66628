import ScriptedServers
import Upstream

/// What the client of a member finds out about its version.
enum MemberVersions {
    static func configuration(port: Int) -> UpstreamConfiguration {
        UpstreamConfiguration(name: "m", baseURL: "http://127.0.0.1:\(port)")
    }

    static func capabilities(_ configuration: UpstreamConfiguration) async -> UpstreamCapabilities {
        var known = UpstreamCapabilities(version: "none")
        try? await withTransport { transport in
            known = await UpstreamClient(configuration, transport: transport).capabilities()
        }
        return known
    }
}

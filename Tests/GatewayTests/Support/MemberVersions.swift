import Upstream

/// What the client of a member finds out about its version.
enum MemberVersions {
    static func configuration(port: Int) -> UpstreamConfiguration {
        UpstreamConfiguration(name: "m", baseURL: "http://127.0.0.1:\(port)")
    }

    static func capabilities(_ configuration: UpstreamConfiguration) async -> UpstreamCapabilities {
        guard let transport = try? CurlMulti() else { return UpstreamCapabilities(version: "none") }
        let client = UpstreamClient(configuration, transport: transport)
        let known = await client.capabilities()
        await transport.shutdown()
        return known
    }
}

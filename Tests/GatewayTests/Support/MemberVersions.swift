import Members

/// What the client of a member finds out about its version.
enum MemberVersions {
    static func configuration(port: Int) -> MemberConfiguration {
        MemberConfiguration(name: "m", baseURL: "http://127.0.0.1:\(port)")
    }

    static func capabilities(_ configuration: MemberConfiguration) async -> MemberCapabilities {
        guard let transport = try? CurlMulti() else { return MemberCapabilities(version: "none") }
        let client = MemberClient(configuration, transport: transport)
        let known = await client.capabilities()
        await transport.shutdown()
        return known
    }
}

import GoText
import HTTPTransport
import ScriptedServers
import Testing
import UpstreamSettings

@testable import Upstream

/// A member that takes requests and answers none.
@Suite struct SilentMemberTests {
    private static let version = #"{"status":"success","data":{"version":"2.42.0"}}"#

    @Test func `The wait for a version is taken off the time of the question that needs it`() {
        var cache = CapabilityCache()
        #expect(cache.action(at: .after(0)) == .ask)
        #expect(cache.waitedInVain(at: .after(1500)) == .zero)
        cache.learned(.silence, at: .after(2000))
        #expect(cache.waitedInVain(at: .after(2000)) == .seconds(2))
        #expect(cache.waitedInVain(at: .after(2900)) == .milliseconds(2900))
        // A later question has not waited.
        #expect(cache.waitedInVain(at: .after(3000)) == .zero)
        #expect(cache.action(at: .after(3000)) == .ask)
        cache.learned(.told(UpstreamCapabilities(version: "3.1.0")), at: .after(3100))
        #expect(cache.waitedInVain(at: .after(3101)) == .zero)
    }

    @Test func `A member that takes requests and is silent is asked twice, then has timed out`()
        async throws
    {
        let isOver = LockedValue(false)
        try await withClient(
            { _, connection in
                while !isOver.withLock({ $0 }) { connection.pause(milliseconds: 5) }
                return false
            }, source: { $0.timeout = .seconds(4) }
        ) { client, server in
            defer { isOver.withLock { $0 = true } }
            let known = await client.capabilities()
            #expect(known.version == nil)
            let error = await failure { () async throws(UpstreamError) in
                _ = try await client.query("up", at: 1_500)
            }
            #expect(error?.kind == .timeout)
            #expect(server.requests.count == 2)
        }
    }

    @Test(arguments: ["404 Not Found", "403 Forbidden", "200 OK", "503 Service Unavailable", ""])
    func `A version that was told stands while the member is away`(status: String) async throws {
        let isAway = LockedValue(false)
        try await withClient({ _, connection in
            guard isAway.withLock({ $0 }) else { return connection.answer(Self.version) }
            if status.isEmpty { return false }
            return connection.answer(
                "<html>no backend</html>", status: status, type: "text/html")
        }) { client, server in
            #expect(await client.capabilities().version == "2.42.0")
            isAway.withLock { $0 = true }
            await client.refreshCapabilities()
            #expect(await client.capabilities().version == "2.42.0")
            #expect(await client.capabilities().rangeBoundary == .closed)
            #expect(server.requests.count >= 2)
        }
    }
}

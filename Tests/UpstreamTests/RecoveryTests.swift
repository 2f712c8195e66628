import GoText
import HTTPTransport
import ScriptedServers
import Synchronization
import Testing

@testable import Upstream

/// A member that was away and comes back.
@Suite struct RecoveryTests {
    /// Closes connections without an answer while it is away.
    private final class Outage: Sendable {
        private let isAway = Mutex(true)
        var away: Bool {
            get { isAway.withLock { $0 } }
            set { isAway.withLock { $0 = newValue } }
        }
    }

    private static let version = #"{"status":"success","data":{"version":"2.42.0"}}"#

    /// A client whose circuit was opened by an outage, and whose pause is over.
    private func afterAnOutage(
        pausing milliseconds: UInt32 = 0,
        _ body: (UpstreamClient, ScriptedServer) async throws -> Void
    ) async throws {
        let outage = Outage()
        try await withClient { request, connection in
            if outage.away { return false }
            connection.pause(milliseconds: milliseconds)
            return connection.answer(
                request.path.hasSuffix("buildinfo") ? Self.version : Answers.vector(Answers.one))
        } _: { client, server in
            for _ in 0..<5 { _ = try? await client.query("up", at: 1_500) }
            #expect(client.health.circuit == .open)
            outage.away = false
            while client.isResting { try await Task.sleep(for: .milliseconds(20)) }
            try await body(client, server)
        }
    }

    @Test("All requests of the first query after an outage are answered")
    func requestsShareTheProbe() async throws {
        try await afterAnOutage(pausing: 50) { client, _ in
            await withTaskGroup(of: UpstreamError?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        await failure { () async throws(UpstreamError) in
                            _ = try await client.query("up", at: 1_500).text()
                        }
                    }
                }
                for await found in group { #expect(found == nil) }
            }
            #expect(client.health.circuit == .closed)
        }
    }

    @Test("A request that waits for a probe need not wait for the end of its answer")
    func theBeginningOfAnAnswerIsEnough() async throws {
        try await afterAnOutage { client, _ in
            let first = try await client.query("up", at: 1_500)
            #expect(client.health.circuit == .closed)
            #expect(try await client.query("up", at: 1_500).text().elements == Answers.one)
            #expect(try await first.text().elements == Answers.one)
        }
    }

    @Test("A look-up of the version leaves the probe to the query, and finds the version")
    func lookUpsTakeNoProbe() async throws {
        try await afterAnOutage(pausing: 50) { client, _ in
            // As a query does: the version first, then the query beside a further look-up.
            async let found = client.capabilities()
            async let answer = client.query("up", at: 1_500).text().elements
            #expect(await found.version == "2.42.0")
            let elements = try await answer
            #expect(elements == Answers.one)
            #expect(client.health.circuit == .closed)
        }
    }

    @Test("A version that could not be had during an outage is asked for once the member is back")
    func noGuessSurvives() async throws {
        let outage = Outage()
        try await withClient { _, connection in
            outage.away ? false : connection.answer(Self.version)
        } _: { client, _ in
            #expect(await client.capabilities() == UpstreamCapabilities())
            outage.away = false
            try await Task.sleep(for: CapabilityCache.freshWhenSilentFor + .milliseconds(100))
            #expect(await client.capabilities().version == "2.42.0")
        }
    }

    @Test("Requests that wait for a probe of a member that is still away fail with it")
    func aFailedProbeIsShared() async throws {
        try await withTransport { transport in
            let client = try UpstreamClient(
                UpstreamConfiguration(
                    url: "http://127.0.0.1:\(try ScriptedServer.deadPort())"),
                transport: transport)
            for _ in 0..<5 { _ = try? await client.query("up", at: 1_500) }
            while client.isResting { try await Task.sleep(for: .milliseconds(20)) }
            await withTaskGroup(of: UpstreamError?.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        await failure { () async throws(UpstreamError) in
                            _ = try await client.query("up", at: 1_500)
                        }
                    }
                }
                for await found in group { #expect(found?.description.contains("refused") == true) }
            }
            #expect(client.health.circuit == .open)
        }
    }
}

import HTTPTransport
import Logging
import ScriptedServers
import ServiceLifecycle
import Testing

/// Who owns a transport, and how it ends.
@Suite struct TransportLifeTests {
    fileprivate static func isRefused(by transport: CurlMulti) async -> Bool {
        let error = await failure { () async throws(TransferError) in
            try await transport.execute(TransferRequest(url: "http://127.0.0.1:1"))
        }
        return error?.kind == .shutDown
    }

    @Test func `A transport says whether it is shut down`() async throws {
        let transport = try CurlMulti()
        #expect(!transport.isShutDown)
        await transport.shutdown()
        #expect(transport.isShutDown)
    }

    @Test func `A transport in use by a test is shut down though the test fails`() async throws {
        struct Failed: Error {}
        var used: CurlMulti?
        await #expect(throws: Failed.self) {
            try await withTransport { transport in
                used = transport
                throw Failed()
            }
        }
        #expect(used?.isShutDown == true)
    }

    /// Stops the group, and notes whether the transport still serves while it stops itself.
    private struct User: Service {
        let transport: CurlMulti
        let group: AsyncStream<Void>.Continuation
        let servesUntilTheEnd: Counter

        func run() async throws {
            group.yield()
            try? await gracefulShutdown()
            if !transport.isShutDown, await !TransportLifeTests.isRefused(by: transport) {
                servesUntilTheEnd.add(1)
            }
        }
    }

    @Test func `As a service it is stopped after those that come behind it`() async throws {
        let transport = try CurlMulti()
        let (started, announce) = AsyncStream.makeStream(of: Void.self)
        let serves = Counter()
        let user = User(transport: transport, group: announce, servesUntilTheEnd: serves)
        let group = ServiceGroup(
            services: [transport, user], logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await _ in started { break }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(serves.value == 1)
        #expect(transport.isShutDown)
    }

    @Test func `As a service it is shut down when its task is cancelled`() async throws {
        let transport = try CurlMulti()
        let task = Task { await transport.run() }
        task.cancel()
        await task.value
        #expect(transport.isShutDown)
        #expect(await Self.isRefused(by: transport))
    }

    #if DEBUG
    @Test func `A debug build traps where a transport is dropped alive`() async throws {
        let result = try await #require(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            _ = try CurlMulti()
        }
        let said = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(said.contains("a transport was dropped before it was shut down"))
    }
    #endif

    @Test func `One that was shut down can be dropped`() async throws {
        await #expect(processExitsWith: .success) {
            let transport = try CurlMulti()
            await transport.shutdown()
        }
    }
}

import Glibc
import HTTPTransport
import ScriptedServers
import Testing

/// Tasks that prefer a thread of the transport.
@Suite struct TaskExecutorTests {
    private static func thread() -> pthread_t { pthread_self() }

    /// A request, and the threads before it, behind its head and behind its body.
    private static func threads(
        of transport: CurlMulti, _ server: ScriptedServer
    ) async throws(TransferError) -> (threads: Set<pthread_t>, body: [UInt8]) {
        var threads: Set<pthread_t> = [thread()]
        let response = try await transport.execute(TransferRequest(url: server.url))
        threads.insert(thread())
        let body = try await response.body.collect()
        threads.insert(thread())
        return (threads, body)
    }

    @Test func `A request and its answer stay on the task's thread`() async throws {
        try await withTransport({ _, connection in connection.answer("one") }) {
            transport, server in
            let executor = try #require(transport.taskExecutors.first)
            for _ in 0..<20 {
                let found = try await withTaskExecutorPreference(executor) {
                    try await Self.threads(of: transport, server)
                }
                #expect(found.threads.count == 1)
                #expect(found.body == Array("one".utf8))
            }
        }
    }

    @Test func `Tasks of several threads use connections of their own`() async throws {
        let server = try ScriptedServer { _, connection in connection.answer("one") }
        defer { server.stop() }
        let transport = try CurlMulti(threads: 3)
        #expect(transport.taskExecutors.count == 3)
        var threads: Set<pthread_t> = []
        for _ in 0..<4 {
            for executor in transport.taskExecutors {
                let found = try await withTaskExecutorPreference(executor) {
                    try await Self.threads(of: transport, server)
                }
                #expect(found.threads.count == 1)
                threads.formUnion(found.threads)
            }
        }
        await transport.shutdown()
        #expect(threads.count == 3)
        #expect(Set(server.requests.map(\.connection)).count == 3)
    }

    @Test func `Requests of other tasks keep their connection whatever thread has it`() async throws
    {
        let server = try ScriptedServer { _, connection in connection.answer("one") }
        defer { server.stop() }
        let transport = try CurlMulti(threads: 3)
        for _ in 0..<6 { _ = try await Self.threads(of: transport, server) }
        await transport.shutdown()
        #expect(Set(server.requests.map(\.connection)).count == 1)
    }

    @Test func `A long body can be read on the thread that receives it`() async throws {
        let long = [UInt8](repeating: 0x61, count: 5 << 20)
        try await withTransport({ _, connection in connection.answer(long) }) { transport, server in
            let executor = try #require(transport.taskExecutors.first)
            let found = try await withTaskExecutorPreference(executor) {
                try await Self.threads(of: transport, server)
            }
            #expect(found.threads.count == 1)
            #expect(found.body == long)
        }
    }

    @Test func `Many tasks at once all get their answers`() async throws {
        try await withTransport({ request, connection in connection.answer(request.target) }) {
            transport, server in
            let executor = try #require(transport.taskExecutors.first)
            await withTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask(executorPreference: executor) {
                        let target = "/\(number)"
                        let response = try? await transport.execute(
                            TransferRequest(url: server.url + target))
                        let body = try? await response?.body.collect()
                        return body == Array(target.utf8)
                    }
                }
                for await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func `A task on the thread can be cancelled while it waits for its answer`() async throws
    {
        try await withTransport({ _, connection in
            _ = connection.waitForEnd(milliseconds: 60_000)
            return false
        }) { transport, server in
            let executor = try #require(transport.taskExecutors.first)
            let task = Task(executorPreference: executor) {
                await failure { () async throws(TransferError) in
                    _ = try await transport.execute(TransferRequest(url: server.url))
                }
            }
            #expect(await server.received(1))
            task.cancel()
            #expect(await task.value?.kind == .cancelled)
        }
    }

    @Test func `A task outlives the thread that it prefers`() async throws {
        let transport = try CurlMulti()
        let executor = try #require(transport.taskExecutors.first)
        let (waits, go) = AsyncStream.makeStream(of: Void.self)
        let task = Task(executorPreference: executor) {
            for await _ in waits { break }
            await Task.yield()
            return await failure { () async throws(TransferError) in
                _ = try await transport.execute(TransferRequest(url: "http://127.0.0.1:1"))
            }
        }
        await transport.shutdown()
        go.yield()
        #expect(await task.value?.kind == .shutDown)
    }
}

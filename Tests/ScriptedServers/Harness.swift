import HTTPTransport

/// Milliseconds that something took.
package func elapsed<Result>(
    _ body: () async throws -> Result
) async rethrows -> (result: Result, milliseconds: Int) {
    let start = ContinuousClock.now
    let result = try await body()
    return (result, Int((ContinuousClock.now - start) / .milliseconds(1)))
}

/// A transport for the length of a test; it is shut down however the body ends.
package func withTransport(_ body: (CurlMulti) async throws -> Void) async throws {
    let transport = try CurlMulti()
    do {
        try await body(transport)
    } catch {
        await transport.shutdown()
        throw error
    }
    await transport.shutdown()
}

/// A transport and a server for the length of a test.
package func withTransport(
    _ script: @escaping ScriptedServer.Script,
    _ body: (CurlMulti, ScriptedServer) async throws -> Void
) async throws {
    let server = try ScriptedServer(script)
    defer { server.stop() }
    try await withTransport { try await body($0, server) }
}

extension TransferBody {
    /// All bytes.
    package func collect() async throws(TransferError) -> [UInt8] {
        var all: [UInt8] = []
        var iterator = makeAsyncIterator()
        while let chunk = try await iterator.next() { all += chunk }
        return all
    }
}

/// The error of something that must fail.
package func failure<Failure: Error, Result>(
    _ body: () async throws(Failure) -> Result
) async -> Failure? {
    do throws(Failure) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

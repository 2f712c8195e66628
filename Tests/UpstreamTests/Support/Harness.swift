import Upstream

/// Milliseconds that something took.
func elapsed<Result>(
    _ body: () async throws -> Result
) async rethrows -> (result: Result, milliseconds: Int) {
    let start = ContinuousClock.now
    let result = try await body()
    return (result, Int((ContinuousClock.now - start) / .milliseconds(1)))
}

/// A transport and a server for the length of a test.
func withTransport(
    _ script: @escaping ScriptedServer.Script,
    _ body: (CurlMulti, ScriptedServer) async throws -> Void
) async throws {
    let server = try ScriptedServer(script)
    let transport = try CurlMulti()
    do {
        try await body(transport, server)
    } catch {
        await transport.shutdown()
        server.stop()
        throw error
    }
    await transport.shutdown()
    server.stop()
}

extension TransferBody {
    func collect() async throws(TransferError) -> [UInt8] {
        var all: [UInt8] = []
        var iterator = makeAsyncIterator()
        while let chunk = try await iterator.next() { all += chunk }
        return all
    }
}

/// The error of something that must fail.
func failure<Failure: Error, Result>(
    _ body: () async throws(Failure) -> Result
) async -> Failure? {
    do throws(Failure) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

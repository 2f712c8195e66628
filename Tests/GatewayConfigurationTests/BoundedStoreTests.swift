import GoText
import Synchronization
import TestSupport
import Testing

@testable import GatewayConfiguration

/// A store over a database that answers when it likes, or never.
@Suite struct BoundedStoreTests {
    /// Waits in every call until it is told to go on.
    private final class HeldStore: ProjectStore {
        private let gate = Gate()
        let calls = Mutex(0)

        func goOn() { gate.open() }

        func revision() async throws(StoreError) -> Int64 {
            await wait()
            return 7
        }

        func contents() async throws(StoreError) -> StoreContents {
            await wait()
            return StoreContents()
        }

        func change<Outcome: Sendable>(
            _ edit: @escaping @Sendable (inout StoreContents) throws(StoreRefusal) -> Outcome
        ) async throws(StoreError) -> (outcome: Outcome, contents: StoreContents) {
            await wait()
            var contents = StoreContents()
            do throws(StoreRefusal) {
                return (try edit(&contents), contents)
            } catch {
                throw .refused(error)
            }
        }

        private func wait() async {
            calls.withLock { $0 += 1 }
            await gate.passed()
        }
    }

    /// Heeds no cancellation, as little as a system call does.
    private final class Gate: Sendable {
        private let waiting = Mutex<[CheckedContinuation<Void, Never>]?>([])

        func passed() async {
            await withCheckedContinuation { continuation in
                let isOpen = waiting.withLock { waiting in
                    waiting?.append(continuation)
                    return waiting == nil
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let all = waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting ?? []
            }
            for one in all { one.resume() }
        }
    }

    @Test func aCallThatGetsNoAnswerEndsWithTheTimeItWaited() async {
        let base = HeldStore()
        defer { base.goOn() }
        let store = BoundedStore(base: base, patience: .milliseconds(20))
        let silence = StoreError.unavailable("it gave no answer for 0 s")
        await #expect(throws: silence) { try await store.revision() }
        await #expect(throws: silence) { try await store.contents() }
        await #expect(throws: silence) { try await store.change { (_) throws(StoreRefusal) in } }
    }

    @Test func aReadIsGivenUpWithItsCallerAndAChangeIsNot() async throws {
        let base = HeldStore()
        let store = BoundedStore(base: base, patience: .seconds(600))
        let read = Task { try await store.contents() }
        let change = Task { try await store.change { (_) throws(StoreRefusal) in 5 }.outcome }
        while base.calls.withLock({ $0 }) < 2 { await Task.yield() }
        read.cancel()
        change.cancel()
        await #expect(throws: StoreError.unavailable("the call was given up")) {
            try await read.value
        }
        base.goOn()
        #expect(try await change.value == 5)
    }

    @Test func whatTheStoreSaysIsPassedOn() async throws {
        let base = HeldStore()
        base.goOn()
        let store = BoundedStore(base: base)
        let revision = try await store.revision()
        #expect(revision == 7)
        await #expect(throws: StoreError.refused(.conflict("c"))) {
            try await store.change { (_) throws(StoreRefusal) in throw .conflict("c") }
        }
    }

    /// The only stores that are not wrapped are those of tests.
    @Test func theStoreThatIsOpenedIsBounded() async throws {
        try await withTemporaryFolder { folder in
            let store = try await StoreLocation.directory(folder).open()
            #expect(store is BoundedStore)
        }
    }
}

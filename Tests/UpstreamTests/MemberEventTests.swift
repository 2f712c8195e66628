import GoText
import HTTPTransport
import ScriptedServers
import Testing

@testable import Upstream

@Suite("Events of members")
struct MemberEventTests {
    private static let start = MonotonicInstant.now

    private func at(_ seconds: Int) -> MonotonicInstant {
        Self.start.advanced(by: .seconds(seconds))
    }

    @Test("A change is told once, with how long the state before it lasted")
    func once() {
        var source = MemberEventSource(member: "eu", at: at(0))
        #expect(source.note(.up, at: at(1)) == nil)
        #expect(
            source.note(.failing, because: "refused", at: at(5))
                == MemberEvent(
                    member: "eu", state: .failing, former: .up, cause: "refused",
                    duration: .seconds(5)))
        #expect(source.note(.failing, because: "timed out", at: at(6)) == nil)
        let down = source.note(.down, because: "refused", at: at(7))
        #expect(down?.former == .failing)
        #expect(down?.duration == .seconds(2))
        #expect(source.note(.down, because: "refused", at: at(8)) == nil)
        #expect(
            source.note(.up, at: at(67))
                == MemberEvent(member: "eu", state: .up, former: .down, duration: .seconds(60)))
    }

    @Test("A member that is not asked is not merely failing")
    func staysDown() {
        var source = MemberEventSource(member: "eu", at: at(0))
        _ = source.note(.down, because: "refused", at: at(1))
        #expect(source.note(.failing, because: "refused", at: at(2)) == nil)
        #expect(source.state == .down)
    }

    @Test("The circuit's states are the member's")
    func circuit() {
        var breaker = CircuitBreaker()
        #expect(breaker.memberState == .up)
        breaker.record(.failed, wasProbe: false, at: at(0))
        #expect(breaker.memberState == .failing)
        for _ in 1..<breaker.threshold { breaker.record(.failed, wasProbe: false, at: at(0)) }
        #expect(breaker.memberState == .down)
        #expect(breaker.request(at: at(5)) == .probe)
        #expect(breaker.memberState == .down)
        breaker.record(.answered, wasProbe: true, at: at(6))
        #expect(breaker.memberState == .up)
    }

    @Test("A client tells that its member fails, is not asked and is back")
    func client() async throws {
        let isAway = LockedValue(true)
        let events = LockedValue<[MemberEvent]>([])
        try await withClient { _, connection in
            isAway.withLock { $0 } ? false : connection.answer(Answers.vector(Answers.one))
        } configure: {
            $0.onEvent = { event in events.withLock { $0.append(event) } }
        } _: { client, _ in
            for _ in 0..<8 { _ = try? await client.query("up", at: 1_500) }
            isAway.withLock { $0 = false }
            while client.isResting { try await Task.sleep(for: .milliseconds(20)) }
            for _ in 0..<2 { _ = try await client.query("up", at: 1_500).text() }
        }
        let told = events.withLock { $0 }
        #expect(told.map(\.state) == [.failing, .down, .up])
        #expect(told.map(\.member) == ["b", "b", "b"])
        #expect(told.dropLast().allSatisfy { $0.cause != nil })
        #expect(told.last?.cause == nil)
    }
}

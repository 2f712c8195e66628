import GoText
import HTTPTransport
import ScriptedServers
import Testing
import UpstreamSettings

@testable import Upstream

@Suite("Probes of members in the background")
struct MemberProbeTests {
    private static let start = MonotonicInstant.now

    private func at(_ milliseconds: Int) -> MonotonicInstant {
        Self.start.advanced(by: .milliseconds(milliseconds))
    }

    private func due(
        _ schedule: inout ProbeSchedule, _ members: [ProbeSchedule.Member],
        every interval: Duration = .seconds(10), at milliseconds: Int, busy: Set<UInt64> = [],
        most: Int = 32, random: Double = 0.5
    ) -> [Int] {
        schedule.due(
            of: members, every: interval, at: at(milliseconds), busy: busy, most: most
        ) { random }
    }

    // MARK: When

    @Test func `A member is probed within a second, and then once an interval`() {
        var schedule = ProbeSchedule()
        let members = [ProbeSchedule.Member(number: 1)]
        #expect(due(&schedule, members, at: 0) == [])
        #expect(due(&schedule, members, at: 499) == [])
        #expect(due(&schedule, members, at: 500) == [0])
        #expect(due(&schedule, members, at: 10_499) == [])
        #expect(due(&schedule, members, at: 10_500) == [0])
    }

    @Test(arguments: [(0.0, 8_000), (1.0, 12_000)])
    func `An interval is a fifth shorter or longer by chance`(random: Double, length: Int) {
        var schedule = ProbeSchedule()
        let members = [ProbeSchedule.Member(number: 1)]
        _ = due(&schedule, members, at: 0, random: 0)
        #expect(schedule.next == at(8_000))
        #expect(due(&schedule, members, at: 8_000, random: random) == [0])
        #expect(schedule.next == at(8_000 + length))
    }

    @Test func `A member that just answered a client is left alone`() {
        var schedule = ProbeSchedule()
        _ = due(&schedule, [.init(number: 1)], at: 0, random: 0)
        let asked = [ProbeSchedule.Member(number: 1, lastAnswer: at(7_000))]
        #expect(due(&schedule, asked, at: 8_000) == [])
        #expect(due(&schedule, asked, at: 16_999) == [])
        #expect(due(&schedule, asked, at: 17_000) == [0])
    }

    @Test func `A probe that is under way is not sent twice, and no more than so many are`() {
        var schedule = ProbeSchedule()
        let members = [1, 2, 3].map { ProbeSchedule.Member(number: $0) }
        _ = due(&schedule, members, at: 0, most: 0)
        #expect(due(&schedule, members, at: 2_000, busy: [1], most: 1) == [1])
        #expect(due(&schedule, members, at: 2_001, busy: [1, 2], most: 1) == [2])
        #expect(due(&schedule, members, at: 2_002, busy: [2, 3], most: 1) == [0])
    }

    @Test func `Without an interval nothing is probed, and a shorter one holds at once`() {
        var schedule = ProbeSchedule()
        let members = [ProbeSchedule.Member(number: 1)]
        #expect(due(&schedule, members, every: .zero, at: 0) == [])
        #expect(schedule.next == nil)
        #expect(due(&schedule, members, at: 500) == [])
        #expect(due(&schedule, members, at: 1_000) == [0])
        #expect(due(&schedule, members, every: .seconds(1), at: 1_001) == [])
        #expect(due(&schedule, members, every: .seconds(1), at: 2_001) == [0])
        #expect(due(&schedule, [], every: .seconds(1), at: 2_002) == [])
        #expect(schedule.next == nil)
    }

    // MARK: What they find

    @Test func `A member goes and comes back without any query of a client`() async throws {
        let isAway = LockedValue(false)
        let events = LockedValue<[MemberEvent]>([])
        try await withClient { _, connection in
            isAway.withLock { $0 }
                ? connection.answer("gone", status: "503 Service Unavailable")
                : connection.answer(Answers.vector(""))
        } configure: {
            $0.onEvent = { event in events.withLock { $0.append(event) } }
        } _: { client, server in
            #expect(client.health.presence.state == .unknown)
            let first = await client.probe()
            #expect(first.state == .up)
            #expect(first.lastSuccess != nil && first.since != nil && first.cause == nil)
            #expect(server.requests.last?.body.hasPrefix("query=vector") == true)

            isAway.withLock { $0 = true }
            let second = await client.probe()
            #expect(second.state == .down)
            #expect(second.cause == "HTTP status 503: \"gone\"")
            #expect(second.lastSuccess == first.lastSuccess)
            let third = await client.probe()
            #expect(third == second)

            isAway.withLock { $0 = false }
            let back = await client.probe()
            #expect(back.state == .up && back.cause == nil)
            let health = client.health
            #expect(health.probesAnswered == 2 && health.probesFailed == 2)
            #expect(health.lastFailure?.text == "HTTP status 503: \"gone\"")
        }
        #expect(events.withLock { $0 }.map(\.state) == [.down, .up])
    }

    @Test func `Probes that fail count as no query, and open no circuit`() async throws {
        try await withClient { _, connection in
            connection.answer("gone", status: "503 Service Unavailable")
        } _: { client, _ in
            for _ in 0..<8 { await client.probe() }
            let health = client.health
            #expect(health.circuit == .closed)
            #expect(health.requests == 0 && health.failures == 0 && health.latency == nil)
            #expect(client.lastFailure == nil)
        }
    }

    @Test func `A member that answers probes and fails queries stays left alone`() async throws {
        try await withClient { request, connection in
            request.body.hasPrefix("query=vector")
                ? connection.answer(Answers.vector(""))
                : connection.answer("broken", status: "500 Internal Server Error")
        } _: { client, _ in
            while client.health.circuit != .open { _ = try? await client.query("up", at: 1_500) }
            #expect(client.health.presence.state == .down)
            #expect(await client.probe().state == .up)
            // The circuit is not closed, but its pause is over.
            #expect(client.health.circuit == .open)
            #expect(!client.isResting)
            _ = try? await client.query("up", at: 1_500)
            #expect(client.health.circuit == .open)
            #expect(client.isResting)
        }
    }

    @Test func `A probe takes none of the member's places`() async throws {
        let isHeld = LockedValue(true)
        let arrived = Counter()
        try await withClient { request, connection in
            if request.body.hasPrefix("query=vector") {
                return connection.answer(Answers.vector(""))
            }
            arrived.add(1)
            while isHeld.withLock({ $0 }) { connection.pause(milliseconds: 5) }
            return connection.answer(Answers.vector(Answers.one))
        } source: {
            $0.maxConcurrency = 1
        } _: { client, _ in
            let question = Task { try await client.query("up", at: 1_500).text() }
            #expect(await arrived.reaches(1))
            #expect(await client.probe().state == .up)
            isHeld.withLock { $0 = false }
            _ = try await question.value
        }
    }

    @Test(arguments: [401, 403])
    func `Refused credentials are a member that is down, unless clients bring their own`(
        status: Int
    ) async throws {
        for forwarded in [[], ["X-Scope-OrgID"]] {
            try await withClient { _, connection in
                connection.answer("no", status: "\(status) No")
            } source: {
                $0.forwardHeaders = forwarded
            } _: { client, _ in
                let found = await client.probe()
                #expect(found.state == (forwarded.isEmpty ? .down : .up))
            }
        }
    }

    @Test func `Background probes find every member, and end when they are told to`() async throws {
        try await withClient { _, connection in
            connection.answer(Answers.vector(""))
        } _: { client, server in
            let probes = BackgroundProbes {
                .init(members: [client, client], interval: .milliseconds(100))
            }
            let task = Task { await probes.run() }
            while client.health.probesAnswered < 3 { try await Task.sleep(for: .milliseconds(10)) }
            task.cancel()
            await task.value
            #expect(client.health.presence.state == .up)
            #expect(server.requests.count == client.health.probesAnswered)
        }
    }
}

import GoText
import Testing

@testable import HTTPTransport

/// Deadlines, lanes and targets, which are values.
@Suite struct TransferQueueTests {
    @Test("Deadlines come out in order, and not before their time")
    func deadlines() {
        var queue = DeadlineQueue()
        #expect(queue.nearest == .never)
        let times = (0..<200).map { MonotonicInstant(.milliseconds($0 * 7919 % 503)) }
        for (id, time) in times.enumerated() { queue.add(UInt64(id), at: time) }
        queue.add(999, at: .never)
        #expect(queue.nearest == times.min())
        var found: [MonotonicInstant] = []
        for now in (0...503).map({ MonotonicInstant(.milliseconds($0)) }) {
            while let id = queue.popPassed(at: now) {
                #expect(times[Int(id)] == now)
                found.append(now)
            }
        }
        #expect(found == times.sorted())
        #expect(queue.nearest == .never)
    }

    @Test("A lane lets in as many as it is wide, in order")
    func lane() {
        var lane = HostConnectionLimiter()
        #expect((1...5).map { lane.enter($0, width: 2) } == [true, true, false, false, false])
        lane.forget(4)
        #expect(lane.leave() == 3)
        #expect(lane.leave() == 5)
        #expect(lane.leave() == nil)
        #expect(lane.running == 1)
        #expect(lane.leave() == nil)
        #expect(lane.isIdle)
    }

    @Test("Another name than the URL's is put where the certificate is checked")
    func serverNames() {
        for (url, name, expected, route, host) in [
            (
                "https://10.0.0.1:9090/p?q", "prom.example", "https://prom.example:9090/p?q",
                "prom.example:9090:10.0.0.1:9090", "10.0.0.1:9090"
            ),
            (
                "https://[fd00::1]/p", "prom", "https://prom:443/p", "prom:443:[fd00::1]:443",
                "[fd00::1]"
            ),
            ("http://a/p", "prom", "http://a/p", nil, nil),
            ("https://a/p", nil, "https://a/p", nil, nil),
        ] as [(String, String?, String, String?, String?)] {
            let target = ConnectionTarget(url: url, serverName: name)
            #expect(target.url == expected)
            #expect(target.route == route)
            #expect(target.hostField == host)
        }
    }
}

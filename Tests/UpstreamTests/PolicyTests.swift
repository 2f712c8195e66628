import GoText
import HTTPTransport
import PrometheusWire
import Testing
import UpstreamSettings

@testable import Upstream

@Suite struct PolicyTests {
    enum Step {
        case request(Int, CircuitBreaker.Action)
        case record(CircuitBreaker.Outcome, Bool, Int)
    }

    @Test("The breaker opens after failures in a row, probes after a pause, and doubles the pause")
    func breaker() {
        let opened: [Step] =
            (0..<5).flatMap { index -> [Step] in
                [.request(index, .ask), .record(.failed, false, index)]
            } + [.request(5, .refuse(retryIn: .milliseconds(999)))]
        let tables: [[Step]] = [
            // One answer between failures starts the count again.
            (0..<20).map { .record($0 % 5 == 4 ? .answered : .failed, false, 0) }
                + [.request(0, .ask)],
            opened + [
                .request(1004, .probe), .request(1005, .wait),
                .record(.failed, true, 1010), .request(1011, .refuse(retryIn: .milliseconds(1999))),
                .request(3010, .probe), .record(.failed, true, 3010),
                .request(3011, .refuse(retryIn: .milliseconds(3999))),
                .request(7010, .probe), .record(.answered, true, 7020), .request(7020, .ask),
            ],
            // A probe whose caller went away is followed by another.
            opened + [
                .request(2000, .probe), .record(.undecided, true, 2001), .request(2001, .probe),
            ],
            // Requests from before it opened: one that was answered closes it.
            opened + [
                .record(.failed, false, 6), .request(7, .refuse(retryIn: .milliseconds(997))),
                .record(.undecided, false, 7), .record(.answered, false, 8), .request(8, .ask),
            ],
        ]
        for (number, steps) in tables.enumerated() {
            var breaker = CircuitBreaker()
            for (index, step) in steps.enumerated() {
                switch step {
                case .request(let time, let action):
                    #expect(
                        breaker.request(at: .after(time)) == action,
                        "table \(number), step \(index)")
                case .record(let outcome, let wasProbe, let time):
                    breaker.record(outcome, wasProbe: wasProbe, at: .after(time))
                }
            }
        }
    }

    @Test("The pause of the breaker ends at half a minute")
    func longestPause() {
        var breaker = CircuitBreaker()
        for _ in 0..<5 { breaker.record(.failed, wasProbe: false, at: .after(0)) }
        var now = MonotonicInstant.after(0)
        var pauses: [Duration] = []
        for _ in 0..<30 {
            guard case .refuse(let pause) = breaker.request(at: now) else {
                Issue.record("not open")
                return
            }
            pauses.append(pause)
            now = now.advanced(by: pause)
            #expect(breaker.request(at: now) == .probe)
            breaker.record(.failed, wasProbe: true, at: now)
        }
        #expect(Array(pauses.prefix(6)) == [1, 2, 4, 8, 16, 30].map { Duration.seconds($0) })
        #expect(pauses.allSatisfy { $0 <= .seconds(30) })
    }

    @Test("Only what was not answered is tried again, once, and only when there is time")
    func retries() {
        let policy = RetryPolicy()
        let refused = UpstreamError.Kind.connect("connection refused")
        for (kind, attempts, remaining, expected) in [
            (refused, 1, 1000, RetryPolicy.Action.retry(after: .milliseconds(15))),
            (refused, 2, 1000, .giveUp),
            (refused, 1, 10, .giveUp),
            (.broken("x"), 1, 1000, .retry(after: .milliseconds(15))),
            (.timeout, 1, 1000, .giveUp),
            (.tls("x"), 1, 1000, .giveUp),
            (.http(status: 503, .other("")), 1, 1000, .giveUp),
            (.rejectedQuery(status: 400, errorType: "", text: ""), 1, 1000, .giveUp),
            (.cancelled, 1, 1000, .giveUp),
        ] as [(UpstreamError.Kind, Int, Int, RetryPolicy.Action)] {
            let action = policy.action(
                after: kind, attempts: attempts, remaining: .milliseconds(remaining),
                random: 0.5)
            #expect(action == expected, "\(kind)")
        }
    }

    @Test("On loopback nothing is compressed")
    func loopback() throws {
        for (url, isLocal) in [
            ("http://localhost:9090", true), ("http://127.0.0.1/x", true), ("http://[::1]:1", true),
            ("http://prometheus:9090", false), ("http://10.0.0.1:9090/127.0.0.1", false),
        ] {
            #expect(try ServerURL(url).isLoopback == isLocal, "\(url)")
        }
        var policy = EncodingPolicy(isOnLoopback: true)
        for _ in 0..<100 {
            #expect(policy.choice == .identity)
            policy.observe(.identity, bytes: 1 << 20, over: .milliseconds(1))
        }
    }

    @Test(
        "The quicker encoding is found, and the other tried ever more rarely",
        arguments: [(identity: 1e9, gzip: 2e8), (identity: 5e6, gzip: 4e7)])
    func encodings(rates: (identity: Double, gzip: Double)) {
        var policy = EncodingPolicy(isOnLoopback: false)
        let best: EncodingPolicy.Encoding = rates.identity > rates.gzip ? .identity : .gzip
        var wrong = 0
        for index in 0..<1000 {
            let choice = policy.choice
            if index >= 10, choice != best { wrong += 1 }
            let rate = choice == .gzip ? rates.gzip : rates.identity
            policy.observe(choice, bytes: 1 << 20, over: .seconds(1_048_576 / rate))
            // Small answers change nothing.
            let before = policy
            policy.observe(choice, bytes: 1000, over: .nanoseconds(1))
            #expect(policy == before)
        }
        #expect(policy.favourite == best)
        #expect((1...8).contains(wrong))
    }

    @Test("Versions decide about ranges; the unknown is taken for current")
    func versions() {
        for (version, boundary) in [
            ("2.42.0", UpstreamCapabilities.RangeBoundary.closed), ("v2.55.1+ds", .closed),
            ("3.0.0-rc.0", .leftOpen), ("3.14.1", .leftOpen), ("", .leftOpen), (nil, .leftOpen),
        ] as [(String?, UpstreamCapabilities.RangeBoundary)] {
            #expect(UpstreamCapabilities(version: version).rangeBoundary == boundary)
        }
    }

    @Test("Capabilities are asked for once, then refreshed while the old ones serve")
    func capabilityCache() {
        var cache = CapabilityCache()
        let known = UpstreamCapabilities(version: "3.1.0")
        #expect(cache.action(at: .after(0)) == .ask)
        #expect(cache.action(at: .after(1)) == .wait)
        cache.learned(.silence, at: .after(2))
        #expect(cache.action(at: .after(3)) == .use(UpstreamCapabilities()))
        // What was never answered is asked anew, and waited for: the member may be back.
        #expect(cache.action(at: .after(1_002)) == .ask)
        #expect(cache.action(at: .after(1_003)) == .wait)
        cache.learned(.told(known), at: .after(10_003))
        #expect(cache.action(at: .after(310_002)) == .use(known))
        #expect(cache.action(at: .after(310_003)) == .useAndRefresh(known))
        #expect(cache.action(at: .after(310_004)) == .use(known))
        cache.learned(.silence, at: .after(310_005))
        #expect(cache.action(at: .after(310_006)) == .use(known))
    }

    @Test("Parameters, paths and credentials are spelled as their standards say")
    func spelling() {
        var parameters = Parameters()
        parameters.add("query", "a{b=~\"x+ y&é\"}")
        parameters.add("time", time: 1_500)
        parameters.add("start", time: -1_500)
        parameters.add("end", time: nil)
        parameters.add("step", duration: 15_000)
        #expect(
            String(decoding: parameters.encoded, as: UTF8.self)
                == "query=a%7Bb%3D~%22x%2B%20y%26%C3%A9%22%7D&time=1.500&start=-1.500&step=15")
        for (name, segment) in [
            ("job", "job"), ("__name__", "__name__"), ("a.b_c", "U__a_2e_b__c"), ("9", "U__9"),
            ("é", "U___e9_"), ("", "U__"),
        ] {
            #expect(LabelNamePath.segment(name) == segment)
        }
        for (password, value) in [
            ("", "Basic dTo="), ("p", "Basic dTpw"), ("pp", "Basic dTpwcA=="),
            ("ppp", "Basic dTpwcHA="),
        ] {
            #expect(BasicCredentials.value(user: "u", password: password) == value)
        }
    }

    @Test("Failures read as a sentence, and become the error they are")
    func failures() {
        for (kind, attempts, text, effort, type) in [
            (
                .connect("connection refused"), 2,
                "connection refused", " after 2 attempts in 12 ms", "unavailable"
            ),
            (.timeout, 1, "timed out", " after 12 ms", "timeout"),
            (
                .http(status: 502, .other("")), 1, "HTTP status 502", " after 12 ms",
                "unavailable"
            ),
            (
                .rejectedQuery(status: 422, errorType: "execution", text: "many-to-many"), 1,
                "many-to-many", "", "execution"
            ),
            (
                .rejectedQuery(status: 400, errorType: "bad_data", text: "x"), 1,
                "x", "", "bad_data"
            ),
            (.limit("too much"), 1, "too much", " after 12 ms", "execution"),
            (.unavailable("down"), 0, "down", "", "unavailable"),
            (.cancelled, 1, "context canceled", "", "canceled"),
        ] as [(UpstreamError.Kind, Int, String, String, String)] {
            let failure = UpstreamError(
                member: "b", kind: kind, attempts: attempts, elapsed: .milliseconds(12))
            #expect(failure.description == "project \"b\": \(text)")
            #expect(failure.detailedCause == text + effort)
            #expect(failure.apiError.kind.rawValue == type)
        }
    }

    @Test("Secrets do not show themselves")
    func secrets() throws {
        let source = PrometheusSource(
            url: try ServerURL("http://a"),
            credentials: .basic(username: "u", password: Secret("hunter2")),
            headers: [NamedSecret(name: "X", value: Secret("hunter2"))])
        let configuration = UpstreamConfiguration(name: "a", source: .prometheus(source))
        var dumped = "\(configuration) \(String(reflecting: configuration))"
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect(dumped.contains("<redacted>"))
    }
}

extension MonotonicInstant {
    /// So many milliseconds after the clock began.
    static func after(_ milliseconds: Int) -> MonotonicInstant {
        MonotonicInstant(.milliseconds(milliseconds))
    }
}

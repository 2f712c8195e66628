import Foundation
import LogQL
import TestSupport
import Testing
import TimeSeries

@Suite struct ParseTests {
    /// Queries that a real Loki took, one a line, with `\n` for line breaks and `\\` for backslashes.
    static let recorded: [String] = {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/queries.txt")
        let text = (try? String(contentsOf: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map {
            $0.replacingOccurrences(of: "\\\\", with: "\u{1}")
                .replacingOccurrences(of: "\\n", with: "\n")
                .replacingOccurrences(of: "\u{1}", with: "\\")
        }
    }()

    @Test func `there are recorded queries`() { #expect(Self.recorded.count > 100) }

    @Test(arguments: recorded)
    func `what a real Loki takes is taken, and reads back from its print`(_ text: String) throws {
        let query = try LogQLQuery(text)
        let again = try LogQLQuery(query.description)
        #expect(again == query)
        #expect(again.description == query.description)
    }

    @Test(arguments: 0..<8)
    func `generated queries read back from their print`(_ seed: UInt64) throws {
        var generator = LogQueryGenerator(seed: seed, members: ["prod-a", "prod-b"])
        for round in 0..<250 {
            let text = round % 3 == 0 ? generator.lines() : generator.numbers(round % 4)
            let query = try LogQLQuery(text)
            #expect(try LogQLQuery(query.description) == query, "\(text)")
        }
    }

    static let canonical: [(text: String, canonical: String)] = [
        (
            #"{ app = "x" , env=~`a\d` }|json|level="e""#,
            #"{app="x", env=~"a\\d"} | json | level="e""#
        ),
        (#"{a="b"} | x="1" or y="2", z="3""#, #"{a="b"} | (x="1" or (y="2" and z="3"))"#),
        (#"{a="b"} | x="1", y="2" or z="3""#, #"{a="b"} | (x="1" and (y="2" or z="3"))"#),
        (#"{a="b"} | x="1" or y="2" and z="3""#, #"{a="b"} | (x="1" or (y="2" and z="3"))"#),
        (#"{a="b"} | x="1" and y="2" or z="3""#, #"{a="b"} | ((x="1" and y="2") or z="3")"#),
        (#"{a="b"} | x="1" y="2""#, #"{a="b"} | (x="1" and y="2")"#),
        (#"{a="b"} # rest | json"#, #"{a="b"}"#),
        ("{a=\"b\"} // c\n /* d */ | json", #"{a="b"} | json"#),
        (#"SUM(rate({sum="b"}[60s]))"#, #"sum(rate({sum="b"} [1m]))"#),
        (#"rate({a="b"}[1d] offset -24h |= "x")"#, #"rate({a="b"} |= "x" [1d] offset -86400s)"#),
        (#"rate(({a="b"} | json)[5m])"#, #"rate({a="b"} | json [5m])"#),
        (
            #"sum_over_time({a="b"}[5m] | json | unwrap bytes(z))"#,
            #"sum_over_time({a="b"} | json | unwrap bytes(z) [5m])"#
        ),
        ("1 + 2 * 3 ^ 2 ^ 0", "7"), ("-2 ^ 2", "4"), ("1 > bool 2", "0"),
        ("vector(1) - vector(2) - vector(3)", "(vector(1) - vector(2)) - vector(3)"),
        ("vector(1) ^ vector(2) ^ vector(3)", "vector(1) ^ (vector(2) ^ vector(3))"),
        (
            "vector(1) > bool on (a, b) group_left vector(2)",
            "vector(1) > bool on (a, b) group_left () vector(2)"
        ),
    ]

    @Test(arguments: canonical)
    func `is printed in one form`(_ text: String, _ canonical: String) throws {
        #expect(try LogQLQuery(text).description == canonical)
    }

    @Test func `a number by zero is not a number`() throws {
        for text in ["1 / 0", "1 % 0"] {
            guard case .metric(.literal(let number)) = try LogQLQuery(text) else {
                Issue.record("\(text) is no number")
                continue
            }
            #expect(number.value.isNaN)
        }
    }

    @Test func `trees of the greatest height are walked on a small stack`() throws {
        let levels = LogQLQuery.maximumDepth - 5
        let text =
            String(repeating: "sum(", count: levels) + #"rate({a="b"}[1m])"#
            + String(repeating: ")", count: levels)
        let wide = Array(repeating: #"rate({a="b"}[1m])"#, count: 90).joined(separator: " or ")
        let filter = Array(repeating: #"x="1""#, count: 249).joined(separator: " or ")
        for query in [text, wide, "{a=\"b\"} | \(filter)"] {
            let failures = LockedCount()
            let thread = Thread {
                guard let parsed = try? LogQLQuery(query) else { return failures.add() }
                let scope = LogScope(members: [LogMember("a"), LogMember("b")])
                switch parsed {
                case .log(let log): if (try? scope.plan(log)) == nil { failures.add() }
                case .metric(let metric):
                    guard let plan = try? scope.plan(metric) else { return failures.add() }
                    let answers = plan.fetches.map { _ in [StepSeries]() }
                    if (try? plan.value(on: 1, of: answers)) == nil { failures.add() }
                }
                failures.finish()
            }
            thread.stackSize = 4 << 20
            thread.start()
            failures.wait()
            #expect(failures.count == 0, "\(query.prefix(40))")
        }
    }
}

/// Counts on one thread what another one waits for.
///
/// `@unchecked Sendable`: the condition guards what changes.
private final class LockedCount: @unchecked Sendable {
    private let condition = NSCondition()
    private var isFinished = false
    private(set) var count = 0

    func add() {
        condition.withLock {
            count += 1
            isFinished = true
            condition.signal()
        }
    }

    func finish() {
        condition.withLock {
            isFinished = true
            condition.signal()
        }
    }

    func wait() { condition.withLock { while !isFinished { condition.wait() } } }
}

import Foundation
import GoText
import PrometheusWire
import Testing
import TimeSeries

@testable import LokiWire

@Suite("A tail gives each line once, in order, as soon as all members have said theirs")
struct TailTests {
    private let second = Int64(1_000_000_000)

    private func parameters(
        start: Int64, limit: Int = 100, delay: Int = 0
    ) throws -> TailParameters {
        try TailParameters(
            ParameterReader {
                ["start": "\(start)", "limit": "\(limit)", "delay_for": "\(delay)"][$0]
            }, now: LogTime(nanoseconds: start))
    }

    /// An answer with lines of one stream, in the direction of the question.
    private func answer(
        _ question: TailMerge.Question, _ lines: [(Int64, String)]
    ) throws -> [LinePage] {
        let inside = lines.filter {
            $0.0 >= question.bounds.start.nanoseconds && $0.0 < question.bounds.end.nanoseconds
        }.sorted { question.direction == .forward ? $0.0 < $1.0 : $0.0 > $1.0 }
        let values = inside.prefix(question.limit).map { "[\"\($0.0)\",\"\($0.1)\"]" }
        let body =
            #"{"data":{"result":[{"stream":{"app":"x"},"values":["#
            + values.joined(separator: ",") + "]}]}}"
        return try readLines(Array(body.utf8)).pages
    }

    private func lines(_ frame: [UInt8]?) throws -> [String] {
        guard let frame else { return [] }
        return try JSONValue(parsing: frame)["streams"]?.items.map {
            ($0["stream"]?["project"]?.text ?? "-") + " "
                + ($0["values"]?.items.first?.items.last?.text ?? "")
        } ?? []
    }

    private func ask(
        _ tail: inout TailMerge, _ member: Int, at now: LogTime
    ) throws -> TailMerge.Question {
        let question = tail.question(to: member, at: now)
        return try #require(question)
    }

    private func isAsked(_ tail: inout TailMerge, _ member: Int, at now: LogTime) -> Bool {
        tail.question(to: member, at: now) != nil
    }

    private func all(_ tail: inout TailMerge) throws -> [String] {
        var found: [String] = []
        while let frame = tail.frame() { found += try lines(frame) }
        return found
    }

    @Test("The past comes in one frame as the union's, of all members together")
    func recordedPast() throws {
        struct Tail: Decodable {
            struct Response: Decodable {
                struct Frame: Decodable {
                    var data: String?
                }
                var frames: [Frame]?
            }
            var id: String
            var response: Response
        }
        let tails = try Recordings.file("tail.jsonl").split(separator: 0x0A).map {
            try JSONDecoder().decode(Tail.self, from: Data($0))
        }
        let union = try #require(tails.first { $0.id == "tail-x-union" })
        let expected = try #require(union.response.frames?.first?.data)
        let start = Int64(1_795_734_000) * second
        var tail = TailMerge(
            members: Recordings.injections, parameters: try parameters(start: start, limit: 4),
            options: .init(isCategorized: false), now: Recordings.now)
        for (member, recording) in try Recordings.members("log-x-limit4-backward").enumerated() {
            let question = try ask(&tail, member, at: Recordings.now)
            #expect(question.direction == .backward)
            #expect(question.limit == 4)
            #expect(question.bounds.end == Recordings.now - .seconds(1))
            let isAskedTwice = isAsked(&tail, member, at: Recordings.now)
            #expect(!isAskedTwice)
            let early = tail.frame()
            #expect(early == nil)
            tail.add(try readLines(recording.bytes).pages, of: member)
        }
        let frames = [tail.frame(), tail.frame()]
        #expect(frames[0].map { String(decoding: $0, as: UTF8.self) } == expected)
        #expect(frames[1] == nil)
        #expect(tail.heldBytes == 0)
    }

    @Test("With categories, the third part of lines and the flag are there")
    func categories() throws {
        let start = Int64(1_795_734_000) * second
        var tail = TailMerge(
            members: [Recordings.injections[0]], parameters: try parameters(start: start),
            options: .init(isCategorized: true), now: Recordings.now)
        _ = tail.question(to: 0, at: Recordings.now)
        tail.add(try readLines(try Recordings.members("log-meta-cat")[0].bytes).pages, of: 0)
        let text = String(decoding: tail.frame() ?? [], as: UTF8.self)
        #expect(text.hasSuffix(#"],"encodingFlags":["categorize-labels"]}"#))
        #expect(text.contains(#""project_extracted":"own-0""#))
        #expect(text.contains(#""project":"prod-a""#))
    }

    @Test("Windows follow one another, and lines that come late within the delay are among them")
    func windows() throws {
        let start = 1000 * second
        var tail = TailMerge(
            members: [.none], parameters: try parameters(start: start, delay: 2),
            options: .init(isCategorized: false), now: LogTime(nanoseconds: start))
        // Nothing is old enough yet.
        let isEarly = isAsked(&tail, 0, at: LogTime(nanoseconds: start + 3 * second))
        #expect(!isEarly)
        var lines = [(start + 100, "a")]
        var found: [String] = []
        var ends: [Int64] = []
        for step in 4..<10 {
            // Two seconds late.
            lines.append((start + Int64(step - 2) * second, "b\(step)"))
            let now = LogTime(nanoseconds: start + Int64(step) * second)
            let question = try ask(&tail, 0, at: now)
            #expect(question.bounds.start.nanoseconds == ends.last ?? start)
            ends.append(question.bounds.end.nanoseconds)
            #expect(question.bounds.end == now - .seconds(3))
            tail.add(try answer(question, lines), of: 0)
            found += try all(&tail)
        }
        #expect(found == ["- a", "- b4", "- b5", "- b6", "- b7"])
    }

    @Test("Lines of several members are given in order of time, as far as all have answered")
    func order() throws {
        let start = 1000 * second
        var tail = TailMerge(
            members: Recordings.injections, parameters: try parameters(start: start),
            options: .init(isCategorized: false), now: LogTime(nanoseconds: start))
        let now = LogTime(nanoseconds: start + 10 * second)
        let first = try ask(&tail, 0, at: now)
        let second = try ask(&tail, 1, at: now)
        tail.add(try answer(first, [(start + 1, "a1"), (start + 3, "a3")]), of: 0)
        let early = tail.frame()
        #expect(early == nil)
        tail.add(try answer(second, [(start + 2, "b2"), (start + 3, "b3")]), of: 1)
        let given = try all(&tail)
        #expect(given == ["prod-a a1", "prod-b b2", "prod-a a3", "prod-b b3"])
    }

    @Test("A member that fails holds up none of the others, and is asked for the same again")
    func failure() throws {
        let start = 1000 * second
        var tail = TailMerge(
            members: Recordings.injections, parameters: try parameters(start: start),
            options: .init(isCategorized: false), now: LogTime(nanoseconds: start))
        let now = LogTime(nanoseconds: start + 10 * second)
        let first = try ask(&tail, 0, at: now)
        let lost = try ask(&tail, 1, at: now)
        tail.fail(1)
        tail.add(try answer(first, [(start + 5, "a")]), of: 0)
        let given = try all(&tail)
        #expect(given == ["prod-a a"])
        let again = try ask(&tail, 1, at: now + .seconds(1))
        #expect(again.bounds.start == lost.bounds.start)
        tail.add(try answer(again, [(start + 2, "b")]), of: 1)
        let late = try all(&tail)
        #expect(late == ["prod-b b"])
    }

    @Test("More lines than a question gives are asked for from the last one on, each once")
    func full() throws {
        let start = 1000 * second
        let lines = [1, 2, 2, 2, 3, 4, 4].enumerated().map { (start + Int64($1), "l\($0)") }
        var tail = TailMerge(
            members: [.none], parameters: try parameters(start: start),
            options: .init(isCategorized: false, linesOfQuestion: 4),
            now: LogTime(nanoseconds: start))
        let now = LogTime(nanoseconds: start + 10 * second)
        var found: [String] = []
        var questions = 0
        while let question = tail.question(to: 0, at: now) {
            tail.add(try answer(question, lines), of: 0)
            found += try all(&tail)
            questions += 1
            try #require(questions < 10)
        }
        #expect(found == lines.map { "- " + $0.1 })
    }

    @Test("A nanosecond with more lines than a question gives does not stop the tail")
    func stuck() throws {
        let start = 1000 * second
        let lines = (0..<9).map { (start + 1, "l\($0)") } + [(start + 2, "last")]
        var tail = TailMerge(
            members: [.none], parameters: try parameters(start: start),
            options: .init(isCategorized: false, linesOfQuestion: 4),
            now: LogTime(nanoseconds: start))
        let now = LogTime(nanoseconds: start + 10 * second)
        var found: [String] = []
        var questions = 0
        while let question = tail.question(to: 0, at: now) {
            tail.add(try answer(question, lines), of: 0)
            found += try all(&tail)
            questions += 1
            try #require(questions < 10)
        }
        #expect(found == ["- l0", "- l1", "- l2", "- l3", "- last"])
    }

    @Test("A member far ahead of another is not asked while too much is held")
    func heldBack() throws {
        let start = 1000 * second
        var tail = TailMerge(
            members: Recordings.injections, parameters: try parameters(start: start),
            options: .init(isCategorized: false, maximumBytes: 100),
            now: LogTime(nanoseconds: start))
        let now = LogTime(nanoseconds: start + 10 * second)
        let first = try ask(&tail, 0, at: now)
        let slow = try ask(&tail, 1, at: now)
        let lines = (0..<10).map { (start + Int64($0), "l\($0)") }
        tail.add(try answer(first, lines), of: 0)
        #expect(tail.heldBytes > 100)
        let isAhead = isAsked(&tail, 0, at: now + .seconds(5))
        #expect(!isAhead)
        tail.add(try answer(slow, []), of: 1)
        let given = try all(&tail)
        #expect(given.count == 10)
        let isAskedAgain = isAsked(&tail, 0, at: now + .seconds(5))
        #expect(isAskedAgain)
    }
}

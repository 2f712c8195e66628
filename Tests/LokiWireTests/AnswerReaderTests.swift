import GoText
import PrometheusWire
import TestSupport
import Testing
import TimeSeries

@testable import LokiWire

@Suite("Answers are read as they arrive")
struct AnswerReaderTests {
    private func failure(_ text: String, inPiecesOf size: Int = 7) -> LokiAnswerError? {
        do {
            _ = try readLines(Array(text.utf8), inPiecesOf: size)
        } catch {
            return error as? LokiAnswerError
        }
        return nil
    }

    /// The lines as text, to compare.
    private func lines(_ pages: [LinePage]) -> [String] {
        pages.flatMap { page in
            page.entries.map { entry in
                let sets = page.labelSets(entry.labels)
                return "\(entry.stream) \(entry.time) "
                    + String(decoding: page.line(entry), as: UTF8.self)
                    + " \(sets.metadata.quotedText) \(sets.parsed.quotedText)"
            }
        }
    }

    @Test(
        "It does not matter where an answer is split",
        arguments: ["log-text-cat", "log-bad-json-cat", "log-meta-flat", "log-cat-empty"])
    func splits(_ id: String) throws {
        let body = try Recordings.union(id).bytes
        let whole = try readLines(body, inPiecesOf: body.count)
        #expect(whole.trailer.isCategorized == id.contains("cat"))
        for size in 1...64 {
            let split = try readLines(body, inPiecesOf: size)
            #expect(lines(split.pages) == lines(whole.pages))
            #expect(split.pages.flatMap(\.streams) == whole.pages.flatMap(\.streams))
            #expect(split.trailer == whole.trailer)
        }
    }

    @Test("Half an answer is incomplete, wherever it ends")
    func halves() throws {
        let body = try Recordings.union("log-meta-cat").bytes
        // The last byte ends the line.
        for count in 0..<(body.count - 1) {
            #expect(throws: LokiAnswerError.incomplete, "\(count)") {
                _ = try readLines(Array(body[..<count]), inPiecesOf: 512)
            }
        }
    }

    @Test("Fields in any order, unknown ones, white space, null and other spellings")
    func tolerance() throws {
        let text = #"""
             { "new": {"a":[1,{"b":null}]}, "data" : { "stats": {"x":1}, "result": [
               {"values": [["1", "a\/b\u0041\u003c<\u00e9", {"parsed":{"z":"1","a":"\u0032"},"other":[1],"structuredMetadata":{}}], [ "2" , "c", null ] ],
                "more": 1.5e3, "stream": {"b":"2", "a":"1"}},
               {"stream":{},"values":null}
             ], "encodingFlags": ["x","categorize-labels"], "resultType": "streams" },
               "warnings": ["w1", ""], "status": "success"}
            """#
        for size in [1, 3, 1000] {
            let (pages, trailer) = try readLines(Array(text.utf8), inPiecesOf: size)
            #expect(
                lines(pages) == [
                    #"1 1 a/bA\u003c\u003cé {} {a="2", z="1"}"#, "1 2 c {} {}",
                ])
            #expect(
                pages.flatMap(\.streams).map(\.labels) == [
                    LabelSet(["a": "1", "b": "2"]), .empty,
                ])
            #expect(trailer.isCategorized)
            #expect(trailer.warnings == ["w1"])
            #expect(trailer.statistics != nil)
        }
    }

    @Test("Bytes that are no UTF-8 become U+FFFD, as in Loki's answers")
    func invalidText() throws {
        let body =
            Array(#"{"data":{"result":[{"stream":{"a":"b"},"values":[["1","x"#.utf8) + [0xFF, 0xC3]
            + Array(#"y"]]}]}}"#.utf8)
        let (pages, trailer) = try readLines(body)
        #expect(lines(pages) == [#"1 1 x\ufffd\ufffdy {} {}"#])
        #expect(trailer.resultType == .streams)
    }

    @Test(
        "What is no answer of Loki's is refused, and says why",
        arguments: [
            ("<!DOCTYPE html><html>", LokiAnswerError.notLoki("it sent HTML")),
            ("404 page not found", .notLoki("it sent something else than a JSON object")),
            ("", .incomplete),
            ("{}", .malformed("no result")),
            (#"{"status":"success","data":null}"#, .malformed("no result")),
            (#"{"status":"error","error":"too many"}"#, .refused("too many")),
            (
                #"{"status":"strange","data":{"resultType":"streams"}}"#,
                .refused("its status is strange")
            ),
            (#"{"data":{"resultType":"matrix","result":[]}}"#, .unexpectedType("matrix")),
            (#"{"data":{"resultType":"new","result":[]}}"#, .malformed(#"a result of type "new""#)),
            (
                #"{"data":{"result":[{"values":[["1","a"]]}]}}"#,
                .malformed("an element of the result without labels")
            ),
            (
                #"{"data":{"result":[{"stream":{},"values":[["x","a"]]}]}}"#,
                .malformed(#"a line at "x""#)
            ),
            (
                #"{"data":{"result":[{"stream":{},"values":[[1,"2"]]}]}}"#,
                .malformed("streams and series in one result")
            ),
            (#"{"data":{"result":[]}}{"#, .malformed("something follows the answer")),
        ])
    func faults(_ text: String, _ error: LokiAnswerError) {
        for size in [1, 1000] { #expect(failure(text, inPiecesOf: size) == error) }
    }

    @Test("A line that never ends is refused at the limit")
    func endless() throws {
        var limits = LokiAnswerReader.Limits()
        limits.element = 10_000
        var reader = LokiAnswerReader(limits: limits)
        try reader.append(Array(#"{"data":{"result":[{"stream":{},"values":[["1",""#.utf8))
        #expect(throws: LokiAnswerError.self) {
            for _ in 0..<1000 { try reader.append([UInt8](repeating: 0x61, count: 100)) }
        }
        var many = LokiAnswerReader()
        let labels = (0..<2000).map { "\"l\($0)\":\"v\"" }.joined(separator: ",")
        #expect(throws: LokiAnswerError.tooLarge("more than 1024 labels")) {
            try many.append(Array("{\"data\":{\"result\":[{\"stream\":{\(labels)}}]}}".utf8))
        }
    }

    @Test("Both readers of the grammar agree on changed answers")
    func mutations() throws {
        var random = SeededRandom(seed: 7)
        let bodies = try ["log-text-cat", "log-bad-json-cat", "m-count-range", "log-meta-flat"].map
        {
            Array(try Recordings.union($0).bytes.prefix(1500))
        }
        for _ in 0..<400 {
            var body = random.pick(bodies)
            for _ in 0..<(1 + random.below(3)) {
                let place = random.below(body.count)
                switch random.below(3) {
                case 0: body[place] = UInt8(random.below(256))
                case 1: body.remove(at: place)
                default:
                    body.insert(random.pick(Array(#"{}[]",:\ 0nt"#.utf8)), at: place)
                }
            }
            let whole = outcome(body, body.count)
            // The walker alone, as a byte at a time never has a whole line.
            #expect(outcome(body, 1) == whole)
            #expect(outcome(body, 1 + random.below(80)) == whole)
        }
    }

    private func outcome(_ body: [UInt8], _ size: Int) -> String {
        do {
            let (pages, trailer) = try readLines(body, inPiecesOf: size)
            return lines(pages).joined(separator: "\n") + "\(trailer)"
        } catch {
            return "\(error)"
        }
    }
}

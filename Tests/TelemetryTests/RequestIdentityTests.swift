import RequestTelemetry
import Testing
import Tracing

@Suite("The identity of a request")
struct RequestIdentityTests {
    @Test(
        "A client's identity is taken where it is plain and short",
        arguments: ["a", "A-Za.z0_9:", String(repeating: "x", count: 128)])
    func taken(text: String) {
        #expect(RequestID(ofFields: [text]).text == text)
    }

    @Test(
        "Anything else is replaced by 32 hexadecimal digits",
        arguments: [
            [], [""], ["a b"], ["a\n"], ["é"], ["a\u{1B}[0m"], ["a", "b"],
            [String(repeating: "x", count: 129)],
        ])
    func replaced(fields: [String]) {
        let made = RequestID(ofFields: fields)
        #expect(!fields.contains(made.text))
        #expect(made.text.utf8.count == 32)
        #expect(made.text.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        #expect(made != RequestID(ofFields: fields))
    }
}

@Suite("W3C Trace Context")
struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00-\(trace)-00f067aa0ba902b7-01"

    @Test("A trace is passed on as it came")
    func passedOn() throws {
        let read = try #require(
            TraceContext(parents: [Self.parent], states: ["a=1", "b=2"]))
        #expect(read.parent == Self.parent)
        #expect(read.state == "a=1,b=2")
        #expect(read.isSampled)
        #expect(read.traceID == Self.trace)
        #expect(read.spanID == "00f067aa0ba902b7")
    }

    @Test("A span within is of the same trace, sampling and state")
    func child() throws {
        let read = try #require(TraceContext(parents: [Self.parent], states: ["a=1"]))
        let child = read.child()
        #expect(child.traceID == read.traceID)
        #expect(child.spanID != read.spanID)
        #expect(child.isSampled && child.state == "a=1")
    }

    @Test("What a later version adds is passed over")
    func laterVersion() throws {
        let read = try #require(
            TraceContext(parents: ["cc-\(Self.trace)-00f067aa0ba902b7-00-what-comes"]))
        #expect(read.parent == "00-\(Self.trace)-00f067aa0ba902b7-00")
    }

    @Test(
        "What is no trace is passed over",
        arguments: [
            "", "00", "00-\(trace)-00f067aa0ba902b7", "ff-\(trace)-00f067aa0ba902b7-01",
            "00-\(trace)-00f067aa0ba902b7-01-more", "00-\(trace)-0000000000000000-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-\(trace)-00f067aa0ba902b7-1", "00-\(trace)-00f067aa0ba902bg-01",
            "00-é\(trace.dropFirst(2))-00f067aa0ba902b7-01",
        ])
    func passedOver(text: String) {
        #expect(TraceContext(parents: [text]) == nil)
    }

    @Test("Two fields tell no trace")
    func twice() {
        #expect(TraceContext(parents: [Self.parent, Self.parent]) == nil)
    }

    @Test("About the share of traces is recorded that is asked for")
    func sampling() {
        let sampled = (0..<10_000).count { _ in TraceContext(sampling: 0.25).isSampled }
        #expect((2_000...3_000).contains(sampled))
        #expect((0..<1000).allSatisfy { _ in !TraceContext(sampling: 0).isSampled })
        #expect((0..<1000).allSatisfy { _ in TraceContext(sampling: 1).isSampled })
    }
}

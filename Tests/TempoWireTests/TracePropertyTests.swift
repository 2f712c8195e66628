import PrometheusWire
import TestSupport
import Testing
import TimeSeries

@testable import TempoWire

/// Makes traces as protobuf, with fields that nobody knows.
struct TraceGenerator {
    var random: SeededRandom

    struct Scope {
        var spans: [[UInt8]]
    }
    struct Resource {
        var attributes: [(key: String, value: String)]
        var scopes: [Scope]
    }

    mutating func span(id: Int, of trace: [UInt8]) -> [UInt8] {
        var span: [UInt8] = []
        WireWriter.append(1, bytes: trace, to: &span)
        WireWriter.append(
            2, bytes: withUnsafeBytes(of: UInt64(id + 1).bigEndian, Array.init), to: &span)
        WireWriter.append(5, text: "span \(id)", to: &span)
        WireWriter.append(6, varint: UInt64(random.below(6)), to: &span)
        for field in [7, 8] {
            WireWriter.append(varint: UInt64(field << 3 | 1), to: &span)
            span += withUnsafeBytes(of: random.next().littleEndian, Array.init)
        }
        if random.oneIn(3) {
            WireWriter.append(99, bytes: [UInt8](repeating: 7, count: random.below(9)), to: &span)
        }
        return span
    }

    mutating func resources(spans count: Int) -> [Resource] {
        let trace = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        var resources: [Resource] = []
        var next = 0
        while next < count {
            var scopes: [Scope] = []
            for _ in 0...random.below(3) where next < count {
                let number = min(count - next, 1 + random.below(5))
                scopes.append(Scope(spans: (0..<number).map { span(id: next + $0, of: trace) }))
                next += number
            }
            let keys = random.some(
                ["service.name", "project", "exported_project", "z", "é"], oneIn: 2)
            resources.append(
                Resource(attributes: keys.map { ($0, "value of \($0)") }, scopes: scopes))
        }
        return resources
    }

    static func encoded(_ resources: [Resource]) -> [UInt8] {
        var out: [UInt8] = []
        for resource in resources {
            var message: [UInt8] = []
            var attributes: [UInt8] = []
            for attribute in resource.attributes {
                var value: [UInt8] = []
                WireWriter.append(1, bytes: attribute.value.utf8, to: &value)
                var pair: [UInt8] = []
                WireWriter.append(1, text: attribute.key, to: &pair)
                WireWriter.append(2, bytes: value, to: &pair)
                WireWriter.append(1, bytes: pair, to: &attributes)
            }
            WireWriter.append(77, varint: 5, to: &attributes)
            WireWriter.append(1, bytes: attributes, to: &message)
            for scope in resource.scopes {
                var inside: [UInt8] = []
                WireWriter.append(1, bytes: [UInt8](), to: &inside)
                for span in scope.spans { WireWriter.append(2, bytes: span, to: &inside) }
                WireWriter.append(3, text: "schema", to: &inside)
                WireWriter.append(2, bytes: inside, to: &message)
            }
            WireWriter.append(50, varint: 1, to: &message)
            WireWriter.append(1, bytes: message, to: &out)
        }
        return out
    }
}

@Suite("Splicing keeps every span")
struct TracePropertyTests {
    /// The bytes of the spans of a trace, in order.
    private func spans(_ trace: [UInt8]) throws -> [[UInt8]] {
        let answer = try TraceAnswer(trace, version: .v1)
        return answer.spans.map { Array(answer.bytes[$0.extent]) }
    }

    private func members(_ parts: [[TraceGenerator.Resource]]) throws -> [MemberAnswer<TraceAnswer>]
    {
        try parts.enumerated().map {
            MemberAnswer(
                labels: LabelInjection(name: "project", value: "m\($0.offset)"),
                value: try TraceAnswer(TraceGenerator.encoded($0.element), version: .v1))
        }
    }

    @Test("any split of a trace over members keeps every span as it is, in the members' order")
    func split() throws {
        for seed in 0..<300 {
            var generator = TraceGenerator(random: SeededRandom(seed: UInt64(seed)))
            let resources = generator.resources(spans: generator.random.below(60))
            let count = 1 + generator.random.below(4)
            var parts = [[TraceGenerator.Resource]](repeating: [], count: count)
            for resource in resources { parts[generator.random.below(count)].append(resource) }
            let members = try members(parts)
            let merged = MergedTrace(members, maximumBytes: 1 << 24)
            let body = try merged.body(version: .v1, protobuf: true)
            let expected = parts.joined().flatMap { $0.scopes.flatMap(\.spans) }
            let found = try spans(body)
            #expect(found.count == expected.count)
            for (span, bytes) in zip(expected, found) {
                #expect(bytes.suffix(span.count).elementsEqual(span))
            }
            #expect(merged.conflictingSpans == 0)
            #expect(merged.isEmpty == expected.isEmpty)
            // Nothing but the resource changes: what is merged once more gains the next label.
            let answer = try TraceAnswer(body, version: .v1)
            #expect(answer.resources.count == resources.count)
            let again = MergedTrace(
                [MemberAnswer(labels: .none, value: answer)], maximumBytes: 1 << 24)
            #expect(try again.body(version: .v1, protobuf: true) == body)
        }
    }

    @Test("spans that several members have are there once")
    func shared() throws {
        for seed in 0..<300 {
            var generator = TraceGenerator(random: SeededRandom(seed: UInt64(seed)))
            let resources = generator.resources(spans: 1 + generator.random.below(40))
            var parts: [[TraceGenerator.Resource]] = []
            for _ in 0..<(2 + generator.random.below(2)) {
                // Each has some of the scopes, and some of their spans.
                parts.append(
                    resources.map { resource in
                        var resource = resource
                        resource.scopes = resource.scopes.map { scope in
                            TraceGenerator.Scope(
                                spans: scope.spans.filter { _ in generator.random.below(3) > 0 })
                        }
                        return resource
                    })
            }
            let all = Set(parts.joined().flatMap { $0.scopes.flatMap(\.spans) })
            let merged = MergedTrace(try members(parts), maximumBytes: 1 << 24)
            let found = try spans(try merged.body(version: .v1, protobuf: true))
            #expect(found.count == all.count, "seed \(seed)")
            #expect(Set(found).count == all.count)
            #expect(merged.conflictingSpans == 0)
        }
    }

    @Test("own attributes make room for the member's name")
    func attributes() throws {
        let resource = TraceGenerator.Resource(
            attributes: [("a", "1"), ("project", "2"), ("exported_project", "3")], scopes: [])
        let merged = MergedTrace(
            [
                MemberAnswer(
                    labels: LabelInjection(name: "project", value: "prod-é"),
                    value: try TraceAnswer(TraceGenerator.encoded([resource]), version: .v1))
            ], maximumBytes: 1 << 20)
        let text = String(decoding: try merged.body(version: .v1, protobuf: false), as: UTF8.self)
        #expect(
            text == #"{"batches":[{"resource":{"attributes":["#
                + #"{"key":"a","value":{"stringValue":"1"}},"#
                + #"{"key":"exported_project","value":{"stringValue":"2"}},"#
                + #"{"key":"exported_exported_project","value":{"stringValue":"3"}},"#
                + #"{"key":"project","value":{"stringValue":"prod-é"}}]}}]}"#)
    }

    @Test(
        "what is larger than allowed is cut at a span, and said", arguments: [0, 100, 1000, 5000])
    func cut(_ maximum: Int) throws {
        var generator = TraceGenerator(random: SeededRandom(seed: 3))
        let resources = generator.resources(spans: 200)
        let answers = try members([resources])
        let merged = MergedTrace(answers, maximumBytes: maximum)
        let body = try merged.body(version: .v1, protobuf: true)
        #expect(merged.isCut)
        #expect(body.count <= maximum)
        #expect(merged.sizeError.status == 422)
        let left = try spans(body)
        #expect(left.count < 200)
        if maximum >= 1000 { #expect(left.count * 100 > maximum / 2) }
        let document = try JSONValue(parsing: try merged.body(version: .v2, protobuf: false))
        #expect(document["status"]?.text == "PARTIAL")
        #expect(document["message"]?.text?.contains("\(maximum) bytes") == true)
    }

    @Test("resources behind scopes, twice, or not at all are read as protobuf says")
    func unusualOrder() throws {
        var span: [UInt8] = []
        WireWriter.append(2, bytes: [1, 2, 3, 4, 5, 6, 7, 8], to: &span)
        var scope: [UInt8] = []
        WireWriter.append(2, bytes: span, to: &scope)
        var attribute: [UInt8] = []
        WireWriter.append(1, text: "k", to: &attribute)
        var resource: [UInt8] = []
        WireWriter.append(1, bytes: attribute, to: &resource)
        for layout in [[2, 1], [1, 2, 1], [2]] {
            var message: [UInt8] = []
            for field in layout {
                WireWriter.append(UInt64(field), bytes: field == 1 ? resource : scope, to: &message)
            }
            var trace: [UInt8] = []
            WireWriter.append(1, bytes: message, to: &trace)
            let answer = try TraceAnswer(trace, version: .v1)
            let labels = LabelInjection(name: "project", value: "m")
            let merged = MergedTrace(
                [
                    MemberAnswer(labels: labels, value: answer),
                    MemberAnswer(labels: labels, value: answer),
                ], maximumBytes: 1 << 20)
            let read = try TraceAnswer(try merged.body(version: .v1, protobuf: true), version: .v1)
            #expect(read.spans.count == 1)
            #expect(read.resources.map(\.resources.count) == [1])
        }
    }

    @Test("any bytes end in a trace or in an error, and never in a trap")
    func mutations() throws {
        var random = SeededRandom(seed: 11)
        var generator = TraceGenerator(random: SeededRandom(seed: 5))
        let whole = TraceGenerator.encoded(generator.resources(spans: 12))
        var taken = 0
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0...random.below(4) {
                switch random.below(3) {
                case 0: bytes[random.below(bytes.count)] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeLast(random.below(min(20, bytes.count)))
                default:
                    bytes.insert(
                        UInt8.random(in: 0...255, using: &random), at: random.below(bytes.count))
                }
            }
            guard let answer = try? TraceAnswer(bytes, version: random.oneIn(2) ? .v1 : .v2) else {
                continue
            }
            taken += 1
            let merged = MergedTrace(
                [
                    MemberAnswer(
                        labels: LabelInjection(name: "project", value: "a"), value: answer),
                    MemberAnswer(
                        labels: LabelInjection(name: "project", value: "b"), value: answer),
                ], maximumBytes: 1 << 16)
            let body = try merged.body(version: .v1, protobuf: true)
            let again = try TraceAnswer(body, version: .v1)
            #expect(again.spans.count <= answer.spans.count * 2)
            if let json = try? merged.body(version: .v2, protobuf: false) {
                #expect((try? JSONValue(parsing: json)) != nil)
            }
        }
        #expect(taken > 100)
    }
}

import TempoWire
import TimeSeries

// `swift run -c release TracesBench [spans]` merges a trace of 50,000 spans, which two members share
// between them, 21 times: reading both answers and writing the one as protobuf; and writing it as JSON.
// It prints JSON: milliseconds of each time, and bytes.

/// Protobuf that is made here, as a member would send it.
struct Message {
    var bytes: [UInt8] = []

    mutating func varint(_ value: Int) {
        var rest = UInt(value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func field(_ number: Int, _ content: [UInt8]) {
        varint(number << 3 | 2)
        varint(content.count)
        bytes += content
    }

    mutating func attribute(_ number: Int, _ key: String, _ text: String) {
        var value = Message()
        value.field(1, Array(text.utf8))
        var pair = Message()
        pair.field(1, Array(key.utf8))
        pair.field(2, value.bytes)
        field(number, pair.bytes)
    }

    mutating func fixed(_ number: Int, _ value: UInt64) {
        varint(number << 3 | 1)
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
}

/// A trace with spans of these numbers, 100 in a resource.
func trace(_ spans: Range<Int>) -> [UInt8] {
    var trace = Message()
    for first in stride(from: spans.lowerBound, to: spans.upperBound, by: 100) {
        var attributes = Message()
        attributes.attribute(1, "service.name", "service-\(first % 700)")
        attributes.attribute(1, "k8s.pod.name", "pod-\(first)")
        var scope = Message()
        for number in first..<min(first + 100, spans.upperBound) {
            var span = Message()
            span.field(1, Array(repeating: 7, count: 16))
            span.field(2, withUnsafeBytes(of: UInt64(number + 1).bigEndian, Array.init))
            span.field(4, withUnsafeBytes(of: UInt64(number / 10 + 1).bigEndian, Array.init))
            span.field(5, Array("GET /items/\(number % 50)".utf8))
            span.varint(6 << 3)
            span.varint(number % 2 + 2)
            span.fixed(7, 1_795_739_520_000_000_000 + UInt64(number) * 1000)
            span.fixed(8, 1_795_739_521_000_000_000 + UInt64(number) * 1000)
            span.attribute(9, "http.request.method", "GET")
            span.attribute(9, "http.route", "/items/{id}")
            span.attribute(9, "server.address", "items.shop.svc.cluster.local")
            span.field(15, [])
            scope.field(2, span.bytes)
        }
        var resource = Message()
        resource.field(1, attributes.bytes)
        resource.field(2, scope.bytes)
        trace.field(1, resource.bytes)
    }
    return trace.bytes
}

let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 50_000
// A tenth is in both.
let parts = [trace(0..<count * 11 / 20), trace(count * 9 / 20..<count)]
let partition = PartitionLabel()
let clock = ContinuousClock()
var protobuf: [Double] = []
var json: [Double] = []
var sizes = [0, 0]
for _ in 0..<21 {
    var merged: MergedTrace?
    protobuf.append(
        try clock.measure {
            let answers = try parts.enumerated().map {
                MemberAnswer(
                    labels: partition.labels(of: "prod-\($0.offset)"),
                    value: try TraceAnswer($0.element, version: .v1))
            }
            let one = MergedTrace(answers, maximumBytes: 1 << 30)
            sizes[0] = try one.body(version: .v2, protobuf: true).count
            merged = one
        }.milliseconds)
    json.append(
        try clock.measure {
            sizes[1] = try merged?.body(version: .v2, protobuf: false).count ?? 0
        }.milliseconds)
}
print(
    """
    {"spans":\(count),"received":\(parts[0].count + parts[1].count),\
    "protobuf":{"milliseconds":\(protobuf),"bytes":\(sizes[0])},\
    "json":{"milliseconds":\(json),"bytes":\(sizes[1])}}
    """)

extension Duration {
    var milliseconds: Double { self / .milliseconds(1) }
}

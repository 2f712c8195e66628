import GoText
import PrometheusWire

/// `patterns`: how often lines of a pattern came. The same pattern of the same level counts at all
/// members together.
public struct PatternsMerge: Sendable {
    private struct Key: Hashable {
        var pattern: ByteString
        /// nil of servers that tell no levels apart.
        var level: ByteString?
    }

    private var samples: [Key: [Int64: Int64]] = [:]

    public init() {}

    /// Adds the samples of a member.
    public mutating func add(_ body: [UInt8]) throws(LokiAnswerError) {
        var found: [(Key, [(time: Int64, count: Int64)])] = []
        try LokiDocument.elements(of: "data", in: body) { (cursor) throws(JSONCursor.Failure) in
            var key = Key(pattern: ByteString(""), level: nil)
            var samples: [(time: Int64, count: Int64)] = []
            try cursor.object { (name, cursor) throws(JSONCursor.Failure) in
                switch name {
                case "pattern": key.pattern = ByteString(try cursor.string())
                case "level": key.level = ByteString(try cursor.text())
                case "samples": samples = try Self.samples(&cursor)
                default: try cursor.skip()
                }
            }
            found.append((key, samples))
        }
        for (key, samples) in found {
            for sample in samples {
                let count = self.samples[key, default: [:]][sample.time] ?? 0
                self.samples[key, default: [:]][sample.time] = count.clampedSum(sample.count)
            }
        }
    }

    private static func samples(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> [(time: Int64, count: Int64)] {
        var samples: [(time: Int64, count: Int64)] = []
        try LokiDocument.list(&cursor) { (cursor) throws(JSONCursor.Failure) in
            try cursor.expect(UInt8(ascii: "["))
            let time = try LokiDocument.integer(&cursor)
            try cursor.expect(UInt8(ascii: ","))
            samples.append((time, try LokiDocument.integer(&cursor)))
            try cursor.expect(UInt8(ascii: "]"))
        }
        return samples
    }

    /// The patterns with the most lines first, and those with as many in their order.
    public var body: [UInt8] {
        let rows = samples.map { row in
            (
                row.key, samples: row.value,
                total: row.value.values.reduce(Int64(0)) { $0.clampedSum($1) }
            )
        }.sorted { a, b in
            if a.total != b.total { return a.total > b.total }
            if a.0.pattern != b.0.pattern { return a.0.pattern < b.0.pattern }
            return (a.0.level?.text ?? "").utf8.lexicographicallyPrecedes(
                (b.0.level?.text ?? "").utf8)
        }
        return LokiDocument.success(
            .array(
                rows.map { row in
                    var fields: [(key: String, value: JSONValue)] = [
                        ("pattern", .string(row.0.pattern.text))
                    ]
                    if let level = row.0.level { fields.append(("level", .string(level.text))) }
                    let samples = row.samples.sorted { $0.key < $1.key }.map {
                        JSONValue.array([.integer($0.key), .integer($0.value)])
                    }
                    fields.append(("samples", .array(samples)))
                    return .object(fields)
                }))
    }
}

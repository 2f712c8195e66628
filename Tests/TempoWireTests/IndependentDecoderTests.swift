import Foundation
import GoText
import PrometheusWire
import TestSupport
import Testing
import TimeSeries

@testable import TempoWire

/// OpenTelemetry's own messages in Python, which `scripts/fetch-opentelemetry` brings, say of merged
/// traces what we say.
@Suite struct IndependentDecoderTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static let packages: String? = {
        let named = ProcessInfo.processInfo.environment["TRIBUTARY_OPENTELEMETRY"]
        let fetched = root.appendingPathComponent(".build/opentelemetry").path
        return [named, fetched].compactMap { $0 }.first {
            FileManager.default.fileExists(atPath: $0 + "/opentelemetry/proto")
        }
    }()

    /// The trace as JSON, as the other reader writes it.
    private func decoded(_ trace: [UInt8]) throws -> JSONValue {
        try withTemporaryFolder { folder in
            let input = URL(fileURLWithPath: folder + "/trace.pb")
            let output = URL(fileURLWithPath: folder + "/trace.json")
            try Data(trace).write(to: input)
            try Data().write(to: output)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                "python3",
                Self.root.appendingPathComponent("Tests/TempoWireTests/Fixtures/trace.py").path,
            ]
            process.environment = ProcessInfo.processInfo.environment.merging(
                ["PYTHONPATH": try #require(Self.packages)]) { $1 }
            process.standardInput = try FileHandle(forReadingFrom: input)
            process.standardOutput = try FileHandle(forWritingTo: output)
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            return try JSONValue(parsing: Array(try Data(contentsOf: output)))
        }
    }

    /// With keys in order, and one way to write a number.
    private func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .number(let digits): .number(GoFloat.parse(digits).map(GoFloat.text) ?? digits)
        case .object(let pairs): .sortedObject(pairs.map { ($0.key, sorted($0.value)) })
        case .array(let items): .array(items.map(sorted))
        default: value
        }
    }

    @Test(
        "a merged trace is read by another reader of protobuf as we write it in JSON",
        .enabled(if: packages != nil, "no opentelemetry-proto, see scripts/fetch-opentelemetry"),
        arguments: TraceRecordingTests.traces.filter {
            !$0.hasSuffix("notfound") && !$0.hasSuffix("odd")
        })
    func recordings(_ trace: String) throws {
        let merged = try TraceRecordingTests.merged(trace)
        let theirs = try decoded(try merged.body(version: .v1, protobuf: true))
        let ours = try JSONValue(parsing: try merged.body(version: .v2, protobuf: false))
        #expect(sorted(try #require(ours["trace"])).string == sorted(theirs).string)
    }

    @Test(
        "a made trace with every kind of value is read alike",
        .enabled(if: packages != nil, "no opentelemetry-proto, see scripts/fetch-opentelemetry"))
    func everyKind() throws {
        var generator = TraceGenerator(random: SeededRandom(seed: 17))
        var bytes = TraceGenerator.encoded(generator.resources(spans: 40))
        bytes += EveryKind.trace
        let answer = try TraceAnswer(bytes, version: .v1)
        let merged = MergedTrace(
            [MemberAnswer(labels: Recording.labelsA, value: answer)], maximumBytes: 1 << 20)
        let theirs = try decoded(try merged.body(version: .v1, protobuf: true))
        let ours = try JSONValue(parsing: try merged.body(version: .v2, protobuf: false))
        #expect(sorted(try #require(ours["trace"])).string == sorted(theirs).string)
    }
}

/// A trace with each kind of value, an event, a link and a status.
enum EveryKind {
    private static func message(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        WireWriter.append(number, bytes: content, to: &out)
        return out
    }

    private static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] {
        var out: [UInt8] = []
        WireWriter.append(varint: field << 3, to: &out)
        WireWriter.append(varint: value, to: &out)
        return out
    }

    private static func fixed(_ field: UInt64, _ value: UInt64) -> [UInt8] {
        var out: [UInt8] = []
        WireWriter.append(varint: field << 3 | 1, to: &out)
        return out + withUnsafeBytes(of: value.littleEndian, Array.init)
    }

    private static func attribute(_ field: UInt64, _ key: String, _ value: [UInt8]) -> [UInt8] {
        message(field, message(1, Array(key.utf8)) + message(2, value))
    }

    static let trace: [UInt8] = {
        let text = message(1, Array("é<>&\u{2028}".utf8))
        let values: [(String, [UInt8])] = [
            ("text", text), ("empty", message(1, [])), ("true", number(2, 1)),
            ("false", number(2, 0)),
            ("negative", number(3, UInt64(bitPattern: -5))), ("zero", number(3, 0)),
            ("double", fixed(4, (0.1).bitPattern)), ("whole", fixed(4, (3.0).bitPattern)),
            ("nan", fixed(4, Double.nan.bitPattern)),
            ("infinite", fixed(4, (-Double.infinity).bitPattern)),
            ("list", message(5, message(1, text) + message(1, number(3, 7)))),
            ("none", message(5, [])),
            ("map", message(6, attribute(1, "inner", message(5, message(1, text))))),
            ("bytes", message(7, [0, 255, 1, 2])), ("nothing", []),
        ]
        var span = message(1, Array(1...16)) + message(2, Array(1...8)) + message(4, [9])
        span += number(6, 3) + fixed(7, 1) + fixed(8, UInt64.max)
        for (key, value) in values { span += attribute(9, key, value) }
        span += number(10, 4)
        span += message(11, fixed(1, 5) + message(2, Array("event".utf8)) + attribute(3, "k", text))
        span += message(13, message(1, [1]) + message(2, [2]) + message(3, Array("a=b".utf8)))
        span += message(15, message(2, Array("no".utf8)) + number(3, 2))
        // Flags of 32 bits.
        span += [16 << 3 & 0x7F | 5 | 0x80, 1, 1, 1, 0, 0]
        let scope = message(1, message(1, Array("lib".utf8))) + message(2, span)
        return message(1, message(1, []) + message(2, scope) + message(3, Array("url".utf8)))
    }()
}

import Foundation
import GatewayConfiguration
import Glibc
import GoText
import Logging
import Testing

@testable import GatewayLog

@Suite("The log")
struct GatewayLogTests {
    /// A path for a file of one test, which is removed afterwards.
    private func withFile(_ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "tributary-log-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    private static let line = LogLine(
        time: 1_500, level: .warning, message: "a \"b\"\nlevel=error msg=forged",
        fields: [("member", "eu"), ("cause", "x\u{1B}[31m=\u{2028}")])

    @Test("A record is one line of pairs, whatever is in it")
    func text() {
        #expect(
            String(decoding: Self.line.bytes(.text), as: UTF8.self)
                == #"time=1970-01-01T00:00:01.5Z level=warning "#
                + #"msg="a \"b\"\nlevel=error msg=forged" member=eu cause="x\x1b[31m=\u2028""#)
    }

    @Test("A record is one object of JSON, whatever is in it")
    func json() throws {
        let bytes = Self.line.bytes(.json)
        #expect(!bytes.contains(0x0A))
        let read = try JSONDecoder().decode([String: String].self, from: Data(bytes))
        #expect(
            read == [
                "time": "1970-01-01T00:00:01.5Z", "level": "warning",
                "msg": "a \"b\"\nlevel=error msg=forged", "member": "eu",
                "cause": "x\u{1B}[31m=\u{2028}",
            ])
    }

    @Test("A long value is cut")
    func long() {
        let line = LogLine(
            time: 0, level: .info, message: String(repeating: "é", count: 10_000), fields: [])
        let text = String(decoding: line.bytes(.text), as: UTF8.self)
        #expect(text.utf8.count < 2 * LogLine.longestValue)
        #expect(text.contains("(11808 bytes more)"))
    }

    @Test("Level and format follow the configuration, and the command line goes before")
    func settings() throws {
        try withFile { path in
            let log = try GatewayLog(to: .file(path))
            let logger = log.logger()
            logger.debug("one")
            logger.info("two")
            var configuration = Configuration()
            configuration.log.level = .error
            configuration.log.format = .json
            try log.apply(configuration)
            logger.warning("three")
            logger.error("four", metadata: ["member": "eu"])
            log.flush()
            let written = try lines(path)
            #expect(written.count == 2)
            #expect(written.first?.hasSuffix(#"level=info msg=two"#) == true)
            #expect(
                written.last?.hasSuffix(#""level":"error","msg":"four","member":"eu"}"#) == true)
        }
        try withFile { path in
            let log = try GatewayLog(
                overrides: GatewayLog.Overrides(level: .debug, format: .json), to: .file(path))
            try log.apply(Configuration())
            log.logger().debug("one")
            log.flush()
            #expect(try lines(path).first?.hasPrefix("{") == true)
        }
    }

    @Test("A file that was moved away is made anew at a reload")
    func reopened() throws {
        try withFile { path in
            try withFile { other in
                let log = try GatewayLog(to: .file(other))
                var configuration = Configuration()
                configuration.query.log.queries = .all
                configuration.query.log.file = path
                try log.apply(configuration)
                log.write(query: Array("one".utf8))
                log.flush()
                try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
                defer { try? FileManager.default.removeItem(atPath: path + ".1") }
                try log.apply(configuration)
                log.write(query: Array("two".utf8))
                log.flush()
                #expect(try lines(path) == ["two"])
                #expect(try lines(path + ".1") == ["one"])
            }
        }
    }

    @Test("A file that cannot be opened is told, and the former one stays")
    func unwritable() throws {
        try withFile { path in
            let log = try GatewayLog(to: .file(path))
            var configuration = Configuration()
            configuration.query.log.queries = .all
            configuration.query.log.file = path
            try log.apply(configuration)
            configuration.query.log.file = path + "/none"
            #expect(throws: LogWriter.Unwritable.self) { try log.apply(configuration) }
            log.write(query: Array("kept".utf8))
            log.flush()
            #expect(try lines(path) == ["kept"])
        }
    }

    @Test("Lines that find no room are dropped, counted and told")
    func dropped() throws {
        try withFile { path in
            #expect(mkfifo(path, 0o600) == 0)
            // Nothing is read until the queue is full.
            let reader = open(path, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            let writer = try LogWriter(to: .file(path), limit: 1 << 20) { count in
                Array("lost \(count)".utf8)
            }
            let line = [UInt8](repeating: 0x78, count: 1 << 16)
            for _ in 0..<64 { writer.write(line) }
            #expect(writer.dropped > 0)
            var read: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            var (whole, lost) = (0, 0)
            while whole + lost < 64 {
                let count = Glibc.read(reader, &buffer, buffer.count)
                if count <= 0 {
                    usleep(1000)
                    continue
                }
                read += buffer[..<count]
                let lines = String(decoding: read, as: UTF8.self)
                    .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                whole = lines.count { $0.hasPrefix("x") }
                lost = lines.compactMap { Int($0.dropFirst("lost ".count)) }.reduce(0, +)
            }
            #expect(lost == writer.dropped)
        }
    }

    @Test(
        "The key of a limit is found in an error",
        arguments: [
            ("the answer has more than 1 series (limits.maxSeries)", "limits.maxSeries"),
            (
                "too many (x) samples (auth.tokens[].limits.maxSamples)",
                "auth.tokens[].limits.maxSamples"
            ),
            ("query processing (in limits) failed", nil), ("no", nil),
            ("a member said (limits.unknown)", nil),
            ("no memory (limits.maxRequestMemory, limits.maxMemory)", "limits.maxRequestMemory"),
        ] as [(String, String?)])
    func limit(failure: String, key: String?) {
        #expect(MetLimit.key(in: failure) == key)
    }
}

import Foundation
import Testing

/// docs/troubleshooting.md has every text that the sources make an error of a request with.
///
/// Left out are texts that say themselves what is wrong and where: those of the configuration, of
/// PromQL, and what is malformed in a member's answer.
@Suite struct TroubleshootingTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Modules whose errors reach who asks.
    private static let modules = [
        "Gateway", "Federation", "TelemetryFederation", "Upstream", "PrometheusServer",
        "PrometheusWire", "HTTPTransport",
    ]

    /// Calls that make an error; their arguments are texts that users read.
    private static let makers = [
        "APIError(", "TransferError(", "self.init(.", "because:", ".badData(",
        ".unavailable(", ".oversized(", ".tooLarge(", ".limit(", ".undecidable(",
        ".notPrometheus(", ".partial(", ".connect(", ".tls(", ".broken(", ".other(",
    ]

    /// Files in which a `case` gives a text that users read.
    private static let tables = ["UpstreamError.swift", "AccessControl.swift"]

    @Test func thePageHasEveryErrorText() throws {
        let page = try String(
            contentsOf: Self.root.appendingPathComponent("docs/troubleshooting.md"),
            encoding: .utf8
        ).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        var found: Set<String> = []
        for (name, source) in try Self.sources() {
            for text in Self.errorTexts(of: source, isTable: Self.tables.contains(name)) {
                found.insert(text)
                #expect(
                    page.contains(text), "\(name) has an error that the page lacks: \(text)")
            }
        }
        // The scan itself would be at fault.
        #expect(found.count > 90)
        for text in ["connection closed without an answer", "no member answered"] {
            #expect(found.contains(text))
        }
    }

    @Test func whatIsScannedIsTheFixedPartOfALiteral() {
        let source = #"""
            throw APIError(.notFound, "project \(quote("x")) is not here") // "not this one"
            let other = "nor this one"
            case .loop: "leads back to us"
            """#
        #expect(Self.errorTexts(of: source, isTable: false) == ["is not here"])
        #expect(
            Self.errorTexts(of: source, isTable: true) == ["is not here", "leads back to us"])
    }

    private static func sources() throws -> [(name: String, text: String)] {
        var all: [(String, String)] = []
        for module in modules {
            let folder = root.appendingPathComponent("Sources/\(module)")
            let files = try #require(
                FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                all.append((file.lastPathComponent, try String(contentsOf: file, encoding: .utf8)))
            }
        }
        return all
    }

    /// The longest fixed part of each literal in a call that makes an error, if it is some words.
    private static func errorTexts(of source: String, isTable: Bool) -> [String] {
        let bytes = Array(source.utf8)
        var texts: [String] = []
        for maker in makers {
            var rest = source[...]
            while let call = rest.firstRange(of: maker) {
                rest = rest[call.upperBound...]
                let start = source.utf8.distance(from: source.startIndex, to: call.upperBound)
                texts += LiteralScan(bytes, at: start).literals(closing: 1)
            }
        }
        if isTable {
            for match in source.matches(of: /case [^:\n]+:\s*(?=")/) {
                let start = source.utf8.distance(
                    from: source.startIndex, to: match.range.upperBound)
                texts += LiteralScan(bytes, at: start).literals(closing: 0)
            }
        }
        return texts.filter { $0.utf8.count >= 8 && $0.contains(" ") }
    }
}

/// Reads string literals of Swift, which have interpolations.
private struct LiteralScan {
    private let bytes: [UInt8]
    private var at: Int

    init(_ bytes: [UInt8], at start: Int) {
        self.bytes = bytes
        at = start
    }

    /// The longest fixed part of each literal up to the parenthesis that closes as many as are
    /// open; with none open, of the one literal that begins here.
    func literals(closing depth: Int) -> [String] {
        var scan = self
        var depth = depth
        var found: [String] = []
        repeat {
            guard scan.at < bytes.count else { break }
            switch bytes[scan.at] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "/")
            where scan.at + 1 < bytes.count
                && bytes[scan.at + 1] == UInt8(ascii: "/"):
                while scan.at < bytes.count, bytes[scan.at] != UInt8(ascii: "\n") { scan.at += 1 }
                continue
            case UInt8(ascii: "\""):
                found.append(scan.literal())
                continue
            default: break
            }
            scan.at += 1
        } while depth > 0
        return found
    }

    private mutating func literal() -> String {
        var parts: [[UInt8]] = [[]]
        at += 1
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
            if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count {
                if bytes[at + 1] == UInt8(ascii: "(") {
                    at += 2
                    skipInterpolation()
                    parts.append([])
                } else {
                    parts[parts.count - 1].append(bytes[at + 1])
                    at += 2
                }
            } else {
                parts[parts.count - 1].append(bytes[at])
                at += 1
            }
        }
        at += 1
        let longest = parts.max { $0.count < $1.count } ?? []
        return String(decoding: longest, as: UTF8.self)
            .trimmingCharacters(in: CharacterSet(charactersIn: " :;,()"))
    }

    private mutating func skipInterpolation() {
        var depth = 1
        while depth > 0, at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "\""):
                _ = literal()
                continue
            default: break
            }
            at += 1
        }
    }
}

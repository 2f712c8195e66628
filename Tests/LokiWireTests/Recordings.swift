import Foundation
import GoText
import PrometheusWire
import TestSupport
import Testing
import TimeSeries

@testable import LokiWire

/// What a real Loki answered, as two tenants that are members and as one that holds the data of both,
/// each with its `project`. Of the statistics the summary alone is kept.
struct Recording: Decodable, Sendable, CustomTestStringConvertible {
    var id: String
    var method: String
    var path: String
    /// `X-Loki-Response-Encoding-Flags`.
    var flags: String?
    /// The body of the request.
    var form: String?
    var status: Int
    var body: String

    var testDescription: String { id }
    var bytes: [UInt8] { Array(body.utf8) }

    /// The endpoint, below `/loki/api/v1/`.
    var endpoint: String {
        String(path.prefix { $0 != "?" }.dropFirst("/loki/api/v1/".count))
    }

    /// The parameters of the request, in the URL and in a form.
    var parameters: [(name: String, value: String)] {
        let isForm = method == "POST" && !(form ?? "").hasPrefix("{")
        let texts = [path.drop { $0 != "?" }.dropFirst(), isForm ? (form ?? "")[...] : ""]
        return texts.flatMap { $0.split(separator: "&") }.map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = parts.map { $0.removingPercentEncoding ?? String($0) }
            return (name: decoded[0], value: decoded.count > 1 ? decoded[1] : "")
        }
    }

    var reader: ParameterReader {
        let parameters = parameters
        return ParameterReader { name in parameters.first { $0.name == name }?.value }
    }

    func values(of name: String) -> [String] {
        parameters.filter { $0.name == name }.map(\.value)
    }
}

enum Recordings {
    /// When the recorded requests were made, more or less.
    static let now = LogTime(nanoseconds: 1_795_740_000_000_000_000)

    static let members = ["prod-a", "prod-b"]
    static let partition = PartitionLabel("project")
    static let injections = members.map { partition.labels(of: $0) }

    static let a = load("member-a")
    static let b = load("member-b")
    static let union = load("union")

    static func union(_ id: String) throws -> Recording { try #require(union[id]) }

    static func members(_ id: String) throws -> [Recording] {
        [try #require(a[id]), try #require(b[id])]
    }

    /// Those that all three have, and that were answered.
    static let common: [Recording] = union.values.filter {
        $0.status == 200 && a[$0.id]?.status == 200 && b[$0.id]?.status == 200
    }.sorted { $0.id < $1.id }

    static func file(_ name: String) -> [UInt8] {
        let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let url = directory.appendingPathComponent("Fixtures").appendingPathComponent(name)
        return (try? Data(contentsOf: url)).map(Array.init) ?? []
    }

    private static func load(_ name: String) -> [String: Recording] {
        let lines = (inflated(file(name + ".jsonl.gz")) ?? []).split(separator: 0x0A)
        let all = lines.compactMap { line in
            try? JSONDecoder().decode(Recording.self, from: Data(line))
        }
        return Dictionary(all.map { ($0.id, $0) }) { first, _ in first }
    }
}

/// The bytes before the statistics, which differ between members and union.
func withoutStatistics(_ body: some Sequence<UInt8>) -> String {
    let text = String(decoding: Array(body), as: UTF8.self)
    return text.range(of: ",\"stats\":").map { String(text[..<$0.lowerBound]) } ?? text
}

/// The pages of an answer that arrives in pieces of so many bytes, and what it says besides.
func readLines(
    _ body: [UInt8], inPiecesOf size: Int = 4096
) throws -> (pages: [LinePage], trailer: LokiAnswerReader.Trailer) {
    var reader = LokiAnswerReader(expecting: [.streams])
    var pages: [LinePage] = []
    for start in stride(from: 0, to: body.count, by: size) {
        try reader.append(body[start..<min(start + size, body.count)])
        if let page = reader.takeLines() { pages.append(page) }
    }
    let trailer = try reader.finish()
    if let page = reader.takeLines() { pages.append(page) }
    return (pages, trailer)
}

/// The answer that members' answers make together.
func mergedLines(
    _ bodies: [[UInt8]], _ injections: [LabelInjection], _ options: LineMerge.Options
) throws -> [UInt8] {
    var merge = LineMerge(members: injections, options: options)
    for (index, body) in bodies.enumerated() {
        for page in try readLines(body).pages { try merge.add(page, of: index) }
    }
    var answer = LineAnswer(merge)
    var out: [UInt8] = []
    while answer.append(to: &out, upTo: out.count + 100) {}
    return out
}

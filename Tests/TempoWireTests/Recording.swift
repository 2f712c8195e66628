import Foundation
import GoText
import PrometheusWire
import TestSupport
import TimeSeries

@testable import TempoWire

/// A request to a real Tempo, and what it answered. Three tenants of one server were asked the same:
/// two members, and the union that holds what both hold, with `project` among the attributes of each
/// resource.
struct Recording {
    var id: String
    var path: String
    /// Decoded, in order.
    var parameters: [(name: String, value: String)]
    var accept: String?
    var status: Int
    var contentType: String
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    var reader: ParameterReader {
        let parameters = parameters
        return ParameterReader { name in parameters.first { $0.name == name }?.value }
    }

    static let memberA = load("member-a")
    static let memberB = load("member-b")
    static let union = load("union")
    /// What the union's attribute says of the members.
    static let partition = PartitionLabel()
    static let labelsA = partition.labels(of: "prod-a")
    static let labelsB = partition.labels(of: "prod-b")

    private static func load(_ name: String) -> [String: Recording] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/tempo-\(name).jsonl.gz")
        guard let packed = try? Data(contentsOf: file), let lines = inflated(Array(packed)) else {
            fatalError("no recordings at \(file.path)")
        }
        var all: [String: Recording] = [:]
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            guard let document = try? JSONValue(parsing: Array(line)),
                let recording = Recording(document)
            else { fatalError("a line of \(file.path) is no recording") }
            all[recording.id] = recording
        }
        return all
    }

    private init?(_ document: JSONValue) {
        guard let id = document["id"]?.text, let target = document["path"]?.text,
            document["method"]?.text == "GET" || document["method"]?.text == "POST",
            let status = document["status"]?.integer
        else { return nil }
        self.id = id
        let parts = target.split(separator: "?", maxSplits: 1)
        path = String(parts[0])
        let isGet = document["method"]?.text == "GET"
        parameters = (isGet && parts.count > 1 ? parts[1] : "").split(separator: "&").map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                TagValuesQuestion.decoded(String(sides[0])),
                TagValuesQuestion.decoded(sides.count > 1 ? String(sides[1]) : "")
            )
        }
        accept = document["accept"]?.text
        self.status = Int(status)
        contentType = document["type"]?.text ?? ""
        if let text = document["body"]?.text {
            body = Array(text.utf8)
        } else {
            body = Array(Data(base64Encoded: document["base64"]?.text ?? "") ?? Data())
        }
    }
}

extension JSONValue {
    /// With keys, attributes and labels in order, and without what tells the costs: Tempo's order of
    /// them is not always the same.
    var canonical: JSONValue {
        switch self {
        case .object(let pairs):
            return .sortedObject(
                pairs.filter { $0.key != "metrics" && $0.key != "schemaUrl" }.map { pair in
                    var value = pair.value.canonical
                    if ["attributes", "labels", "tags", "tagValues", "scopes"].contains(pair.key) {
                        value = value.sorted
                    }
                    return (pair.key, value)
                })
        case .array(let items): return .array(items.map(\.canonical))
        default: return self
        }
    }

    /// An array in the order of its elements' texts.
    var sorted: JSONValue {
        guard case .array(let items) = self else { return self }
        return .array(items.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) })
    }

    var string: String { String(decoding: bytes, as: UTF8.self) }
}

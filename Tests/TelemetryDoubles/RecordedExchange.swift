import GoText
import TestSupport

/// A request to a real server with what it answered.
package struct RecordedExchange: Sendable {
    package var id: String
    package var request: DoubleRequest
    /// As it stood in the first line of the request.
    package var target: String
    /// Nil where the server closed the connection without an answer.
    package var answer: (status: Int, type: String, body: [UInt8])?

    package static func read(_ name: String) throws -> [RecordedExchange] {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let bytes = try CompressedFile.bytes("/\(folder)/Recordings/\(name).jsonl.gz")
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            JSONNode(Array(line)).map(RecordedExchange.init)
        }
    }

    private init(_ node: JSONNode) {
        id = node["id"]?.text ?? ""
        let asked = node["request"] ?? .null
        var headers = asked["headers"]?.members.map { ($0.name, $0.value.text ?? "") } ?? []
        if let tenant = node["tenant"]?.text { headers.append(("X-Scope-OrgID", tenant)) }
        target = asked["path"]?.text ?? "/"
        request = DoubleRequest(
            method: asked["method"]?.text ?? "GET", target: target,
            headers: headers.map { (name: $0.0, value: $0.1) },
            body: Array((asked["body"]?.text ?? "").utf8))
        guard let answered = node["response"], answered != .null else { return }
        var body = Array((answered["body"]?.text ?? "").utf8)
        if let text = answered["bodyBase64"]?.text {
            let bytes = Base64.bytes(text)
            body = inflated(bytes) ?? bytes
        }
        answer = (
            Int(answered["status"]?.integer ?? 0), answered["headers"]?["Content-Type"]?.text ?? "",
            body
        )
    }

    /// How what a double answers differs from what was recorded; nil where it does not.
    package func difference(
        from answered: DoubleAnswer, _ comparison: AnswerComparison
    ) -> String? {
        guard let answer else {
            return answered.isWithheld ? nil : "an answer where there was none"
        }
        if answered.isWithheld { return "no answer" }
        guard answer.status == answered.status else {
            return "status \(answered.status), not \(answer.status): "
                + String(decoding: answered.body.prefix(200), as: UTF8.self)
        }
        if !answer.body.isEmpty, !answer.type.isEmpty, answer.type != answered.type {
            return "type \(answered.type), not \(answer.type)"
        }
        if let recorded = JSONNode(answer.body), answer.type.contains("json") {
            guard let given = JSONNode(answered.body) else { return "no JSON" }
            return comparison.difference(given, recorded, at: "")
        }
        return comparison.difference(
            .string(String(decoding: answered.body, as: UTF8.self)),
            .string(String(decoding: answer.body, as: UTF8.self)), at: "text")
    }
}

/// How far an answer may be from a recorded one.
package struct AnswerComparison: Sendable {
    /// Members of objects that are not compared.
    package var ignoredNames: Set<String>
    /// Whether lists are compared as sets.
    package var areListsSets: Bool

    package init(ignoredNames: Set<String> = [], areListsSets: Bool = false) {
        self.ignoredNames = ignoredNames
        self.areListsSets = areListsSets
    }

    package func difference(_ given: JSONNode, _ recorded: JSONNode, at path: String) -> String? {
        switch (given, recorded) {
        case (.object(let a), .object(let b)):
            for member in b where !ignoredNames.contains(member.name) {
                guard let other = a.first(where: { $0.name == member.name }) else {
                    return "\(path): \(member.name) is missing"
                }
                if let difference = difference(
                    other.value, member.value, at: "\(path).\(member.name)")
                {
                    return difference
                }
            }
            let more = a.first { member in
                !ignoredNames.contains(member.name) && !b.contains { $0.name == member.name }
            }
            return more.map { "\(path): \($0.name) is too much" }
        case (.array(let a), .array(let b)):
            guard a.count == b.count else { return "\(path): \(a.count) elements, not \(b.count)" }
            if areListsSets { return differenceOfSets(a, b, at: path) }
            for (index, pair) in zip(a, b).enumerated() {
                if let difference = difference(pair.0, pair.1, at: "\(path)[\(index)]") {
                    return difference
                }
            }
            return nil
        case (.string(let a), .string(let b)), (.number(let a), .number(let b)):
            if a == b || Self.areClose(a, b) { return nil }
            return "\(path): \(a.prefix(200)), not \(b.prefix(200))"
        default:
            return given == recorded ? nil : "\(path): another value"
        }
    }

    private func differenceOfSets(
        _ given: [JSONNode], _ recorded: [JSONNode], at path: String
    ) -> String? {
        var rest = given
        for element in recorded {
            guard let place = rest.firstIndex(where: { difference($0, element, at: path) == nil })
            else {
                let text = String(decoding: element.bytes.prefix(300), as: UTF8.self)
                return "\(path): lacks \(text)"
            }
            rest.remove(at: place)
        }
        return nil
    }

    /// Sums of floats depend on their order in the last digits.
    private static func areClose(_ a: String, _ b: String) -> Bool {
        guard let a = GoFloat.parse(a), let b = GoFloat.parse(b) else { return false }
        return abs(a - b) <= 1e-12 * max(abs(a), abs(b))
    }
}

enum Base64 {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func bytes(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var bits = 0
        var count = 0
        for digit in text.utf8 {
            guard let value = digits.firstIndex(of: digit) else { continue }
            bits = (bits << 6 | value) & 0xFFFF
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return bytes
    }
}

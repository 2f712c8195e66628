import GoText
import PrometheusWire

/// Warnings and infos that members sent: each text once, with the members it came from, and
/// without the position, which points into the text that was sent. Warnings about data that a
/// member could not reach are told with the missing members.
public struct MemberAnnotations: Sendable {
    /// False where the answer is one member's own: its texts then are given as they came.
    var areNamed = true
    private var warningMembers: [String: Set<String>] = [:]
    private var infoMembers: [String: Set<String>] = [:]

    mutating func add(_ trailer: ResponseScanner.Trailer, from member: String) {
        add(warnings: trailer.warnings, infos: trailer.infos, from: member)
    }

    /// Whether anything was cut is judged on the merged answer.
    mutating func add(warnings: [String], infos: [String], from member: String) {
        for text in warnings where WarningSubject(of: text) == .other {
            warningMembers[given(text), default: []].insert(member)
        }
        for text in infos {
            infoMembers[given(text), default: []].insert(member)
        }
    }

    public var warnings: Set<String> { Set(warningMembers.map(named)) }
    public var infos: Set<String> { Set(infoMembers.map(named)) }

    private func given(_ text: String) -> String {
        areNamed ? Self.withoutPosition(text) : text
    }

    private func named(_ text: String, _ members: Set<String>) -> String {
        guard areNamed else { return text }
        let names = members.sorted().map { GoQuoting.quote($0) }.joined(separator: ", ")
        return "\(text) (project \(names))"
    }

    /// Cuts ` (1:23)` off the end.
    static func withoutPosition(_ text: String) -> String {
        guard text.hasSuffix(")"), let open = text.lastIndex(of: "(") else { return text }
        let inside = text[text.index(after: open)...].dropLast()
        let isPosition =
            inside.contains(":")
            && inside.allSatisfy { $0 == ":" || ($0.isASCII && $0.isNumber) }
        guard isPosition else { return text }
        var rest = text[..<open]
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}

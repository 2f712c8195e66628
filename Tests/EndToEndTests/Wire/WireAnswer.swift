import Foundation

/// What of an answer must be the same on every server.
struct WireAnswer: Equatable, Sendable, CustomStringConvertible {
    var status: Int
    /// `name: value` of those in `compared` that came.
    var headers: [String]
    /// The body, inflated.
    var text: String

    /// `Date` and `Content-Length` follow from others; `Vary` is looked at by itself.
    static let compared = [
        "content-type", "content-encoding", "allow", "x-content-type-options",
        "access-control-allow-origin", "access-control-allow-headers",
        "access-control-allow-methods", "access-control-expose-headers", "location",
    ]

    var description: String { "\(status) \(headers) \(text.prefix(600))" }

    /// Bytes, not characters: `String` takes canonically equal texts for equal.
    static func == (first: Self, second: Self) -> Bool {
        first.status == second.status && first.headers == second.headers
            && first.text.utf8.elementsEqual(second.text.utf8)
    }

    func replacing(_ text: String, with replacement: String) -> WireAnswer {
        var answer = self
        answer.text = answer.text.replacingOccurrences(
            of: text, with: replacement, options: .literal)
        return answer
    }

    /// Without the label that the gateway adds to the series of its one member.
    func withoutProject(_ name: String) -> WireAnswer {
        replacing("\"project\":\"\(name)\",", with: "")
            .replacing(",\"project\":\"\(name)\"", with: "")
            .replacing("\"project\":\"\(name)\"", with: "")
            .replacing(", project=\\\"\(name)\\\"", with: "")
            .replacing(",\"project\"", with: "")
    }

    /// The elements of `result` in an order of their own, for answers whose order means nothing.
    var withSortedElements: WireAnswer {
        guard let start = text.range(of: "\"result\":["), let end = text.range(of: "]}}") else {
            return self
        }
        var answer = self
        let elements = text[start.upperBound..<end.lowerBound].components(separatedBy: ",{\"metric")
            .map { $0.hasPrefix("{\"metric") ? String($0.dropFirst(8)) : $0 }
        answer.text =
            text[..<start.upperBound] + elements.sorted().joined(separator: "\n")
            + text[end.lowerBound...]
        return answer
    }
}

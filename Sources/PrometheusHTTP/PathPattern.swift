/// A path with places for names: `/api/v1/label/:name/values`. A last segment `*` stands for any
/// rest, also an empty one.
struct PathPattern: Sendable, Equatable {
    private enum Segment: Sendable, Equatable {
        case literal(String)
        case parameter(String)
        case rest
    }

    let text: String
    private let segments: [Segment]

    init(_ text: String) {
        self.text = text
        segments = Self.split(text).map { part in
            if part == "*" { return .rest }
            if part.hasPrefix(":") { return .parameter(String(part.dropFirst())) }
            return .literal(String(part))
        }
    }

    /// Paths of literal segments can be looked up instead of matched.
    var isLiteral: Bool {
        segments.allSatisfy { segment in
            switch segment {
            case .literal: true
            case .parameter, .rest: false
            }
        }
    }

    /// Whether a path lacks only the last `/` before what `*` stands for.
    func isStem(_ path: String) -> Bool {
        segments.last == .rest && !path.hasSuffix("/")
            && Self.split(path).count == segments.count - 1 && match(path) != nil
    }

    /// The parameters of a path that fits; nil when it does not. A parameter is never empty.
    func match(_ path: String) -> [String: String]? {
        let parts = Self.split(path)
        var parameters: [String: String] = [:]
        for (index, segment) in segments.enumerated() {
            if segment == .rest { return parameters }
            guard index < parts.count else { return nil }
            switch segment {
            case .literal(let text):
                guard parts[index].utf8.elementsEqual(text.utf8) else { return nil }
            case .parameter(let name):
                guard !parts[index].isEmpty else { return nil }
                parameters[name] = String(parts[index])
            case .rest:
                return parameters
            }
        }
        return parts.count == segments.count ? parameters : nil
    }

    private static func split(_ path: String) -> [Substring] {
        path.dropFirst(path.hasPrefix("/") ? 1 : 0)
            .split(separator: "/", omittingEmptySubsequences: false)
    }
}

/// A generated query as a tree of text, so that a failing one can be made smaller.
public struct QueryNode: Sendable {
    public enum Kind: Sendable {
        case vector, scalar, matrix
        /// May be left out: matchers, offsets, groupings, match keys.
        case option
    }

    public enum Part: Sendable {
        case text(String)
        case node(QueryNode)
    }

    public var kind: Kind
    public var parts: [Part]

    public init(_ kind: Kind, _ parts: [Part]) {
        self.kind = kind
        self.parts = parts
    }

    public var text: String {
        var text = ""
        for part in parts {
            switch part {
            case .text(let piece): text += piece
            case .node(let node): text += node.text
            }
        }
        return text
    }

    public var children: [QueryNode] {
        parts.compactMap { if case .node(let node) = $0 { node } else { nil } }
    }

    /// Smaller queries of the same type, boldest first.
    public var smaller: [QueryNode] {
        var candidates: [QueryNode] = []
        if kind == .option { return parts.isEmpty ? [] : [QueryNode(.option, [])] }
        var level = children
        while !level.isEmpty {
            candidates += level.filter { $0.kind == kind }
            level = level.flatMap(\.children)
        }
        if kind == .scalar, text != "1" { candidates.append(QueryNode(.scalar, [.text("1")])) }
        for (index, part) in parts.enumerated() {
            guard case .node(let node) = part else { continue }
            for replacement in node.smaller {
                var copy = self
                copy.parts[index] = .node(replacement)
                candidates.append(copy)
            }
        }
        return candidates
    }

    /// The smallest query found that still fails, trying at most `attempts` others.
    public func shrunk(attempts: Int, _ fails: (QueryNode) throws -> Bool) rethrows -> QueryNode {
        var best = self
        var left = attempts
        var isProgressing = true
        while isProgressing {
            isProgressing = false
            for candidate in best.smaller where candidate.text.utf8.count < best.text.utf8.count {
                if left == 0 { return best }
                left -= 1
                if try fails(candidate) {
                    best = candidate
                    isProgressing = true
                    break
                }
            }
        }
        return best
    }
}

extension QueryNode {
    /// A query in which half of the places of a label have another one, matchers excepted.
    func renaming(
        _ name: String, to others: [String], _ random: inout SeededRandom
    ) -> QueryNode {
        var copy = self
        copy.parts = parts.map { part in
            switch part {
            case .text(let text): .text(Self.renaming(name, in: text, to: others, &random))
            case .node(let node): .node(node.renaming(name, to: others, &random))
            }
        }
        return copy
    }

    private static func renaming(
        _ name: String, in text: String, to others: [String], _ random: inout SeededRandom
    ) -> String {
        var pieces = text.split(separator: name, omittingEmptySubsequences: false)[...]
        var out = String(pieces.removeFirst())
        for piece in pieces {
            let isWhole = piece.first.map { !$0.isLetter && !"=!~._-".contains($0) } ?? true
            let isMatcher = piece.hasPrefix("\"=") || piece.hasPrefix("\"!")
            out += isWhole && !isMatcher && random.oneIn(2) ? random.pick(others) : name
            out += piece
        }
        return out
    }
}

extension QueryNode: ExpressibleByStringInterpolation {
    /// `"sum\(grouping)(\(inner))"` keeps its nodes.
    public struct StringInterpolation: StringInterpolationProtocol {
        var parts: [Part] = []

        public init(literalCapacity: Int, interpolationCount: Int) {}

        public mutating func appendLiteral(_ text: String) {
            if !text.isEmpty { parts.append(.text(text)) }
        }
        public mutating func appendInterpolation(_ node: QueryNode) { parts.append(.node(node)) }
        public mutating func appendInterpolation(_ text: String) { parts.append(.text(text)) }
    }

    /// A vector; `as` makes it something else.
    public init(stringInterpolation: StringInterpolation) {
        self.init(.vector, stringInterpolation.parts)
    }

    public init(stringLiteral text: String) { self.init(.vector, [.text(text)]) }

    public func `as`(_ kind: Kind) -> QueryNode { QueryNode(kind, parts) }
}

/// A replacement text with references to groups, as Go's `Regexp.Expand` reads it: the longest
/// run of letters, digits and underscores after `$` is the name, `$1x` is the group named `1x`.
struct ExpandTemplate {
    enum Reference {
        case number(Int)
        case name(String)
    }
    private enum Part {
        case text(String)
        case reference(Reference)
    }
    private var parts: [Part] = []

    init(_ template: String) {
        var rest = Substring(template)
        var literal = ""
        while let dollar = rest.firstIndex(of: "$") {
            literal += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                literal += "$"
                rest = rest.dropFirst()
            } else if let (reference, after) = Self.reference(in: rest) {
                parts.append(.text(literal))
                parts.append(.reference(reference))
                literal = ""
                rest = after
            } else {
                literal += "$"
            }
        }
        parts.append(.text(literal + rest))
    }

    func expanded(_ value: (Reference) -> String) -> String {
        parts.reduce(into: "") { text, part in
            switch part {
            case .text(let literal): text += literal
            case .reference(let reference): text += value(reference)
            }
        }
    }

    private static func reference(in rest: Substring) -> (Reference, Substring)? {
        let isBraced = rest.first == "{"
        let start = isBraced ? rest.dropFirst() : rest
        let name = start.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        guard !name.isEmpty else { return nil }
        var after = start[name.endIndex...]
        if isBraced {
            guard after.first == "}" else { return nil }
            after = after.dropFirst()
        }
        if name.allSatisfy({ $0.isASCII && $0.isNumber }) {
            return (.number(Int(name) ?? .max), after)
        }
        return (.name(String(name)), after)
    }
}

/// How names that are not of the old kind are written in an exposition, as the reader asks in
/// `Accept`.
enum NameEscaping: String, Sendable, CaseIterable {
    case allowUTF8 = "allow-utf-8"
    case underscores, dots, values

    /// Whether the name needs no quotes: what every name looked like before names were UTF-8.
    static func isLegacy(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.enumerated().allSatisfy {
                isLegacy($0.element, isFirst: $0.offset == 0)
            }
    }

    private static func isLegacy(_ scalar: Unicode.Scalar, isFirst: Bool) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "_", ":": true
        case "0"..."9": !isFirst
        default: false
        }
    }

    /// The name as it is written, without quotes.
    func escaped(_ name: String) -> String {
        switch self {
        case .allowUTF8: return name
        case .underscores: return Self.isLegacy(name) ? name : Self.replacing(name) { _ in "_" }
        case .dots:
            if Self.isLegacy(name) { return name }
            // Underscores are doubled, so that dots can be found again.
            return Self.replacing(name) { $0 == "." ? "_dot_" : "__" }
        case .values:
            if Self.isLegacy(name) { return name }
            return "U__" + Self.replacing(name) { $0 == "_" ? "__" : "_\(Self.code($0))_" }
        }
    }

    private static func code(_ scalar: Unicode.Scalar) -> String {
        scalar == "\u{FFFD}" ? "FFFD" : String(scalar.value, radix: 16)
    }

    /// The name with what is not of the old kind replaced, and underscores if `other` says so.
    private static func replacing(
        _ name: String, _ other: (Unicode.Scalar) -> String
    ) -> String {
        var out = ""
        for (index, scalar) in name.unicodeScalars.enumerated() {
            if scalar != "_", isLegacy(scalar, isFirst: index == 0) {
                out.unicodeScalars.append(scalar)
            } else {
                out += other(scalar)
            }
        }
        return out
    }
}

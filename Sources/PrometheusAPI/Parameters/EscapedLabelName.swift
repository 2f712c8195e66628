/// Label names in paths, which clients escape when they are no legacy names: `U__` and then `__`
/// for `_` and `_<hex>_` for any other character.
public enum EscapedLabelName {
    /// Names with a bad escape, and all others, stay as they are.
    public static func decoded(_ name: String) -> String {
        guard name.hasPrefix("U__") else { return name }
        var out = String.UnicodeScalarView()
        var rest = Substring(name).unicodeScalars.dropFirst(3)
        while let scalar = rest.popFirst() {
            guard scalar == "_" else {
                out.append(scalar)
                continue
            }
            if rest.first == "_" {
                rest.removeFirst()
                out.append("_")
                continue
            }
            let digits = rest.prefix { $0 != "_" }
            rest = rest[digits.endIndex...]
            guard rest.popFirst() != nil, !digits.isEmpty, digits.count <= 6,
                let code = UInt32(String(digits), radix: 16),
                let decoded = Unicode.Scalar(code)
            else { return name }
            out.append(decoded)
        }
        return String(out)
    }
}

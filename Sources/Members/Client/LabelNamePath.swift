/// A label name as a path segment. Names of letters, digits and underscores stand as they are; any
/// other is written with `U__`, each `_` doubled and each other character as `_hex_`, as Prometheus
/// 3.x reads it (`model.UnescapeName`).
enum LabelNamePath {
    static func segment(_ name: String) -> String {
        let isPlain = name.unicodeScalars.enumerated().allSatisfy { index, scalar in
            isWord(scalar) && (index > 0 || !("0"..."9").contains(scalar))
        }
        if isPlain, !name.isEmpty { return name }
        var out = "U__"
        for scalar in name.unicodeScalars {
            if scalar == "_" {
                out += "__"
            } else if isWord(scalar) {
                out.unicodeScalars.append(scalar)
            } else {
                out += "_\(String(scalar.value, radix: 16))_"
            }
        }
        return out
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }
}

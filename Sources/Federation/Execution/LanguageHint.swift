import PromQL

/// What helps with a member's refusal of a word that it does not know, because it is too old or too
/// new for it.
enum LanguageHint {
    /// Nil where the text is not about that.
    static func text(for refusal: String) -> String? {
        guard let function = unknownFunction(in: refusal) else { return nil }
        if let removed = function.removed {
            return "the function is not in Prometheus from \(removed) on"
        }
        return "the function came with Prometheus \(function.introduced)"
    }

    /// The function that a member's parser does not know, of a text in Prometheus's words.
    private static func unknownFunction(in refusal: String) -> Function? {
        guard let start = refusal.firstRange(of: "unknown function with name \"") else {
            return nil
        }
        return Function(rawValue: String(refusal[start.upperBound...].prefix { $0 != "\"" }))
    }
}

import Foundation

/// Says where two answers with histograms in them differ. Numbers may differ by the rounding of
/// another order of additions; everything else must be equal.
enum HistogramComparison {
    static func difference(_ ours: JSONValue, _ theirs: JSONValue) -> String? {
        for key in ["status", "errorType", "error"] where ours[key] != theirs[key] { return key }
        guard ours["data"]?["resultType"] == theirs["data"]?["resultType"] else {
            return "result type"
        }
        for key in ["warnings", "infos"] {
            let texts = (plain(ours[key]), plain(theirs[key]))
            // Hints at resets do not come through JSON, so neither does what the union says of
            // their conflicts (docs/exactness.md).
            let conflicts = texts.1.subtracting(texts.0).filter { $0.contains(conflict) }
            if texts.0 != texts.1.subtracting(conflicts) {
                return "\(key) \(texts.0), not \(texts.1)"
            }
            // An operator between histograms whose hints are in conflict gives nothing.
            if conflicts.contains(where: { !$0.hasSuffix("aggregation") }) { return nil }
        }
        return areEqual(sorted(ours["data"]?["result"]), sorted(theirs["data"]?["result"]))
            ? nil : "values"
    }

    private static let conflict = "conflicting counter resets during histogram"

    /// Without the positions, which only the asker's own query text can give, and without the
    /// members that an annotation came from.
    private static func plain(_ annotations: JSONValue?) -> Set<String> {
        Set(
            (annotations?.strings ?? []).map { text in
                guard text.hasSuffix(")"), let open = text.lastIndex(of: "("),
                    text[open...].contains(":") || text[open...].hasPrefix("(project ")
                else { return text }
                return String(text[..<open]).trimmingCharacters(in: .whitespaces)
            })
    }

    /// A vector has no order.
    private static func sorted(_ result: JSONValue?) -> [JSONValue] {
        (result?.items ?? []).sorted { "\($0["metric"] ?? $0)" < "\($1["metric"] ?? $1)" }
    }

    private static func areEqual(_ ours: [JSONValue], _ theirs: [JSONValue]) -> Bool {
        ours.count == theirs.count && zip(ours, theirs).allSatisfy { areEqual($0, $1) }
    }

    private static func areEqual(_ ours: JSONValue, _ theirs: JSONValue) -> Bool {
        switch (ours, theirs) {
        case (.array(let ours), .array(let theirs)): return areEqual(ours, theirs)
        case (.object(let ours), .object(let theirs)):
            return ours.map(\.key) == theirs.map(\.key)
                && areEqual(ours.map(\.value), theirs.map(\.value))
        case (.string(let our), .string(let their)):
            guard our != their else { return true }
            guard let our = Double(our), let their = Double(their) else { return false }
            return abs(our - their) <= 1e-9 * max(1, abs(our), abs(their))
        default: return ours == theirs
        }
    }
}

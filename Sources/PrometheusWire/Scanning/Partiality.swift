/// Whether an answer lacks data that its server could not reach: the one place that decides it, for
/// every endpoint, from what stands in the answer beside its data.
public enum Partiality {
    /// Why data is missing, in words of the answer; nil of a whole one.
    ///
    /// Parts are missing where the answer says so in its field `isPartial` (a VictoriaMetrics
    /// cluster), or where one of its warnings tells of a server behind it that failed. Other
    /// warnings, those of PromQL and the one about `limit` first of all, do not count.
    ///
    /// - Parameter isPartial: the field, wherever in the answer it stood.
    public static func cause(isPartial: Bool, warnings: [String]) -> String? {
        let told = warnings.filter { WarningSubject(of: $0) == .missingPart }
        if !told.isEmpty { return told.joined(separator: "; ") }
        return isPartial ? "it answers with a part of its data (isPartial)" : nil
    }

}

/// What a member's warning is about, as far as that decides anything: the one place that reads the
/// words of other servers for it.
public enum WarningSubject: Sendable, Equatable {
    /// Results were cut to the request's `limit`.
    case truncation
    /// Data that the server could not reach is missing.
    case missingPart
    case other

    public init(of warning: String) {
        if warning == RequestLimit.truncationWarning {
            self = .truncation
        } else {
            self = Self.tellsOfAMissingPart(warning) ? .missingPart : .other
        }
    }

    private static func tellsOfAMissingPart(_ warning: String) -> Bool {
        let text = warning.lowercased()
        if text.hasPrefix("promql ") { return false }
        // Another gateway like this one, about a project of its own.
        if text.hasPrefix("project \"") && text.contains("\": ") { return true }
        return signs.contains { text.contains($0) }
    }

    private static let signs = [
        // Thanos, about the stores behind it.
        "receive series from", "fetch series for", "failed to receive any data",
        "fetch label names from", "fetch label values from", "rpc error: code =",
        "fetching rules from", "receiving rules from", "fetching exemplars from",
        "receiving exemplars from", "fetching targets from", "receiving targets from",
        "fetching metadata from", "receiving metadata from",
        // Prometheus with remote_read, about the servers it reads from.
        "remote server ", "error sending request", "error reading response",
        // Cortex and others.
        "partial data", "partial response", "partial result",
    ]
}

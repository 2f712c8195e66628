public import PrometheusWire
import Synchronization

/// Counts the answers that lack members, by what that does to them.
public final class AnswerCounts: Sendable {
    private struct Key: Hashable {
        var effect: String
        var isGiven: Bool
    }

    private let counts = Mutex<[Key: Int]>([:])

    public init() {}

    /// - Parameters:
    ///   - effect: On the answer; nil for lists, of which elements are missing.
    ///   - isGiven: Whether the answer was given, with a warning; else it was an error.
    func count(_ effect: MissingMemberEffect?, isGiven: Bool) {
        let key = Key(effect: (effect ?? .subset).words, isGiven: isGiven)
        counts.withLock { $0[key, default: 0] += 1 }
    }

    /// The counts as they are now.
    public func exposition() -> ExpositionText {
        let counts = counts.withLock { $0 }
        var text = ExpositionText()
        for (family, isGiven) in [(Self.given, true), (Self.refused, false)] {
            text.family(family)
            for effect in [
                MissingMemberEffect.none, .subset, .incompleteAggregate, .mayBeWrong(""),
            ] {
                let key = Key(effect: effect.words, isGiven: isGiven)
                text.sample([("effect", effect.words)], Double(counts[key] ?? 0))
            }
        }
        return text
    }

    private static let given = MetricFamily(
        "tributary_partial_answers_total", .counter,
        "Answers that were given though members, or some of their data, were missing, by what that "
            + "does to them (docs/exactness.md).", labels: ["effect"])
    private static let refused = MetricFamily(
        "tributary_partial_answers_refused_total", .counter,
        "Requests answered with an error because members were missing.", labels: ["effect"])

    public static let families = [given, refused]
}

public import PrometheusWire
import Synchronization
import TimeSeries

/// Counts answers that lack members, by what that does to them; what answers say beside their data; and
/// how queries were planned.
public final class AnswerCounts: Sendable {
    private struct Key: Hashable {
        var effect: String
        var isGiven: Bool
    }

    /// What an answer says beside its data.
    private enum Remark: String, CaseIterable {
        case missing, warning, info
    }

    /// Who computes a query.
    private enum Computing: String, CaseIterable {
        case members, merged, gateway, none

        init(_ plan: Plan) {
            if plan.fetches.isEmpty {
                self = .none
            } else if case .union = plan.root {
                self = .members
            } else {
                self = plan.notes.isEmpty ? .merged : .gateway
            }
        }
    }

    private struct State {
        var answers: [Key: Int] = [:]
        var remarks: [Remark: Int] = [:]
        var plans: [Computing: Int] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// - Parameters:
    ///   - effect: On the answer; nil for lists, of which elements are missing.
    ///   - isGiven: Whether the answer was given, with a warning; else it was an error.
    func count(_ effect: MissingMemberEffect?, isGiven: Bool) {
        let key = Key(effect: (effect ?? .subset).words, isGiven: isGiven)
        state.withLock { $0.answers[key, default: 0] += 1 }
    }

    /// - Parameters:
    ///   - failures: Members that an answer tells to be missing.
    ///   - warnings: About values, or the query.
    func count(failures: Int, warnings: Int, infos: Int) {
        if failures + warnings + infos == 0 { return }
        state.withLock { state in
            state.remarks[.missing, default: 0] += failures
            state.remarks[.warning, default: 0] += warnings
            state.remarks[.info, default: 0] += infos
        }
    }

    func count(_ plan: Plan) {
        let computing = Computing(plan)
        state.withLock { $0.plans[computing, default: 0] += 1 }
    }

    /// The counts as they are now.
    public func exposition() -> ExpositionText {
        let state = state.withLock { $0 }
        var text = ExpositionText()
        for (family, isGiven) in [(Self.given, true), (Self.refused, false)] {
            text.family(family)
            for effect in [
                MissingMemberEffect.none, .subset, .incompleteAggregate, .mayBeWrong(""),
            ] {
                let key = Key(effect: effect.words, isGiven: isGiven)
                text.sample([("effect", effect.words)], Double(state.answers[key] ?? 0))
            }
        }
        text.family(Self.remarks)
        for remark in Remark.allCases {
            text.sample([("kind", remark.rawValue)], Double(state.remarks[remark] ?? 0))
        }
        text.family(Self.plans)
        for computing in Computing.allCases {
            text.sample([("computed", computing.rawValue)], Double(state.plans[computing] ?? 0))
        }
        let pushed = (state.plans[.members] ?? 0) + (state.plans[.merged] ?? 0)
        let all = pushed + (state.plans[.gateway] ?? 0)
        if all > 0 { text.family(Self.ratio, is: Double(pushed) / Double(all)) }
        return text
    }

    private static let given = MetricFamily(
        "tributary_partial_answers_total", .counter,
        "Answers that were given though members, or some of their data, were missing, by what that "
            + "does to them (docs/exactness.md).", labels: ["effect"])
    private static let refused = MetricFamily(
        "tributary_partial_answers_refused_total", .counter,
        "Requests answered with an error because members were missing.", labels: ["effect"])

    private static let remarks = MetricFamily(
        "tributary_warnings_total", .counter,
        "What answers say beside their data: members that are missing (missing), warnings and infos "
            + "about values or the query (warning, info).", labels: ["kind"])
    private static let plans = MetricFamily(
        "tributary_query_plans_total", .counter,
        "Queries by who computes them: each member its part, whose answers are put together as they are "
            + "(members) or merged here (merged); the gateway something that members cannot compute alone "
            + "(gateway); no member is asked (none).", labels: ["computed"])
    private static let ratio = MetricFamily(
        "tributary_plan_pushdown_ratio", .gauge,
        "The share of the queries since the start, of those that asked members, of which members compute "
            + "everything but the merge; absent before the first.")

    public static let families = [given, refused, remarks, plans, ratio]
}

extension AnswerCounts? {
    /// Appends the end of an answer, and counts what it says.
    ///
    /// - Parameter failures: About members that are missing.
    func appendTail(
        failures: [String], warnings: Set<String>, infos: Set<String>, to out: inout [UInt8]
    ) {
        self?.count(failures: failures.count, warnings: warnings.count, infos: infos.count)
        Envelope.appendTail(failures: failures, warnings: warnings, infos: infos, to: &out)
    }
}

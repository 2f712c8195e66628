import Federation
import GatewayConfiguration
import GoText
import PrometheusWire

/// Members that have no part in an answer, and what follows from that.
struct MissingMembers: Sendable {
    /// In the order they were found missing; the first cause of each.
    private(set) var causes: [(member: Int, failure: FragmentFailure)] = []
    let names: [String]

    init(names: [String]) { self.names = names }

    var members: Set<Int> { Set(causes.map(\.member)) }
    var isEmpty: Bool { causes.isEmpty }

    mutating func add(_ member: Int, _ failure: FragmentFailure) {
        if !causes.contains(where: { $0.member == member }) { causes.append((member, failure)) }
    }

    /// The warnings that stand for the missing members, if the answer may be given without them.
    ///
    /// - Throws: the error that the answer is instead.
    func warnings(for plan: Plan, under policy: PartialResponse) throws(APIError) -> [String] {
        try warnings(
            asked: plan.membersAsked, under: policy,
            effect: causes.isEmpty ? .none : plan.effect(ofMissing: members))
    }

    /// The same for an answer without a plan.
    ///
    /// - Parameters:
    ///   - asked: Members that were asked.
    ///   - effect: What the members that are missing do to the answer.
    func warnings(
        asked: Set<Int>, under policy: PartialResponse, effect: MissingMemberEffect
    ) throws(APIError) -> [String] {
        if causes.isEmpty { return [] }
        if let error = unanimousRejection(by: asked) { throw error }
        for (member, failure) in causes {
            switch failure {
            case .rejected(let error):
                let hint = LanguageHint.text(for: error.message).map { " (\($0))" } ?? ""
                throw APIError(error.kind, "\(named(member)): \(error.message)\(hint)")
            case .limit(let text), .undecidable(let text), .loop(let text):
                throw APIError(.execution, "\(named(member)): \(text)")
            case .noTurn, .cancelled: if let error = failure.ofQuery { throw error }
            case .timeout, .unavailable, .exceeded, .partial, .noRemoteRead: continue
            }
        }
        if members.isSuperset(of: asked) {
            throw error(
                because: areParts ? "a part of the answer will not do" : "no member answered")
        }
        switch policy {
        case .abort: throw error(because: nil)
        case .safe:
            if case .mayBeWrong(let construct) = effect {
                throw error(because: "\(construct) could answer wrongly without it")
            }
        case .warn: break
        }
        return causes.map { member, failure in
            "\(named(member)): \(failure.text) (the answer is \(effect.mark) without it)"
        }
    }

    /// Whether every member answered, but none wholly.
    private var areParts: Bool {
        causes.allSatisfy { _, failure in
            if case .partial = failure { true } else { false }
        }
    }

    /// The warning about a member that is in the answer without some of its data.
    ///
    /// - Parameter effect: of data missing, on the whole answer.
    static func warning(
        aboutPartOf name: String, _ cause: String, _ effect: MissingMemberEffect
    ) -> String {
        "project \(GoQuoting.quote(name)): \(cause) (the answer is \(effect.mark) without it)"
    }

    /// What every member that was asked says of the query in the same words is what one server
    /// would say of it, and needs no name.
    private func unanimousRejection(by asked: Set<Int>) -> APIError? {
        guard members.isSuperset(of: asked) else { return nil }
        var common: APIError?
        for (_, failure) in causes {
            switch failure {
            case .rejected(let error), .exceeded(let error):
                if let common, common != error { return nil }
                common = error
            case .loop, .timeout, .unavailable, .limit, .undecidable, .noTurn, .partial,
                .noRemoteRead, .cancelled:
                return nil
            }
        }
        return common
    }

    /// The error about members that turned out after the answer had begun not to have answered
    /// wholly, where they had to; nil when there are none.
    var latePart: APIError? {
        let parts = causes.filter { _, failure in
            if case .partial = failure { true } else { false }
        }
        guard !parts.isEmpty else { return nil }
        return APIError(
            .unavailable,
            parts.map { "\(named($0.member)): \($0.failure.text)" }.joined(separator: "; "))
    }

    /// The warnings about members that failed after the answer had begun, which can then only be a
    /// union.
    var lateWarnings: [String] {
        causes.map { "\(named($0.member)): \($0.failure.text) (its part of the answer is cut off)" }
    }

    private func error(because reason: String?) -> APIError {
        let isTimeout = causes.allSatisfy { _, failure in
            if case .timeout = failure { true } else { false }
        }
        // Asking again does not help against limits.
        let isAboutLimits = causes.allSatisfy { _, failure in
            if case .exceeded = failure { true } else { false }
        }
        let texts = causes.map { "\(named($0.member)): \($0.failure.text)" }
        let all = texts.joined(separator: "; ")
        return APIError(
            isTimeout ? .timeout : isAboutLimits ? .execution : .unavailable,
            reason.map { "\(all) (\($0))" } ?? all)
    }

    private func named(_ member: Int) -> String { "project \(GoQuoting.quote(names[member]))" }
}

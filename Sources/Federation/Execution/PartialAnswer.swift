import GatewayConfiguration
import GoText
import PromQL
import PrometheusWire
import RequestTelemetry
import TimeSeries
import Upstream

/// Members that have no part in an answer, or not with all of their data, and what follows from
/// that. This is the one place where a missing member meets the policy.
public struct PartialAnswer: Sendable {
    /// Of the project's members.
    public let names: [String]
    /// In the order they were found missing; the first cause of each.
    public private(set) var missing: [(member: Int, error: UpstreamError)] = []
    /// Why data is missing of members that are in the answer, by member.
    public private(set) var parts: [Int: String] = [:]

    /// Counts answers from which somebody is missing.
    var counts: AnswerCounts?

    public init(names: [String], counts: AnswerCounts? = nil) {
        self.names = names
        self.counts = counts
    }

    /// Those that are missing.
    public var members: Set<Int> { Set(missing.map(\.member)) }

    /// Notes that a member gave no answer, or none that can be used. It is in the answer wholly or
    /// not at all.
    public mutating func add(_ member: Int, _ error: UpstreamError) {
        if !missing.contains(where: { $0.member == member }) { missing.append((member, error)) }
        parts[member] = nil
    }

    /// Notes that a member answered without some of its data; nil for a whole answer.
    public mutating func add(partOf member: Int, _ cause: String?) {
        guard let cause, parts[member] == nil, !members.contains(member) else { return }
        parts[member] = cause
    }

    /// The warnings about members that are missing, wholly or in part, if the answer may be given
    /// without them.
    ///
    /// - Parameters:
    ///   - asked: Members that were asked.
    ///   - effect: What the members that are missing do to the answer, and what some of their data
    ///     missing does; nil where that goes without saying, as in lists.
    ///   - phase: Of a query, where it is; an error that its time is up then says so in the
    ///     reference's words.
    /// - Throws: the error that the answer is instead.
    public func admit(
        asked: Set<Int>, under policy: PartialResponse,
        effect: (missing: MissingMemberEffect, parts: MissingMemberEffect)?,
        in phase: QueryPhase? = nil
    ) throws(APIError) -> [String] {
        if missing.isEmpty, parts.isEmpty { return [] }
        let worst = missing.isEmpty ? effect?.parts : effect?.missing
        do throws(APIError) {
            let warnings = try admitted(asked, policy, effect, phase)
            counts?.count(worst, isGiven: true)
            return warnings
        } catch {
            counts?.count(worst, isGiven: false)
            throw error
        }
    }

    private func admitted(
        _ asked: Set<Int>, _ policy: PartialResponse,
        _ effect: (missing: MissingMemberEffect, parts: MissingMemberEffect)?,
        _ phase: QueryPhase?
    ) throws(APIError) -> [String] {
        if !missing.isEmpty {
            RequestScope.current?.record?.add(
                missing: missing.map { "\(names[$0.member]): \($0.error.cause)" })
            try check(asked, policy, effect?.missing ?? .subset, phase)
        }
        if policy == .abort, let first = parts.min(by: { $0.key < $1.key }) {
            throw APIError(.unavailable, "\(named(first.key)): \(first.value)")
        }
        return missing.map { member, error in
            warning(about: member, error.cause, effect?.missing.warning)
        }
            + parts.sorted { $0.key < $1.key }.map { member, cause in
                warning(about: member, cause, effect?.parts.warningOfPart)
            }
    }

    private func check(
        _ asked: Set<Int>, _ policy: PartialResponse, _ effect: MissingMemberEffect,
        _ phase: QueryPhase?
    ) throws(APIError) {
        if let error = unanimousRejection(by: asked) { throw error }
        for (member, error) in missing {
            switch error.kind {
            case .rejectedQuery(_, _, let text):
                let hint = LanguageHint.text(for: text).map { " (\($0))" } ?? ""
                throw APIError(error.kind.apiKind, "\(named(member)): \(text)\(hint)")
            case .limit, .undecidable, .loop:
                throw APIError(.execution, "\(named(member)): \(error.cause)")
            case .noTurn, .noMemory, .cancelled: if let error = error.ofQuery { throw error }
            case .connect, .tls, .connectTimeout, .timeout, .laneTimeout, .broken, .http,
                .notPrometheus, .malformed, .oversized, .exceeded, .ownGrid, .partial,
                .unavailable, .noRemoteRead:
                continue
            }
        }
        if members.isSuperset(of: asked) {
            throw self.error(
                because: areParts ? "a part of the answer will not do" : "no member answered",
                in: phase)
        }
        switch policy {
        case .abort: throw self.error(because: nil, in: phase)
        case .safe:
            if case .mayBeWrong(let construct) = effect {
                throw self.error(
                    because: "\(construct) could be wrong without it", in: phase)
            }
        case .warn: break
        }
    }

    /// The warning about a member that is missing, or some of its data.
    ///
    /// - Parameter effect: on the whole answer, in words; nil where it goes without saying.
    public func warning(about member: Int, _ cause: String, _ effect: String?) -> String {
        let ending = effect.map { " (\($0))" } ?? ""
        return "\(named(member)): \(cause)\(ending)"
    }

    /// A member that is missing, wholly or in part, for clients that read more than text.
    struct Told: Sendable, Equatable {
        var project: String
        var error: String
        /// On the answer, in words.
        var effect: String
    }

    /// Those that are missing, then those of which some data is missing.
    func told(_ effect: (missing: MissingMemberEffect, parts: MissingMemberEffect)) -> [Told] {
        missing.map { member, error in
            Told(project: names[member], error: error.cause, effect: effect.missing.warning)
        }
            + parts.sorted { $0.key < $1.key }.map { member, cause in
                Told(project: names[member], error: cause, effect: effect.parts.warningOfPart)
            }
    }

    /// Whether every member answered, but none wholly.
    private var areParts: Bool {
        missing.allSatisfy { _, error in
            if case .partial = error.kind { true } else { false }
        }
    }

    /// What every member that was asked says of the question in the same words is what one server
    /// would say of it, and needs no name.
    private func unanimousRejection(by asked: Set<Int>) -> APIError? {
        guard members.isSuperset(of: asked) else { return nil }
        var common: APIError?
        for (_, error) in missing {
            switch error.kind {
            case .rejectedQuery(_, _, let text), .exceeded(_, _, let text):
                let own = APIError(error.kind.apiKind, text)
                if let common, common != own { return nil }
                common = own
            default: return nil
            }
        }
        return common
    }

    private func error(because reason: String?, in phase: QueryPhase?) -> APIError {
        let kinds = missing.map(\.error.kind)
        let kind: APIError.Kind
        if kinds.allSatisfy({ $0.apiKind == .timeout }) {
            kind = .timeout
        } else {
            // Asking again does not help against limits.
            let areLimits = kinds.allSatisfy {
                switch $0 {
                case .exceeded, .oversized: true
                default: false
                }
            }
            kind = areLimits ? .execution : .unavailable
        }
        let all = missing.map { "\(named($0.member)): \($0.error.cause)" }.joined(separator: "; ")
        let text = reason.map { "\(all) (\($0))" } ?? all
        if kind == .timeout, let phase { return .timedOut(in: phase, because: text) }
        return APIError(kind, text)
    }

    private func named(_ member: Int) -> String { "project \(GoQuoting.quote(names[member]))" }

    // MARK: Once the answer has begun

    /// The error about members that turned out after the answer had begun not to have answered
    /// wholly, where they had to; nil when there are none.
    public var latePart: APIError? {
        let parts = missing.filter { _, error in
            if case .partial = error.kind { true } else { false }
        }
        guard !parts.isEmpty else { return nil }
        return APIError(
            .unavailable,
            parts.map { "\(named($0.member)): \($0.error.cause)" }.joined(separator: "; "))
    }

    /// The warnings about members that failed after the answer had begun, which can then only be a
    /// union.
    public var lateWarnings: [String] {
        missing.map {
            "\(named($0.member)): \($0.error.cause) (its part of the answer is cut off)"
        }
    }
}

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

/// Warnings and infos that members sent: each text once, with the members it came from, and
/// without the position, which points into the text that was sent. Warnings about data that a
/// member could not reach are told with the missing members.
public struct MemberAnnotations: Sendable {
    /// False where the answer is one member's own: its texts then are given as they came.
    var areNamed = true
    private var warningMembers: [String: Set<String>] = [:]
    private var infoMembers: [String: Set<String>] = [:]

    mutating func add(_ trailer: ResponseScanner.Trailer, from member: String) {
        add(warnings: trailer.warnings, infos: trailer.infos, from: member)
    }

    /// Whether anything was cut is judged on the merged answer.
    mutating func add(warnings: [String], infos: [String], from member: String) {
        for text in warnings where WarningSubject(of: text) == .other {
            warningMembers[given(text), default: []].insert(member)
        }
        for text in infos {
            infoMembers[given(text), default: []].insert(member)
        }
    }

    public var warnings: Set<String> { Set(warningMembers.map(named)) }
    public var infos: Set<String> { Set(infoMembers.map(named)) }

    private func given(_ text: String) -> String {
        areNamed ? Self.withoutPosition(text) : text
    }

    private func named(_ text: String, _ members: Set<String>) -> String {
        guard areNamed else { return text }
        let names = members.sorted().map { GoQuoting.quote($0) }.joined(separator: ", ")
        return "\(text) (project \(names))"
    }

    /// Cuts ` (1:23)` off the end.
    static func withoutPosition(_ text: String) -> String {
        guard text.hasSuffix(")"), let open = text.lastIndex(of: "(") else { return text }
        let inside = text[text.index(after: open)...].dropLast()
        let isPosition =
            inside.contains(":")
            && inside.allSatisfy { $0 == ":" || ($0.isASCII && $0.isNumber) }
        guard isPosition else { return text }
        var rest = text[..<open]
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}

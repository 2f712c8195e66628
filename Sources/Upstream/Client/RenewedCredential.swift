import GoText
import HTTPTransport
import PrometheusWire
import UpstreamSettings

/// Why there is no credential; it names no URL and holds no secret.
struct CredentialRefusal: Error {
    var text: String
}

/// A credential of a member that is valid for a time, and that an endpoint gives anew. One request for
/// it is under way at a time. An endpoint that failed is not asked again for a moment.
final class RenewedCredential<Value: Sendable & Equatable>: Sendable {
    /// What the endpoint gave.
    struct Held: Sendable {
        var value: Value
        /// When it was asked for.
        var begun: MonotonicInstant
        /// From then on another one is asked for.
        var freshUntil: MonotonicInstant
        var expires: MonotonicInstant
    }

    typealias Answer = Result<Held, CredentialRefusal>

    private struct State {
        var held: Held?
        /// Those before, which requests under way may carry; the newest last.
        var former: [Value] = []
        /// The last failure, which is the answer for a moment.
        var refusal: (text: String, until: MonotonicInstant)?
        var asking: Task<Answer, Never>?

        mutating func forget() {
            guard let held else { return }
            former = former.suffix(1) + [held.value]
            self.held = nil
        }
    }

    private enum Step {
        case value(Value)
        case refused(String)
        case wait(Task<Answer, Never>)
    }

    /// How long an endpoint that failed is not asked again.
    private static var pause: Duration { .seconds(1) }

    private let state = LockedValue(State())

    /// All that requests under way may carry.
    var known: [Value] {
        state.withLock { state in (state.held.map { [$0.value] } ?? []) + state.former }
    }

    /// One that has not expired, as far as is known. One that is to be replaced serves until it expires.
    ///
    /// - Parameter renew: Asks the endpoint, within a time of its own.
    /// - Throws: `unavailable` when the endpoint gives none, `timeout` when it does not in time.
    func value(
        until deadline: ContinuousClock.Instant, renew: @escaping @Sendable () async -> Answer
    ) async throws(UpstreamError.Kind) -> Value {
        let step = state.withLock { state -> Step in
            let now = MonotonicInstant.now
            let valid = state.held.flatMap { now < $0.expires ? $0 : nil }
            if let valid, now < valid.freshUntil { return .value(valid.value) }
            if state.asking == nil, let refusal = state.refusal, now < refusal.until {
                return valid.map { .value($0.value) } ?? .refused(refusal.text)
            }
            let asking = state.asking ?? Task { await self.renewed(renew) }
            state.asking = asking
            return valid.map { .value($0.value) } ?? .wait(asking)
        }
        switch step {
        case .value(let value): return value
        case .refused(let text): throw .unavailable(text)
        case .wait(let asking):
            let patience = max(.zero, deadline - .now)
            guard let result = await asking.value(within: patience) else {
                throw Task.isCancelled ? .cancelled : .timeout
            }
            do throws(CredentialRefusal) {
                return try result.get().value
            } catch {
                throw .unavailable(error.text)
            }
        }
    }

    /// The member refuses one, which is used no more.
    ///
    /// - Parameter age: A younger one is kept.
    /// - Returns: Whether another one is to be had.
    @discardableResult
    func drop(_ value: Value, olderThan age: Duration = .zero) -> Bool {
        state.withLock { state in
            guard let held = state.held, held.value == value else { return true }
            if held.begun.duration(to: .now) < age { return false }
            state.forget()
            return true
        }
    }

    private func renewed(_ renew: @Sendable () async -> Answer) async -> Answer {
        let answer = await renew()
        state.withLock { state in
            state.asking = nil
            switch answer {
            case .success(let held):
                state.forget()
                state.held = held
                state.refusal = nil
            case .failure(let refusal):
                state.refusal = (
                    refusal.text, MonotonicInstant.now.advanced(by: Self.pause)
                )
            }
        }
        return answer
    }
}

extension Credentials {
    /// A text with these secrets taken out, which an endpoint may repeat, also as in a form.
    func redacting(_ text: String) -> String {
        let plain = secrets.flatMap(\.exposedValues)
        let hidden = plain + plain.map(FormText.encoded)
        return hidden.filter { $0.count >= 4 }.reduce(text) { $0.replacing($1, with: "<redacted>") }
    }

    /// The beginning of an endpoint's words. Secrets are taken out first, so that none is cut in two.
    func shown(_ words: String) -> String {
        String(ContentSniffer.shown(Array(redacting(words).utf8)).dropFirst().dropLast())
    }
}

import GoText
import PrometheusAPI

extension MemberClient {
    /// The member's external labels: those that are configured, else those that it shows. One that
    /// does not show its configuration is taken to have
    /// none; one that does not answer has failed.
    func externalLabels(
        deadline: ContinuousClock.Instant?
    ) async throws(MemberFailure) -> ExternalLabels {
        if case .remoteCoroot = configuration.kind { return ExternalLabels() }
        let now = MonotonicClock.milliseconds()
        if let known = state.withLock({ $0.externalLabels.labels(at: now) }) { return known }
        var found = ExternalLabels()
        if let configured = configuration.externalLabels {
            found.labels = configured.map {
                ExternalLabels.Label(name: $0.name, value: $0.value)
            }
        } else {
            found = try await shownLabels(deadline: deadline)
        }
        // The query API adds nothing: what it shows is the series' own.
        for index in found.labels.indices {
            let label = found.labels[index]
            let values = try await labelValues(label.name, SeriesSelection(deadline: deadline))
            found.labels[index].isAlsoOwn = values.elements.contains {
                $0.utf8.elementsEqual(label.value.utf8)
            }
        }
        let doubled = found.labels.filter(\.isAlsoOwn)
        guard doubled.count <= ExternalLabels.mostAlsoOwn else {
            throw MemberFailure(
                member: configuration.name,
                kind: .unavailable(
                    "series have \(doubled.count) of the member's external labels of their own; "
                        + "remote read can tell at most \(ExternalLabels.mostAlsoOwn) apart"),
                attempts: 0, milliseconds: 0)
        }
        state.withLock { [found] in $0.externalLabels.learned(found, at: now) }
        return found
    }

    private func shownLabels(
        deadline: ContinuousClock.Instant?
    ) async throws(MemberFailure) -> ExternalLabels {
        do throws(MemberFailure) {
            let shown = try await document(
                MemberRequest(path: "/api/v1/status/config", method: .get, isAdvisory: true),
                deadline: deadline)
            return Self.externalLabels(ofConfiguration: shown.data)
        } catch {
            switch error.kind {
            case .http(let status, _) where status < 500: return ExternalLabels()
            case .notPrometheus, .malformed, .rejectedQuery, .exceeded: return ExternalLabels()
            default: throw error
            }
        }
    }

    private static func externalLabels(ofConfiguration data: [UInt8]) -> ExternalLabels {
        var found = ExternalLabels()
        var cursor = JSONCursor(data)
        // A document's data is known to be JSON; what is no object shows nothing.
        try? cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            if key == "yaml" {
                found = ExternalLabels.of(configuration: try cursor.string())
            } else {
                try cursor.skip()
            }
        }
        return found
    }
}

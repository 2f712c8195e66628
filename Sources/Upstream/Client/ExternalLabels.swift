import GoText
import HTTPTransport
import PrometheusWire
import UpstreamSettings
import YAML

/// The labels that a Prometheus adds to all it sends to others, remote read among it, but not to
/// answers of its query API.
struct ExternalLabels: Sendable, Equatable {
    struct Label: Sendable, Equatable {
        var name: String
        var value: String
        /// Whether some series of the member have the same label of their own, which must stay.
        var isAlsoOwn = false
    }

    /// Labels of `isAlsoOwn`, each of which doubles the queries.
    static let mostAlsoOwn = 4

    var labels: [Label] = []

    /// Reads them off a configuration as `status/config` shows it. Only the section that holds them
    /// is looked at: the rest may be long, and is none of our business.
    ///
    /// - Returns: nil where the section cannot be read, so that there may be some.
    static func of(configuration text: String) -> ExternalLabels? {
        var section = ""
        var isInside = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let first = line.utf8.first, first != 0x20, first != UInt8(ascii: "#") {
                if isInside { break }
                isInside = line.hasPrefix("global:")
            }
            if isInside { section += line + "\n" }
        }
        let limits = YAMLLimits(bytes: 1 << 20, values: 10_000)
        guard let documents = try? YAMLComposer.documents(of: section, limits: limits) else {
            return nil
        }
        guard let shown = documents.first?["global"]?["external_labels"] else {
            return ExternalLabels()
        }
        guard case .mapping(let pairs) = shown.content else { return nil }
        var found = ExternalLabels()
        for pair in pairs {
            guard let value = pair.value.text else { return nil }
            found.labels.append(Label(name: pair.key, value: value))
        }
        return found
    }

    /// A query as it must be sent, and the labels that the server adds to its series.
    typealias Share = (query: RemoteReadRequest.Query, added: [RemoteSeriesEditor.Label])

    /// The queries that together are one. Which of the labels of a series were added is not said;
    /// so where series may have one of their own, those that do are asked for by themselves.
    func split(_ query: RemoteReadRequest.Query) -> [Share] {
        var whole = query
        whole.matchers = whole.matchers.map(guarded)
        var shares: [Share] = [(whole, [])]
        for label in labels {
            let added = RemoteSeriesEditor.Label(name: label.name, value: label.value)
            guard label.isAlsoOwn else {
                for index in shares.indices { shares[index].added.append(added) }
                continue
            }
            let expression = Self.quoted(label.value)
            shares = shares.flatMap { share -> [Share] in
                var (own, other) = (share, share)
                own.query.matchers.append(
                    RemoteReadRequest.Matcher(label.name, .regexMatch, expression))
                other.query.matchers.append(
                    RemoteReadRequest.Matcher(label.name, .regexNoMatch, expression))
                other.added.append(added)
                return [own, other]
            }
        }
        return shares
    }

    /// A server takes `label="value"` on one of its external labels to ask for series that do not
    /// have the label. As an expression the same question is left alone.
    private func guarded(_ matcher: RemoteReadRequest.Matcher) -> RemoteReadRequest.Matcher {
        guard matcher.op == .equal,
            labels.contains(where: {
                $0.name.utf8.elementsEqual(matcher.name.utf8)
                    && $0.value.utf8.elementsEqual(matcher.value.utf8)
            })
        else { return matcher }
        return RemoteReadRequest.Matcher(matcher.name, .regexMatch, Self.quoted(matcher.value))
    }

    /// An expression that matches this text alone.
    static func quoted(_ text: String) -> String {
        var quoted = ""
        for scalar in text.unicodeScalars {
            if "\\.+*?()|[]{}^$".unicodeScalars.contains(scalar) { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted
    }
}

/// What is known of a member's external labels, and for how long.
struct ExternalLabelCache: Sendable {
    /// A server may be given another configuration at any time.
    static let freshFor = Duration.seconds(60)

    private var labels = ExternalLabels()
    private var freshUntil: MonotonicInstant?

    /// nil when the member must be asked.
    func labels(at now: MonotonicInstant) -> ExternalLabels? {
        guard let freshUntil, now < freshUntil else { return nil }
        return labels
    }

    mutating func learned(_ labels: ExternalLabels, at now: MonotonicInstant) {
        self.labels = labels
        freshUntil = now.advanced(by: Self.freshFor)
    }
}

extension UpstreamClient {
    /// The member's external labels: those that are configured, else those that it shows. One that
    /// has no such page is taken to have none. Where the page cannot be had or read there may be
    /// some, which would be taken for the series' own: that is a failure.
    func externalLabels(
        deadline: ContinuousClock.Instant?
    ) async throws(UpstreamError) -> ExternalLabels {
        guard case .prometheus(let source) = configuration.source else { return ExternalLabels() }
        let now = MonotonicInstant.now
        if let known = state.withLock({ $0.externalLabels.labels(at: now) }) { return known }
        var found = ExternalLabels()
        if let configured = source.externalLabels {
            found.labels = configured.sorted { $0.key < $1.key }.map {
                ExternalLabels.Label(name: $0.key, value: $0.value)
            }
        } else {
            found = try await shownLabels(deadline: deadline)
        }
        // The query API adds nothing: what it shows is the series' own.
        for index in found.labels.indices {
            let label = found.labels[index]
            let values = try await labelValues(label.name, SeriesSelection(deadline: deadline))
            found.labels[index].isAlsoOwn = values.elements.contains(label.value)
        }
        let doubled = found.labels.filter(\.isAlsoOwn)
        guard doubled.count <= ExternalLabels.mostAlsoOwn else {
            throw UpstreamError(
                member: configuration.name,
                kind: .unavailable(
                    "series have \(doubled.count) of the member's external labels of their own; "
                        + "remote read can tell at most \(ExternalLabels.mostAlsoOwn) apart"))
        }
        state.withLock { [found] in $0.externalLabels.learned(found, at: now) }
        return found
    }

    private func shownLabels(
        deadline: ContinuousClock.Instant?
    ) async throws(UpstreamError) -> ExternalLabels {
        let cause: String
        do throws(UpstreamError) {
            let shown = try await document(
                UpstreamRequest(path: "/api/v1/status/config", method: .get, isAdvisory: true),
                deadline: deadline)
            if let labels = Self.externalLabels(ofConfiguration: shown.data) { return labels }
            cause = "malformed answer"
        } catch {
            switch error.kind {
            case .http(_, .unsupportedPath): return ExternalLabels()
            case let kind where kind.isOfAMissingEndpoint: return ExternalLabels()
            case .http, .malformed, .rejectedQuery, .exceeded, .oversized: cause = error.cause
            default: throw error
            }
        }
        throw UpstreamError(
            member: configuration.name,
            kind: .unavailable(
                "its external labels, which remote read must take off, cannot be read from "
                    + "/api/v1/status/config (\(cause)); externalLabels in the configuration of "
                    + "the project says them"))
    }

    private static func externalLabels(ofConfiguration data: [UInt8]) -> ExternalLabels? {
        var text: String?
        var cursor = JSONCursor(data)
        do throws(JSONCursor.Failure) {
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                if key == "yaml" { text = try cursor.string() } else { try cursor.skip() }
            }
        } catch {
            return nil
        }
        return text.flatMap(ExternalLabels.of)
    }
}

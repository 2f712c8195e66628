import PromQL
import UpstreamSettings

/// The keys of `loki`, `tempo` and `pyroscope`.
enum TelemetrySection {
    static func table(_ kind: TelemetryKind) -> SettingsTable<TelemetrySource> {
        switch kind {
        case .loki: loki
        case .tempo: tempo
        case .pyroscope: pyroscope
        }
    }

    private static let loki = SettingsTable<TelemetrySource>(
        "loki", blank: TelemetrySource(.loki, url: .unread),
        common + [
            Setting(
                "everyStream", .nonEmptyText,
                "The selector that chooses all streams. It is sent where a query names nothing but "
                    + "the partition label, as Loki wants a selector.",
                read: { section, source, reader in
                    if let selector = reader.readEveryStream(section) {
                        source.everyStream = selector
                    }
                    return true
                }, write: { .text($0.everyStream) }),
            .count(
                "maxLines", \.maxLines, "Lines that the server is asked for by one query at most."),
        ])
    private static let tempo = SettingsTable<TelemetrySource>(
        "tempo", blank: TelemetrySource(.tempo, url: .unread), common)
    private static let pyroscope = SettingsTable<TelemetrySource>(
        "pyroscope", blank: TelemetrySource(.pyroscope, url: .unread), common)

    private static let common: [Setting<TelemetrySource>] = [
        .url, .basicAuth, .bearerToken, .bearerTokenFile,
        .secrets(
            "headers", \.headers, names: HeaderRules.pattern,
            "Sent with every request, as X-Scope-OrgID. Fields that frame a request, or that the "
                + "gateway writes itself, are refused.", noun: "header", refusal: refusal),
        .tls, .tlsSkipVerify, .acceptEncoding, .timeout, .maxConcurrency,
    ]

    /// Fields that the gateway writes for servers of these kinds, in lower case.
    private static let own: Set<String> = [
        "connect-protocol-version", "connect-timeout-ms", "x-loki-response-encoding-flags",
        "x-query-tags",
    ]

    private static func refusal(
        _ section: Section<SettingName>
    ) -> (_ name: String, _ line: Int) -> NameRefusal? {
        let general = HeaderRules.refusal(section)
        return { name, line in
            guard own.contains(name.lowercased()) else { return general(name, line) }
            return NameRefusal(
                problem: "header \(name) is written by the gateway itself", mend: "remove it")
        }
    }
}

extension ConfigurationReader {
    /// What stands at the keys of all kinds in a section of a project or a cluster.
    mutating func readTelemetry<Key>(_ section: Section<Key>) -> TelemetrySources {
        var sources = TelemetrySources()
        for kind in TelemetryKind.allCases {
            guard let key = Key(rawValue: kind.rawValue), let node = section[key] else { continue }
            sources[kind] = readTelemetry(kind, node, subject: section.subject)
        }
        return sources
    }

    private mutating func readTelemetry(
        _ kind: TelemetryKind, _ node: ConfigurationNode, subject: String?
    ) -> TelemetrySource? {
        TelemetrySection.table(kind).read(node, subject: subject, lenient: isLenient, &self)
    }

    /// `globalLoki`, `globalTempo` and `globalPyroscope`.
    mutating func readSharedTelemetry(_ section: Section<Keys.Root>) {
        for kind in TelemetryKind.allCases {
            guard let key = Keys.Root(global: kind), let node = section[key] else { continue }
            sharedTelemetry[kind] = readTelemetry(kind, node, subject: nil)
        }
    }

    /// Whether a project has a source of logs, traces or profiles, be it one that is wrong.
    func namesTelemetry(_ section: Section<Keys.Project>) -> Bool {
        !sharedTelemetry.isEmpty
            || TelemetryKind.allCases.contains { kind in
                Keys.Project(rawValue: kind.rawValue).map { section[$0] != nil } ?? false
            }
    }

    /// Gives a project the sources that it names, and regular ones the shared ones of other kinds.
    mutating func addTelemetry(to project: inout Project, _ section: Section<Keys.Project>) {
        let own = readTelemetry(section)
        switch project.kind {
        case .multiCluster:
            for kind in TelemetryKind.allCases {
                guard let key = Keys.Project(rawValue: kind.rawValue), let node = section[key]
                else { continue }
                report.error(
                    at: node, subject: section.subject,
                    "a multi-cluster project has no \(kind.rawValue) of its own",
                    mend: "write it at its members")
            }
        case .prometheus, .replicas, .telemetryOnly:
            project.telemetry = own
            for kind in TelemetryKind.allCases where own[kind] == nil {
                project.telemetry[kind] = sharedTelemetry[kind]
            }
        case .remoteCoroot, .clusterPool, .misconfigured: project.telemetry = own
        }
    }

    fileprivate mutating func readEveryStream(_ section: Section<SettingName>) -> String? {
        guard let text = section.text("everyStream", &report) else { return nil }
        let mend = "write a selector, as '\(TelemetrySource.everyStream)'"
        do throws(ProjectSelector.Refusal) {
            let selector = try ProjectSelector(text)
            if text.hasPrefix("{"), selector.matchers.contains(where: { !$0.accepts("") }) {
                return text
            }
            report.error(
                at: section.place(of: "everyStream"), subject: section.subject,
                "is not a selector that Loki takes: it needs a matcher that an empty value does not "
                    + "satisfy", mend: mend)
        } catch {
            report.error(
                at: section.place(of: "everyStream"), subject: section.subject, error.problem,
                mend: mend)
        }
        return nil
    }
}

extension ConfigurationKeys.Root {
    /// The key of what regular projects share.
    init?(global kind: TelemetryKind) { self.init(rawValue: "global\(kind.serverName)") }
}

extension ConfigurationKeys {
    static func telemetry(_ kind: TelemetryKind) -> KeyMeaning {
        KeyMeaning(
            .section(TelemetrySection.table(kind).shape),
            "The \(kind.serverName) that \(kind.data) are read from.")
    }

    static func shared(_ kind: TelemetryKind) -> KeyMeaning {
        KeyMeaning(
            .section(TelemetrySection.table(kind).shape),
            "The \(kind.serverName) of regular projects that name none of their own.")
    }
}

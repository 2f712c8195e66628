import GoText

/// The keys of `query`.
enum QuerySection {
    static let table = SettingsTable<QuerySettings>(
        blank: QuerySettings(),
        [
            .duration("lookback", \.lookback, "How far an instant selector looks back."),
            .duration(
                "timeout", \.timeout,
                "The most a query may take, waiting for its turn included."),
            .count("maxSamples", \.maxSamples, "Samples of one query in memory at once."),
            .count(
                "maxConcurrency", \.maxConcurrency,
                "Queries that compute at once; those that wait for members do not count."),
            .duration(
                "defaultSubqueryStep", \.defaultSubqueryStep,
                "The step of subqueries that name none."),
            .duration(
                "hedgeAfter", \.hedgeAfter,
                "After this a second cluster of a pool is asked beside a slow one."),
            .choice(
                "rangeBoundary", \.rangeBoundary,
                "Which ends of a window count where the gateway itself looks."),
            Setting(
                "features", .choices(QuerySettings.Feature.allCases.map(\.rawValue)),
                "Parts of the language behind Prometheus's feature flags.",
                read: { section, settings, reader in
                    for (name, place) in section.names("features", &reader.report) ?? [] {
                        let feature = section.choice(
                            name, at: place, of: QuerySettings.Feature.self, &reader.report)
                        if let feature { settings.features.insert(feature) }
                    }
                    return true
                }, write: { .list($0.features.map(\.rawValue).sorted()) }),
        ] + LogSection.querySettings)
}

/// The keys of `cache`, and those that Coroot has there.
enum CacheSection {
    static let table: SettingsTable<CacheSettings> = {
        var table = SettingsTable<CacheSettings>(
            blank: CacheSettings(),
            [
                .flag("enabled", \.enabled, "Whether what members answered is kept."),
                .size(
                    "memory", \.memory,
                    "What it may take of limits.maxMemory, at most half of that. The default is a "
                        + "sixteenth of it, at most 256MiB."),
                .duration(
                    "tail", \.tail, atLeast: .zero,
                    "How long after its time a sample may come in: younger values are not kept."),
                RedisSection.setting,
            ])
        table.shape.ignored = ["gc_interval", "ttl"]
        return table
    }()
}

/// The keys of `probes`.
enum ProbesSection {
    static let table = SettingsTable<ProbeSettings>(
        blank: ProbeSettings(),
        [
            Setting(
                "interval", .duration,
                "Between two requests that find out whether a member is there, which are sent "
                    + "where no client's query just did; 0s for none.",
                read: { section, settings, reader in
                    guard
                        let interval = section.duration("interval", atLeast: .zero, &reader.report)
                    else { return true }
                    guard interval == .zero || interval >= ProbeSettings.shortestInterval else {
                        reader.report.error(
                            at: section.place(of: "interval"), subject: section.subject,
                            "is shorter than 100ms",
                            mend: "write 100ms or more, or 0s to turn probes off")
                        return true
                    }
                    settings.interval = interval
                    return true
                }, write: { .word(DurationText.text($0.interval)) })
        ])
}

/// The keys of `limits`.
enum LimitsSection {
    static let table = SettingsTable<Limits>(
        blank: Limits(),
        removed: [
            "maxQueuedQueries":
                "waiting queries are no longer counted; limits.maxQueueMemory bounds what they cost",
            "maxAnswerMemory":
                "members' answers are part of what limits.maxMemory bounds; give that key, or none",
        ],
        [
            .size(
                "maxQueueMemory", \.maxQueueMemory,
                "What queries under way may cost besides the answers they hold; further ones are "
                    + "refused."),
            .size(
                "maxMemory", \.maxMemory,
                "What all requests together may hold. The default is three quarters of the memory "
                    + "that the machine or the control group has."),
            .size("maxQueryBytes", \.maxQueryBytes, "The text of one query."),
            .count(
                "maxMemberRequests", \.maxMemberRequests,
                "Requests to members that one query may make."),
            .count(
                "maxMemberConcurrency", \.maxMemberConcurrency,
                "Requests to members under way at once, of one query."),
            .count("maxSeries", \.maxSeries, "Series in one answer."),
            .size(
                "maxResponseBytes", \.maxResponseBytes,
                "One member's answer as it comes over the wire."),
            .size(
                "maxInflatedBytes", \.maxInflatedBytes, "One member's answer once inflated."),
            .size(
                "heldAnswerBytes", \.heldAnswerBytes,
                "An answer up to this size is held until every member succeeded."),
            .count("maxLogLines", \.maxLogLines, "Lines of one answer of logs."),
            .size(
                "maxTraceBytes", \.maxTraceBytes,
                "A trace that is put together of what members have."),
            .count(
                "maxConnections", \.maxConnections,
                "Connections of clients. The last place is for a new one: those that ask nothing "
                    + "are closed for it."),
            .count(
                "maxConnectionsPerClient", \.maxConnectionsPerClient,
                "Connections of one client address; of IPv6 addresses, of one /64 network."),
            .size(
                "maxHeaderBytes", \.maxHeaderBytes,
                "Head of a request: first line and header fields."),
            .size("maxFormBytes", \.maxFormBytes, "A form that a client sends."),
            .size(
                "maxRequestMemory", \.maxRequestMemory,
                "The bodies of all requests under way; further ones are refused."),
            .duration(
                "headTimeout", \.headTimeout, atLeast: .milliseconds(100),
                "What a request's head may take from its first byte on; of its body 16 KiB must "
                    + "come in each such time."),
            .duration(
                "idleTimeout", \.idleTimeout, atLeast: .seconds(1),
                "After this an idle connection of a client is closed, and one that takes nothing "
                    + "of its answer."),
            .duration(
                "shutdownGrace", \.shutdownGrace, atLeast: .zero,
                "What requests under way have to end when the gateway stops."),
        ])
}

extension Configuration {
    /// The keys that bound what requests may cost, in full: `limits.maxSeries`.
    public static let limitKeys: Set<String> = {
        let sections = [
            ("limits", LimitsSection.table.settings.map(\.name.rawValue)),
            ("query", QuerySection.table.settings.map(\.name.rawValue)),
            ("auth.tokens[].limits", TokenSection.limits.settings.map(\.name.rawValue)),
        ]
        return Set(sections.flatMap { section, keys in keys.map { "\(section).\($0)" } })
    }()
}

import GoText
import UpstreamSettings

/// The keys of `log`.
enum LogSection {
    static let table = SettingsTable<LogSettings>(
        blank: LogSettings(),
        [
            .choice("level", \.level, "What is below this level is not said."),
            .choice(
                "format", \.format,
                "text writes key=value pairs, json an object a line, both with the time first."),
        ])

    /// Those of the query log, in the section `query`.
    static let querySettings: [Setting<QuerySettings>] = [
        .choice(
            "log", \.log.queries,
            "Which queries are logged, one JSON object a line: failed ones, slow and failed ones, or "
                + "all."),
        .text(
            "logFile", \.log.file,
            "The file that queries are logged to, opened again at a reload; standard error where "
                + "there is none.", isOfThisMachine: true),
        .duration(
            "logSlowAfter", \.log.slowAfter,
            "For query.log: slow, how long a query takes that is slow."),
    ]
}

/// The keys of `tracing`.
enum TracingSection {
    static let table = SettingsTable<TracingSettings>(
        blank: TracingSettings(endpoint: .unread),
        [
            endpoint,
            sampling,
            .secrets(
                "headers", \.headers, names: HeaderRules.pattern,
                "Header fields of each export, as a collector's key.", noun: "header"
            ) { section in HeaderRules.refusal(section) },
        ])

    private static let endpoint: Setting<TracingSettings> = {
        var setting = Setting<TracingSettings>(
            "endpoint", .nonEmptyText,
            "http://host:4318 of a collector that takes OTLP over HTTP; /v1/traces is added where "
                + "the URL has no path.",
            read: { section, settings, reader in
                let place = section.place(of: "endpoint")
                guard let text = section.text("endpoint", &reader.report), !text.isEmpty else {
                    if case .unusable = section["endpoint"]?.content { return false }
                    reader.report.error(
                        at: place, "a URL is needed", mend: "write it as http://collector:4318")
                    return false
                }
                do throws(ServerURL.Problem) {
                    settings.endpoint = try ServerURL(text)
                    return true
                } catch {
                    reader.report.error(
                        at: place, "the URL \(error.text)",
                        mend: "write it as http://collector:4318")
                    return false
                }
            }, write: { .text($0.endpoint.description) })
        setting.isRequired = true
        return setting
    }()

    private static let sampling: Setting<TracingSettings> = {
        var setting = Setting<TracingSettings>(
            "sampling", .share,
            "The share of traces that is recorded, from 0 to 1; a client that sends traceparent "
                + "decides for its own.",
            read: { section, settings, reader in
                guard let text = section.text("sampling", &reader.report) else { return true }
                guard let share = Double(text), (0...1).contains(share) else {
                    reader.report.error(
                        at: section.place(of: "sampling"), "\"\(text)\" is not a share",
                        mend: "write a number from 0 to 1, as 0.1 for one trace in ten")
                    return true
                }
                settings.sampling = share
                return true
            }, write: { .word(GoFloat.text($0.sampling)) })
        setting.standard = .number(1)
        return setting
    }()
}

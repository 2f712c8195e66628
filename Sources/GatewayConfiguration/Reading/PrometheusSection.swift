import GoText
import UpstreamSettings
import YAML

/// The keys of `prometheus`.
enum PrometheusSection {
    static let table = SettingsTable<PrometheusSource>(
        "prometheus", blank: PrometheusSource(url: .unread),
        [
            .url,
            .basicAuth,
            .bearerToken,
            .bearerTokenFile,
            .part(
                "oauth2", .section(OAuth2Section.table.shape),
                "Tokens are asked for at an endpoint of OAuth 2.0, as a client by itself."
            ) { source in
                guard case .oauth2(let settings) = source.credentials else { return nil }
                return .lines(OAuth2Section.table.written(settings))
            },
            .part(
                "sigv4", .section(SigV4Section.table.shape),
                "Requests are signed by AWS Signature Version 4."
            ) { source in
                guard case .sigV4(let settings) = source.credentials else { return nil }
                return .lines(SigV4Section.table.written(settings))
            },
            .secrets(
                "headers", \.headers, names: HeaderRules.pattern,
                "Sent with every request. Fields that frame a request, or that the gateway writes "
                    + "itself, are refused.", noun: "header", refusal: HeaderRules.refusal),
            .secrets(
                "queryParameters", \.queryParameters, names: QueryParameterRules.pattern,
                "Sent in the URL of every request, beside the request's own parameters. Names that "
                    + "the gateway sends itself are refused.", noun: "query parameter",
                refusal: { _ in { name, _ in QueryParameterRules.refusal(of: name) } }),
            Setting(
                "forwardHeaders", .names,
                "Header fields that are passed on from the client's request, as X-Scope-OrgID; none "
                    + "by default.",
                read: { section, source, reader in
                    source.forwardHeaders = reader.readForwardHeaders(section)
                    return true
                }, write: { $0.forwardHeaders.isEmpty ? nil : .list($0.forwardHeaders) }),
            Setting(
                "proxyUrl", .nonEmptyText,
                "The HTTP proxy through which the server is reached, as http://host:port; none by "
                    + "default, whatever the environment says.",
                read: { section, source, reader in
                    source.proxy = reader.readProxy(section)
                    return true
                }, write: { $0.proxy.map { .text($0.description) } }),
            .tls,
            .tlsSkipVerify,
            .acceptEncoding,
            .timeout,
            .maxConcurrency,
            .count(
                "rangeParts", \.rangeParts, atMost: PrometheusSource.mostRangeParts,
                "Parts, by days of UTC, that the server is asked for at once of a range of several "
                    + "days; 1 for none. Without it, that follows from the server's processors."),
            .section(
                "capabilities", \.capabilities, capabilities,
                "Which endpoints the server has that some servers lack."),
            Setting(
                "externalLabels", .mapping(),
                "What the server adds to the series of remote read; without it, it is looked up in "
                    + "the server's configuration.",
                read: { section, source, reader in
                    source.externalLabels = reader.readExternalLabels(section)
                    return true
                },
                write: { source in
                    source.externalLabels.map { labels in
                        .braces(
                            labels.sorted { $0.key < $1.key }.map { .init($0.key, .text($0.value)) }
                        )
                    }
                }),
        ])

    private static let capabilities = SettingsTable<EndpointSupport>(
        blank: EndpointSupport(),
        [
            .choice(
                "instantQuery", \.instantQuery,
                "Instant queries; they are emulated by a range of one step."),
            .choice(
                "labelNames", \.labelNames,
                "The list of label names; it is emulated by the labels of series."),
            .choice(
                "labelValues", \.labelValues,
                "The lists of label values; they are emulated by the labels of series."),
            .choice(
                "stepGrid", \.stepGrid,
                "Ranges that do not begin at a multiple of their step, answered at their own steps; "
                    + "they are emulated by instant queries, or by a range of finer steps."),
        ])
}

/// The keys of `spec.externalPrometheus` in a custom resource.
enum ExternalPrometheusSection {
    static let table: SettingsTable<PrometheusSource> = {
        var table = SettingsTable<PrometheusSource>(
            blank: PrometheusSource(url: .unread),
            [
                .url,
                Setting(
                    "tlsSkipVerify", .flag, "Accept any certificate.",
                    read: { section, source, reader in
                        source.tls.skipVerify =
                            section.bool("tlsSkipVerify", &reader.report) ?? false
                        return true
                    }, write: { _ in nil }),
                Setting(
                    "basicAuth", .section(basicAuth), "User name and password.",
                    read: { section, source, reader in
                        source.credentials = reader.readExternalCredentials(section)
                        return true
                    }, write: { _ in nil }),
                .secrets(
                    "customHeaders", \.headers, names: HeaderRules.pattern,
                    "Sent with every request.", noun: "header", refusal: HeaderRules.refusal),
            ])
        table.shape.ignored = ["remoteWriteURL"]
        return table
    }()

    static let basicAuth = SectionShape([
        .init(name: "username", type: .text, text: "User name."),
        .init(name: "password", type: .text, text: "Password."),
        .init(
            name: "passwordSecret", type: .section(ConfigurationKeys.SecretReference.shape),
            text: "A secret that holds the password; it is never generated."),
    ])
}

/// Which parameters a configuration may add to the requests for a member: none that the gateway
/// sends itself, of which a member would take one or the other.
enum QueryParameterRules {
    private static let own = [
        "deny_partial_response", "end", "exclude_alerts", "latency_offset", "limit",
        "lookback_delta", "match[]", "match_target", "metric", "nocache", "partial_response",
        "query", "scrapePool", "start", "state", "stats", "step", "time", "timeout", "topN", "type",
    ]

    /// The names that can be added as a regular expression, for the schema of the configuration.
    static let pattern: String = {
        let either = own.map { $0.replacing("[", with: "\\[").replacing("]", with: "\\]") }
        return "^(?!(\(either.joined(separator: "|")))$)\\S+$"
    }()

    /// Why a parameter cannot be added; nil when it can.
    static func refusal(of name: String) -> NameRefusal? {
        let isName = { (byte: UInt8) in byte > 0x20 && byte != 0x7F }
        guard !name.isEmpty, name.utf8.count <= 256, name.utf8.allSatisfy(isName) else {
            return NameRefusal(
                problem: name.isEmpty
                    ? "a query parameter needs a name"
                    : "\"\(YAMLNode.shown(name))\" is not the name of a query parameter",
                mend: "write up to 256 bytes without blanks")
        }
        guard own.contains(name) else { return nil }
        return NameRefusal(
            problem: "query parameter \(name) is written by the gateway itself", mend: "remove it")
    }
}

/// The keys of `remoteCoroot`.
enum RemoteCorootSection {
    static let table = SettingsTable<RemoteCoroot>(
        "remoteCoroot", blank: RemoteCoroot(url: .unread, apiKey: Secret("")),
        [
            .url,
            Setting(
                "apiKey", .text, "Sent as X-API-Key with every request.",
                read: { section, remote, reader in
                    guard let key = reader.readRemoteKey(section) else { return false }
                    remote.apiKey = key
                    return true
                }, write: { .secret($0.apiKey) }),
            .part(
                "apiKeySecret", .section(ConfigurationKeys.SecretReference.shape),
                "A secret that holds the key; it is never generated.", isOfThisMachine: true),
            Setting(
                "metricResolution", .duration,
                "At least 1s; the least step the remote is asked for.",
                read: { section, remote, reader in
                    if let read = reader.readResolution(section) { remote.metricResolution = read }
                    return true
                }, write: { .word(DurationText.text($0.metricResolution)) }),
            .tlsSkipVerify,
            .tls,
            .acceptEncoding,
            .timeout,
            .maxConcurrency,
        ])
}

/// The keys that every kind of server has.
extension Setting where Value: UpstreamConnection {
    static var url: Setting {
        var setting = Setting(
            "url", .nonEmptyText, "Absolute http or https URL, with an optional path prefix.",
            read: { section, value, reader in
                guard let url = section.url("url", &reader.report) else { return false }
                value.url = url
                return true
            }, write: { .text($0.url.description) })
        setting.isRequired = true
        return setting
    }

    static var tls: Setting {
        Setting(
            "tls", .section(tlsTable.shape), "How the server's certificate is judged.",
            read: { section, value, reader in
                value.tls = reader.readTLS(section)
                return true
            },
            write: { $0.tls == TLSSettings() ? nil : .lines(tlsTable.written($0.tls)) })
    }

    /// As Coroot spells it.
    static var tlsSkipVerify: Setting {
        .part("tlsSkipVerify", .flag, "Accept any certificate.", standard: .flag(false))
    }

    static var acceptEncoding: Setting {
        .choice(
            "acceptEncoding", \.acceptEncoding, "Whether answers are asked for compressed.")
    }

    static var timeout: Setting {
        .duration("timeout", \.timeout, "The most a request may take.")
    }

    static var maxConcurrency: Setting {
        .count(
            "maxConcurrency", \.maxConcurrency,
            "Queries that the server is asked at once; further ones wait, clients in turn.")
    }
}

/// The keys of servers that are shown credentials.
extension Setting where Value: CredentialedConnection {
    static var basicAuth: Setting {
        Setting(
            "basicAuth", .section(BasicAuthSection.shape), "User name and password.",
            read: { section, source, reader in
                source.credentials = reader.readCredentials(section)
                return true
            },
            write: { source in
                guard case .basic(let username, let password) = source.credentials else {
                    return nil
                }
                return .braces([
                    .init("username", .text(username)), .init("password", .secret(password)),
                ])
            })
    }

    static var bearerToken: Setting {
        .part("bearerToken", .text, "Sent as Authorization: Bearer.") { source in
            guard case .bearer(let token) = source.credentials else { return nil }
            return .secret(token)
        }
    }

    static var bearerTokenFile: Setting {
        .part("bearerTokenFile", .text, "A file with the token instead.", isOfThisMachine: true)
    }
}

/// The keys of `basicAuth`.
enum BasicAuthSection {
    static let shape = SectionShape([
        .init(name: "username", type: .text, text: "User name.", isRequired: true),
        .init(name: "password", type: .text, text: "Password."),
        .init(
            name: "passwordFile", type: .text, text: "A file with the password instead.",
            isOfThisMachine: true),
    ])
}

private let tlsTable = SettingsTable<TLSSettings>(
    "tls", blank: TLSSettings(),
    [
        .text(
            "caFile", \.caFile, "PEM file of the authorities to trust; the system's by default.",
            isOfThisMachine: true),
        .text(
            "certFile", \.certFile, "PEM file of the client certificate; needs keyFile.",
            isOfThisMachine: true),
        .text("keyFile", \.keyFile, "PEM file of the client's key.", isOfThisMachine: true),
        .text(
            "serverName", \.serverName,
            "The name to expect in the certificate; the URL's host by default."),
        .flag("skipVerify", \.skipVerify, "Accept any certificate."),
        .choice("minVersion", \.minVersion, "The oldest version of TLS that is spoken."),
    ])

extension ConfigurationReader {
    fileprivate mutating func readTLS(_ section: Section<SettingName>) -> TLSSettings {
        var settings = TLSSettings(skipVerify: section.bool("tlsSkipVerify", &report) ?? false)
        guard let node = section["tls"],
            tlsTable.read(node, into: &settings, subject: section.subject, &self)
        else { return settings }
        if (settings.certFile == nil) != (settings.keyFile == nil) {
            report.error(
                at: node, subject: section.subject, "certFile and keyFile belong together",
                mend: "write both or neither")
        }
        return settings
    }

    fileprivate mutating func readProxy(_ section: Section<SettingName>) -> ServerURL? {
        guard let text = section.text("proxyUrl", &report) else { return nil }
        let problem: String
        do throws(ServerURL.Problem) {
            let url = try ServerURL(text)
            if url.pathPrefix.isEmpty { return url }
            problem = "has a path"
        } catch {
            problem = error.text
        }
        report.error(
            at: section.place(of: "proxyUrl"), subject: section.subject,
            "the URL of the proxy \(problem)", mend: "write it as http://host:port")
        return nil
    }

    fileprivate mutating func readExternalLabels(
        _ section: Section<SettingName>
    ) -> [String: String]? {
        guard let entries = section.freeMapping("externalLabels", &report) else { return nil }
        var labels: [String: String] = [:]
        for entry in entries {
            guard !entry.key.isEmpty else {
                report.error(
                    at: entry.value, subject: section.subject, "a label needs a name")
                continue
            }
            guard let value = section.text(of: entry.value, &report) else { continue }
            labels[entry.key] = value
        }
        return labels
    }

    fileprivate mutating func readResolution(_ section: Section<SettingName>) -> Duration? {
        guard let text = section.text("metricResolution", &report) else { return nil }
        let place = section.place(of: "metricResolution")
        guard let resolution = DurationText.duration(text),
            resolution <= ConfigurationReader.longestDuration
        else {
            report.error(
                at: place, subject: section.subject, "is not a duration",
                mend: "write a number and one of s, m, h, d, w, y, as 15s")
            return nil
        }
        guard resolution >= .seconds(1) else {
            report.error(
                at: place, subject: section.subject, "metric_resolution too short",
                mend: "write at least 1s")
            return nil
        }
        return resolution
    }
}

import GoText
import UpstreamSettings

/// The keys of `discovery` of a multi-cluster project.
enum DiscoverySection {
    static let table = SettingsTable<MemberDiscovery>(
        blank: MemberDiscovery(),
        [
            Setting(
                "http", .section(server.shape),
                "A server that tells the members in the JSON of Prometheus's HTTP service discovery.",
                read: { section, discovery, reader in
                    guard let node = section["http"] else { return true }
                    discovery.server = server.read(node, subject: section.subject, &reader)
                    return true
                },
                write: { $0.server.map { .braces(server.written($0)) } }),
            {
                var files = Setting<MemberDiscovery>(
                    "files", .names,
                    "Files with the same, as JSON or YAML; a change is in force within seconds.",
                    read: { section, discovery, reader in
                        let names = section.names("files", &reader.report) ?? []
                        discovery.files = reader.readFilePatterns(names, subject: section.subject)
                        return true
                    },
                    write: { discovery in
                        discovery.files.isEmpty ? nil : .list(discovery.files.map(\.description))
                    })
                files.isOfThisMachine = true
                return files
            }(),
        ])

    private static let server = SettingsTable<MemberDiscovery.Server>(
        blank: MemberDiscovery.Server(url: .unread),
        [
            {
                var url = Setting<MemberDiscovery.Server>(
                    "url", .nonEmptyText, "Absolute http or https URL, with an optional query.",
                    read: { section, server, reader in
                        guard let read = reader.readServerWithQuery(section) else { return false }
                        (server.url, server.query) = read
                        return true
                    }, write: { .text($0.url.description + $0.query) })
                url.isRequired = true
                return url
            }(),
            .duration(
                "interval", \.interval, atLeast: .seconds(1), "Between two questions."),
        ])
}

extension ConfigurationReader {
    /// nil where it is wrong or missing, which is reported.
    fileprivate mutating func readServerWithQuery(
        _ section: Section<SettingName>
    ) -> (ServerURL, query: String)? {
        guard let text = section.text("url", &report), let mark = text.firstIndex(of: "?") else {
            return section.url("url", &report).map { ($0, "") }
        }
        let query = String(text[mark...])
        let isPlain = query.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
        do throws(ServerURL.Problem) {
            let url = try ServerURL(String(text[..<mark]))
            guard isPlain else { throw .hasForbiddenCharacter }
            return (url, query)
        } catch {
            report.error(
                at: section.place(of: "url"), subject: section.subject, "the URL \(error.text)",
                mend: "write it as https://host:port/path?query, percent-encoded")
            return nil
        }
    }
}

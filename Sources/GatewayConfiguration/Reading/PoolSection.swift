import GoText
import UpstreamSettings

/// A pool that is written as a mapping: clusters, and names that tell others.
enum PoolSection {
    static let shape = SectionShape(
        definition: "pool",
        [
            .init(name: "clusters", type: .names, text: "Clusters, or regular or remote projects."),
            .init(
                name: "discovery", type: .section(discovery), text: "Where its servers are found."),
        ])

    static let discovery = SectionShape([
        .init(
            name: "dns", type: .section(names.shape),
            text: "Names of DNS whose records are the servers.")
    ])

    static let names = SettingsTable<NameDiscovery>(
        blank: NameDiscovery(),
        [
            {
                var names = Setting<NameDiscovery>(
                    "names", .names, "Names of DNS, at least one.",
                    read: { section, value, reader in
                        value.names = reader.readHostNames(section)
                        return !value.names.isEmpty
                    }, write: { .list($0.names) })
                names.isRequired = true
                return names
            }(),
            .choice("type", \.type, "Which records are asked for."),
            Setting(
                "port", .count, "The port of the servers; SRV records have their own.",
                read: { section, value, reader in
                    value.port = reader.readPort(section, type: value.type)
                    return true
                }, write: { $0.port.map { .number($0) } }),
            .duration("interval", \.interval, atLeast: .seconds(1), "Between two questions."),
            Setting(
                "server", .nonEmptyText,
                "The name server to ask, an IPv4 address and a port; those of the system by default.",
                read: { section, value, reader in
                    value.resolver = reader.readResolver(section)
                    return true
                }, write: { $0.resolver.map { .text($0.description) } }),
            Setting(
                "scheme", .choice(["http", "https"]), "How the servers are asked.",
                read: { section, value, reader in
                    value.scheme =
                        section.choice("scheme", of: SchemeChoice.self, &reader.report) == .https
                        ? .https : .http
                    return true
                }, write: { .word($0.scheme.rawValue) }),
            Setting(
                "pathPrefix", .text, "What the paths of the servers begin with.",
                read: { section, value, reader in
                    value.pathPrefix = reader.readPathPrefix(section)
                    return true
                }, write: { $0.pathPrefix.isEmpty ? nil : .text($0.pathPrefix) }),
        ])

    fileprivate enum SchemeChoice: String, CaseIterable { case http, https }
}

extension ConfigurationReader {
    /// `discovery` of a pool or of replicas; nil where there is none, or where it is wrong, which is
    /// reported.
    mutating func readNameDiscovery(_ node: ConfigurationNode, subject: String?) -> NameDiscovery? {
        guard
            let section = Section<SettingName>(
                node, subject: subject, shape: PoolSection.discovery, &report)
        else { return nil }
        guard let names = section["dns"] else {
            report.error(
                at: node, subject: subject, "nothing tells the servers",
                mend: "write dns: {names: [...]}")
            return nil
        }
        return PoolSection.names.read(names, subject: subject, &self)
    }

    fileprivate mutating func readHostNames(_ section: Section<SettingName>) -> [String] {
        let names = section.names("names", &report) ?? []
        guard !names.isEmpty, names.count <= 100 else {
            report.error(
                at: section.place(of: "names"), subject: section.subject,
                names.isEmpty ? "a name is needed" : "more than 100 names are given",
                mend: "write names: [_prometheus._tcp.example.org]")
            return []
        }
        for (name, place) in names where !HostName.isWellFormed(Substring(name)) {
            report.error(
                at: place, subject: section.subject, "\"\(name)\" is no name of DNS",
                mend: "write ASCII letters, digits, dots, hyphens and underscores")
        }
        return names.map(\.name)
    }

    fileprivate mutating func readPort(
        _ section: Section<SettingName>, type: NameDiscovery.RecordType
    ) -> Int? {
        let port = section.integer("port", atLeast: 1, &report)
        if let port, port > 65_535 {
            report.error(
                at: section.place(of: "port"), subject: section.subject, "is more than 65535",
                mend: "write 1 to 65535")
        }
        switch type {
        case .srv:
            guard section["port"] != nil else { break }
            report.error(
                at: section.place(of: "port"), subject: section.subject,
                "SRV records have ports of their own", mend: "remove it, or write type: A")
        case .a, .aaaa:
            guard section["port"] == nil else { break }
            report.error(
                at: section.place(of: "port"), subject: section.subject,
                "\(type.rawValue) records have no port", mend: "write port: 9090")
        }
        return port
    }

    fileprivate mutating func readResolver(_ section: Section<SettingName>) -> ListenAddress? {
        guard let text = section.text("server", &report) else { return nil }
        guard let address = ListenAddress(text), address.port > 0,
            IPAddress(address.host) != nil, !address.host.contains(":"), !text.hasPrefix(":")
        else {
            report.error(
                at: section.place(of: "server"), subject: section.subject,
                "\"\(text)\" is no IPv4 address with a port", mend: "write it as 10.0.0.10:53")
            return nil
        }
        return address
    }

    fileprivate mutating func readPathPrefix(_ section: Section<SettingName>) -> String {
        guard let text = section.text("pathPrefix", &report), !text.isEmpty else { return "" }
        do throws(ServerURL.Problem) {
            guard text.hasPrefix("/") else { throw .notAbsolute }
            return try ServerURL("http://host\(text)").pathPrefix
        } catch {
            report.error(
                at: section.place(of: "pathPrefix"), subject: section.subject,
                "\"\(text)\" is not a path", mend: "write it as /prefix")
            return ""
        }
    }
}

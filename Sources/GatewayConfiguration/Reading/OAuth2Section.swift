import UpstreamSettings
import YAML

/// The keys of `oauth2`.
enum OAuth2Section {
    static let table = SettingsTable<OAuth2Settings>(
        blank: OAuth2Settings(clientID: "", clientSecret: Secret(""), tokenURL: .unread),
        [
            .needed("clientId", \.clientID, "Who the gateway is for the token endpoint."),
            .neededSecret("clientSecret", file: "clientSecretFile", \.clientSecret, "Its secret."),
            .part(
                "clientSecretFile", .text, "A file with the secret instead.", isOfThisMachine: true),
            tokenURL,
            Setting(
                "scopes", .names, "What the tokens are to allow.",
                read: { section, value, reader in
                    value.scopes = reader.readScopes(section)
                    return true
                }, write: { $0.scopes.isEmpty ? nil : .list($0.scopes) }),
            .secrets(
                "endpointParams", \.endpointParameters, names: parameterPattern,
                "Further parameters of the requests for tokens, as audience.",
                noun: "endpoint parameter",
                refusal: { _ in { name, _ in refusal(ofParameter: name) } }),
        ])

    private static let tokenURL: Setting<OAuth2Settings> = {
        var setting = Setting<OAuth2Settings>(
            "tokenUrl", .nonEmptyText, "Where tokens are asked for: an http or https URL.",
            read: { section, value, reader in
                guard let url = reader.readTokenURL(section) else { return false }
                value.tokenURL = url
                return true
            }, write: { .text($0.tokenURL.description) })
        setting.isRequired = true
        return setting
    }()

    private static let own = ["client_id", "client_secret", "grant_type", "scope"]
    private static let parameterPattern = "^(?!(\(own.joined(separator: "|")))$)\\S+$"

    private static func refusal(ofParameter name: String) -> NameRefusal? {
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            return NameRefusal(
                problem: "\"\(YAMLNode.shown(name))\" is not the name of a parameter",
                mend: "write a name without blanks")
        }
        guard own.contains(name) else { return nil }
        return NameRefusal(
            problem: "parameter \(name) is written by the gateway itself", mend: "remove it")
    }
}

extension Setting {
    /// A text that must be there, in one line.
    static func needed(
        _ name: SettingName, _ path: Path<String>, _ text: String,
        of isAllowed: @escaping @Sendable (UInt8) -> Bool = { $0 > 0x20 && $0 != 0x7F }
    ) -> Setting {
        var setting = Setting(
            name, .nonEmptyText, text,
            read: { section, value, reader in
                guard let read = reader.readWord(name, section, of: isAllowed) else {
                    if section[name] == nil {
                        reader.report.error(
                            at: section.place(of: name), subject: section.subject,
                            "\(name.rawValue) is needed")
                    }
                    return false
                }
                value[keyPath: path] = read
                return true
            }, write: { .text($0[keyPath: path]) })
        setting.isRequired = true
        return setting
    }

    /// A secret that must be there, in place or in a file.
    static func neededSecret(
        _ name: SettingName, file: SettingName, _ path: Path<Secret>, _ text: String
    ) -> Setting {
        Setting(
            name, .text, text,
            read: { section, value, reader in
                guard let secret = reader.readSecret(plain: name, file: file, of: section) else {
                    if section[name] == nil, section[file] == nil {
                        reader.report.error(
                            at: section.place(of: name), subject: section.subject,
                            "\(name.rawValue) is needed",
                            mend: "write \(name.rawValue): ${VARIABLE}, or \(file.rawValue)")
                    }
                    return false
                }
                guard !secret.exposed.isEmpty else {
                    reader.report.error(
                        at: section.place(of: name), subject: section.subject,
                        "\(name.rawValue) is empty", mend: "give it a value")
                    return false
                }
                value[keyPath: path] = secret
                return true
            }, write: { .secret($0[keyPath: path]) })
    }
}

extension ConfigurationReader {
    /// A text of allowed bytes; nil for none, and for others, which are reported.
    mutating func readWord(
        _ name: SettingName, _ section: Section<SettingName>, of isAllowed: (UInt8) -> Bool
    ) -> String? {
        guard let text = section.text(name, &report) else { return nil }
        guard (1...NamedSecret.longestValue).contains(text.utf8.count),
            text.utf8.allSatisfy(isAllowed)
        else {
            report.error(
                at: section.place(of: name), subject: section.subject,
                "is not a value of \(name.rawValue)", mend: "write one word")
            return nil
        }
        return text
    }

    fileprivate mutating func readTokenURL(_ section: Section<SettingName>) -> ServerURL? {
        guard let text = section.text("tokenUrl", &report) else {
            if section["tokenUrl"] == nil {
                report.error(
                    at: section.place(of: "tokenUrl"), subject: section.subject,
                    "tokenUrl is needed", mend: "write it as https://host/path")
            }
            return nil
        }
        do throws(ServerURL.Problem) {
            return try ServerURL(text)
        } catch {
            report.error(
                at: section.place(of: "tokenUrl"), subject: section.subject,
                "the URL of the token endpoint \(error.text)", mend: "write it as https://host/path"
            )
            return nil
        }
    }

    fileprivate mutating func readScopes(_ section: Section<SettingName>) -> [String] {
        guard let names = section.names("scopes", &report) else { return [] }
        return names.compactMap { name, place in
            // What a scope may hold (RFC 6749, section 3.3).
            let isScope =
                !name.isEmpty
                && name.utf8.allSatisfy {
                    (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"")
                        && $0 != UInt8(ascii: "\\")
                }
            if isScope, name.utf8.count <= 1024, names.count <= NamedSecret.most { return name }
            report.error(
                at: place, subject: section.subject, "is not a scope",
                mend: "write at most \(NamedSecret.most), each without blanks")
            return nil
        }
    }
}

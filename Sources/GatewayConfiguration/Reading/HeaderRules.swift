import YAML

/// Which header fields a configuration may add to the requests for a member. Those that frame a
/// request, or that the gateway writes itself, would make the two disagree about where a message
/// ends or what is in it.
struct HeaderRules {
    typealias Refusal = NameRefusal

    /// The key that brings credentials beside the headers.
    let credential: String?
    private var taken: [String: (name: String, line: Int)] = [:]

    init(credential: String?) { self.credential = credential }

    /// The rules for one section of a Prometheus.
    static func refusal(
        _ section: Section<SettingName>
    ) -> (_ name: String, _ line: Int) -> NameRefusal? {
        var rules = of(section)
        return { rules.refusal(of: $0, line: $1) }
    }

    static func of(_ section: Section<SettingName>) -> HeaderRules {
        let credentials: [SettingName] = [
            "basicAuth", "bearerToken", "bearerTokenFile", "oauth2", "sigv4",
        ]
        return HeaderRules(credential: credentials.first { section[$0] != nil }?.rawValue)
    }

    /// Fields in lower case, each with why it cannot be added and what to do.
    private static let reserved: [String: (reason: String, mend: String)] = {
        let remove = "remove it"
        let connection = ("belongs to the connection, which the gateway keeps itself", remove)
        let part = ("asks for a part of an answer, and the gateway reads whole ones", remove)
        let own = ("is written by the gateway itself", remove)
        var reserved: [String: (String, String)] = [
            "host": (
                "names the server, which the URL does",
                "write the name in url; tls.serverName is the one in the certificate"
            ),
            "accept-encoding": (
                "says how answers are compressed, which acceptEncoding does",
                "write acceptEncoding: gzip or identity"
            ),
        ]
        for name in [
            "connection", "expect", "http2-settings", "keep-alive", "te", "trailer",
            "transfer-encoding", "upgrade",
        ] {
            reserved[name] = connection
        }
        for name in ["accept", "user-agent", "x-prometheus-remote-read-version"] {
            reserved[name] = own
        }
        for name in [
            "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since",
            "range",
        ] {
            reserved[name] = part
        }
        return reserved
    }()

    /// Beginnings of fields, likewise.
    private static let reservedPrefixes: [(prefix: String, reason: String, mend: String)] = [
        ("content-", "describes the body, which the gateway writes", "remove it"),
        ("proxy-", "belongs to the connection, which the gateway keeps itself", "remove it"),
        ("x-tributary-", "is written by the gateway itself", "remove it"),
    ]

    /// The names that are taken as a regular expression, for the schema of the configuration.
    static var pattern: String {
        let names = reserved.keys.sorted().map { $0 + "$" } + reservedPrefixes.map(\.prefix)
        let either = names.map { name in
            name.map { letter in
                letter.isLetter ? "[\(letter.uppercased())\(letter)]" : String(letter)
            }.joined()
        }.joined(separator: "|")
        return "^(?!\(either))[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
    }

    /// Why the field cannot be added; nil when it can, and then it is taken.
    mutating func refusal(of name: String, line: Int) -> Refusal? {
        guard Self.isToken(name) else {
            // What is no name may be long, or hold the ends of lines.
            return Refusal(
                problem: name.isEmpty
                    ? "a header needs a name" : "\"\(YAMLNode.shown(name))\" is not a header name",
                mend: "write letters, digits and -")
        }
        let lower = name.lowercased()
        if let (reason, mend) = Self.reserved[lower] {
            return Refusal(problem: "header \(name) \(reason)", mend: mend)
        }
        if let rule = Self.reservedPrefixes.first(where: { lower.hasPrefix($0.prefix) }) {
            return Refusal(problem: "header \(name) \(rule.reason)", mend: rule.mend)
        }
        if lower == "authorization", let credential {
            return Refusal(
                problem: "header \(name) and \(credential) exclude each other",
                mend: "keep one of them")
        }
        if let first = taken[lower] {
            let place = first.line > 0 ? ", in line \(first.line)" : ""
            return Refusal(
                problem: "header \(name) is given twice: as \(first.name)\(place)",
                mend: "keep one of them")
        }
        taken[lower] = (name, line)
        return nil
    }

    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                byte > 0x20 && byte < 0x7F && !"()<>@,;:\\\"/[]?={}".utf8.contains(byte)
            }
    }
}

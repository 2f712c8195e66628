/// Where a server is: an absolute `http` or `https` URL with an optional path prefix. No user, no
/// query, no fragment; a slash at the end is dropped.
public struct ServerURL: Sendable, Hashable, CustomStringConvertible {
    public enum Scheme: String, Sendable, Hashable { case http, https }

    public let scheme: Scheme
    /// As written; IPv6 addresses keep their brackets.
    public let host: String
    /// nil: the scheme's own port.
    public let port: Int?
    /// "" or a path that begins with a slash and does not end in one.
    public let pathPrefix: String

    /// Why a text is not such a URL, worded to follow the text's name.
    public enum Problem: Error, Sendable, Hashable {
        case notAbsolute
        case noHost
        case badHost
        case badPort
        case hasCredentials
        case hasQuery
        case hasForbiddenCharacter

        public var text: String {
            switch self {
            case .notAbsolute: "is not an absolute http or https URL"
            case .noHost: "names no host"
            case .badHost:
                "names a host that is neither an address nor up to \(HostName.longest) ASCII "
                    + "letters, digits, dots, hyphens and underscores"
            case .badPort: "has a port that is not between 1 and 65535"
            case .hasCredentials: "holds a user name or password"
            case .hasQuery: "has a query or a fragment"
            case .hasForbiddenCharacter: "holds a blank, a quote or a control character"
            }
        }
    }

    public init(_ text: String) throws(Problem) {
        let scheme: Scheme
        var rest: Substring
        if let http = Self.after("http://", in: text) {
            scheme = .http
            rest = http
        } else if let https = Self.after("https://", in: text) {
            scheme = .https
            rest = https
        } else {
            throw .notAbsolute
        }
        let isForbidden = { (byte: UInt8) in
            byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
        }
        if rest.utf8.contains(where: isForbidden) { throw .hasForbiddenCharacter }
        if rest.contains("?") || rest.contains("#") { throw .hasQuery }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var path = rest[slash...]
        while path.hasSuffix("/") { path = path.dropLast() }
        rest = rest[..<slash]
        if rest.contains("@") { throw .hasCredentials }
        var portText: Substring?
        if rest.hasPrefix("[") {
            guard let close = rest.firstIndex(of: "]") else { throw .noHost }
            let tail = rest[rest.index(after: close)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw .badPort }
            portText = tail.isEmpty ? nil : tail.dropFirst()
            rest = rest[...close]
        } else if let colon = rest.firstIndex(of: ":") {
            portText = rest[rest.index(after: colon)...]
            rest = rest[..<colon]
        }
        guard !rest.isEmpty, rest != "[]" else { throw .noHost }
        guard HostName.isWellFormed(rest) else { throw .badHost }
        if let portText {
            guard let number = Int(portText), (1...65535).contains(number) else { throw .badPort }
            port = number
        } else {
            port = nil
        }
        self.scheme = scheme
        host = String(rest)
        pathPrefix = String(path)
    }

    /// The URL without a slash at its end.
    public var description: String {
        "\(scheme.rawValue)://\(host)\(port.map { ":\($0)" } ?? "")\(pathPrefix)"
    }

    private init(host: String) {
        scheme = .http
        self.host = host
        port = nil
        pathPrefix = ""
    }

    /// In the place of one that is still to be read.
    package static let unread = ServerURL(host: "unread")

    /// Whether it is this machine, as far as the name tells.
    public var isLoopback: Bool { HostName.isLoopback(host) }

    private static func after(_ prefix: String, in text: String) -> Substring? {
        guard text.prefix(prefix.count).lowercased() == prefix else { return nil }
        return text.dropFirst(prefix.count)
    }
}

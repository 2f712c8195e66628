import Foundation

/// Where a server is that speaks Redis's protocol, and by which name the gateway presents itself
/// there: `redis://[user[:password]@]host[:port][/db]` or
/// `unix://[user[:password]@]/path/to/socket[?db=N]`. User, password and path may have characters as
/// `%2F`.
public struct RedisAddress: Sendable, Hashable, CustomStringConvertible {
    public enum Place: Sendable, Hashable {
        /// An address of IPv6 without its brackets.
        case host(String, port: Int)
        case socket(path: String)
    }

    public static let defaultPort = 6379
    /// No server numbers its databases higher.
    public static let highestDatabase = 65_535

    public let place: Place
    /// nil: the user that the server calls default.
    public let user: String?
    public let password: Secret?
    public let database: Int

    /// Why a text is no such URL, worded to follow its name. It repeats nothing of the text, which may
    /// hold a password.
    public enum Problem: Error, Sendable, Hashable {
        case otherScheme
        case asksForTLS
        case noHost
        case badHost
        case badPort
        case noPath
        case longPath
        case badDatabase
        case badEscape
        case hasQuery
        case hasForbiddenCharacter

        public var text: String {
            switch self {
            case .otherScheme: "is neither redis://host:port nor unix:///path"
            case .asksForTLS:
                "asks for TLS, which the gateway does not speak with Redis, as the library that it is "
                    + "built with does not"
            case .noHost: "names no host"
            case .badHost:
                "names a host that is neither an address nor up to \(HostName.longest) ASCII "
                    + "letters, digits, dots, hyphens and underscores"
            case .badPort: "has a port that is not between 1 and 65535"
            case .noPath: "names no socket by an absolute path"
            case .longPath: "names a socket by more than \(RedisAddress.longestPath) bytes"
            case .badDatabase:
                "has a database that is no number between 0 and \(RedisAddress.highestDatabase)"
            case .badEscape: "has a % that no two hexadecimal digits follow, or an empty user"
            case .hasQuery: "has a query or a fragment that means nothing"
            case .hasForbiddenCharacter: "holds a blank, a quote or a control character"
            }
        }

        public var mend: String {
            switch self {
            case .asksForTLS:
                "write redis://127.0.0.1:port of a tunnel on this machine, as stunnel makes one, or "
                    + "unix:///path of a socket"
            case .badEscape: "write % as %25, and other special characters of a password likewise"
            case .otherScheme, .noHost, .badHost, .badPort, .noPath, .longPath, .badDatabase,
                .hasQuery, .hasForbiddenCharacter:
                "write redis://host:port/database or unix:///path?db=number"
            }
        }
    }

    /// Of a socket, in bytes: what the system's addresses of sockets hold.
    static let longestPath = 107

    public init(_ text: String) throws(Problem) {
        let isForbidden = { (byte: UInt8) in
            byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
        }
        guard let colon = text.firstRange(of: "://") else { throw .otherScheme }
        if text.utf8.contains(where: isForbidden) { throw .hasForbiddenCharacter }
        let rest = text[colon.upperBound...]
        switch text[..<colon.lowerBound].lowercased() {
        case "redis": try self.init(ofHost: rest)
        case "unix": try self.init(ofSocket: rest)
        case "rediss": throw .asksForTLS
        default: throw .otherScheme
        }
    }

    private init(ofHost text: Substring) throws(Problem) {
        if text.contains(where: { $0 == "?" || $0 == "#" }) { throw .hasQuery }
        let (account, rest) = Self.divided(text)
        (user, password) = try Self.account(account)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let path = rest[slash...].dropFirst()
        database = path.isEmpty ? 0 : try Self.database(path)
        var host = rest[..<slash]
        var portText: Substring?
        if host.hasPrefix("[") {
            guard let close = host.firstIndex(of: "]") else { throw .noHost }
            let tail = host[host.index(after: close)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw .badPort }
            portText = tail.isEmpty ? nil : tail.dropFirst()
            host = host[...close]
        } else if let colon = host.firstIndex(of: ":") {
            portText = host[host.index(after: colon)...]
            host = host[..<colon]
        }
        guard !host.isEmpty, host != "[]" else { throw .noHost }
        guard HostName.isWellFormed(host) else { throw .badHost }
        var port = Self.defaultPort
        if let portText {
            guard let number = Int(portText), (1...65535).contains(number) else { throw .badPort }
            port = number
        }
        // The % before the zone of an address is written %25 in a URL.
        let plain =
            host.hasPrefix("[") ? host.dropFirst().dropLast().replacing("%25", with: "%") : host
        place = .host(String(plain), port: port)
    }

    private init(ofSocket text: Substring) throws(Problem) {
        if text.contains("#") { throw .hasQuery }
        let mark = text.firstIndex(of: "?") ?? text.endIndex
        let (account, rest) = Self.divided(text[..<mark])
        (user, password) = try Self.account(account)
        let query = text[mark...].dropFirst()
        if query.isEmpty {
            database = 0
        } else {
            guard query.hasPrefix("db=") else { throw .hasQuery }
            database = try Self.database(query.dropFirst(3))
        }
        guard let path = rest.removingPercentEncoding else { throw .badEscape }
        guard path.hasPrefix("/"), path.count > 1, !path.utf8.contains(0) else { throw .noPath }
        guard path.utf8.count <= Self.longestPath else { throw .longPath }
        place = .socket(path: path)
    }

    /// What stands before the last `@` of the authority, and what behind it. A password may hold an
    /// `@` that was not written as `%40`, and so may a path.
    private static func divided(_ text: Substring) -> (account: Substring?, rest: Substring) {
        let authority = text.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return (nil, text) }
        return (text[..<at], text[text.index(after: at)...])
    }

    private static func account(
        _ text: Substring?
    ) throws(Problem) -> (user: String?, password: Secret?) {
        guard let text else { return (nil, nil) }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let texts = parts.compactMap(\.removingPercentEncoding)
        guard texts.count == parts.count, let user = texts.first else { throw .badEscape }
        let password = texts.count > 1 && !texts[1].isEmpty ? Secret(texts[1]) : nil
        guard !user.isEmpty || password != nil else { throw .badEscape }
        return (user.isEmpty ? nil : user, password)
    }

    private static func database(_ text: Substring) throws(Problem) -> Int {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            number <= highestDatabase
        else { throw .badDatabase }
        return number
    }

    /// The URL without the password.
    public var description: String {
        let account = user.map { "\(Self.escaped($0))@" } ?? ""
        switch place {
        case .host(let host, let port):
            let shown = host.contains(":") ? "[\(host.replacing("%", with: "%25"))]" : host
            return "redis://\(account)\(shown):\(port)" + (database == 0 ? "" : "/\(database)")
        case .socket(let path):
            return "unix://\(account)\(Self.escaped(path, and: "/"))"
                + (database == 0 ? "" : "?db=\(database)")
        }
    }

    private static func escaped(_ text: String, and others: String = "") -> String {
        let kept = CharacterSet(charactersIn: "-._~" + others)
            .union(CharacterSet(charactersIn: "a"..."z"))
            .union(CharacterSet(charactersIn: "A"..."Z"))
            .union(CharacterSet(charactersIn: "0"..."9"))
        return text.addingPercentEncoding(withAllowedCharacters: kept) ?? "?"
    }

    private init() {
        place = .host("unread", port: Self.defaultPort)
        user = nil
        password = nil
        database = 0
    }

    /// In the place of one that is still to be read.
    package static let unread = RedisAddress()
}

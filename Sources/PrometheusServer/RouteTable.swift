/// Answers one request. An error thrown becomes an error answer in Prometheus's shape.
public typealias RequestHandler =
    @Sendable (PrometheusRequest) async throws -> PrometheusResponse

/// Which paths exist and which methods they have, with the exact refusals of the reference for all
/// others: clients fall back from POST to GET on 405 and recognise absent APIs by the text of 404.
public struct RouteTable: Sendable {
    struct Endpoint: Sendable {
        /// As registered; a bounded name for metrics.
        var pattern: String
        var traits: RouteTraits
        var handler: RequestHandler
    }

    enum Resolution: Sendable {
        case endpoint(Endpoint, parameters: [String: String])
        /// `OPTIONS` on an API path: 204 with the headers of these traits.
        case options(RouteTraits)
        case refusal(PrometheusResponse)
    }

    private struct Entry: Sendable {
        var pattern: PathPattern
        var endpoints: [String: Endpoint] = [:]

        /// The registered methods and OPTIONS, in alphabetical order.
        var allowed: [String] { Set(endpoints.keys).union(["OPTIONS"]).sorted() }
    }

    private var literal: [String: Entry] = [:]
    private var patterns: [Entry] = []
    private var optionsPatterns: [PathPattern] = []

    /// Whether the body of a request is read, by its header fields and the traits of its route. A
    /// request whose body is not read comes to its handler without it, to be refused there.
    public var takesBody: @Sendable (HTTPHeaders, RouteTraits) -> Bool = { _, _ in true }

    public init() {}

    /// Registers a handler. Of overlapping patterns literal ones win, then the first registered.
    ///
    /// - Parameter named: What metrics call it; the path itself by default.
    public mutating func on(
        _ methods: String..., path: String, named: String? = nil, traits: RouteTraits = .api,
        handler: @escaping RequestHandler
    ) {
        let pattern = PathPattern(path)
        var entry = Entry(pattern: pattern)
        let known = patterns.firstIndex { $0.pattern == pattern }
        if pattern.isLiteral {
            entry = literal[path] ?? entry
        } else if let known {
            entry = patterns[known]
        }
        for method in methods {
            entry.endpoints[method] = Endpoint(
                pattern: named ?? path, traits: traits, handler: handler)
        }
        if pattern.isLiteral {
            literal[path] = entry
        } else if let known {
            patterns[known] = entry
        } else {
            patterns.append(entry)
        }
    }

    /// Answers `OPTIONS` with 204 on every path that fits, whether it exists or not
    /// (`/api/v1/*`).
    public mutating func answerOptions(path: String) {
        optionsPatterns.append(PathPattern(path))
    }

    /// Every method and pattern that was registered, for the description of the API.
    public var registered: [(method: String, pattern: String)] {
        (Array(literal.values) + patterns).flatMap { entry in
            entry.endpoints.map { (method: $0.key, pattern: $0.value.pattern) }
        }
    }

    func resolve(_ request: PrometheusRequest) -> Resolution {
        let method = request.method
        let path = request.path
        if let response = moved(request) { return .refusal(response) }
        if method == "OPTIONS" {
            if optionsPatterns.contains(where: { $0.match(path) != nil }) {
                return .options([.readyGated, .crossOrigin, .compressed])
            }
            // Asks for the server itself.
            if path == "*" { return .refusal(PrometheusResponse()) }
        }
        guard let (entry, parameters) = entry(for: path) else {
            return .refusal(withoutSlash(request) ?? .pageNotFound)
        }
        if let endpoint = entry.endpoints[method] {
            return .endpoint(endpoint, parameters: parameters)
        }
        guard method == "OPTIONS" else {
            return .refusal(.methodNotAllowed(allow: entry.allowed))
        }
        let allow: HTTPHeaders = ["Allow": entry.allowed.joined(separator: ", ")]
        return .refusal(PrometheusResponse(headers: allow))
    }

    /// Sends every method from a path that is not clean to the one that it stands for, whether
    /// that exists or not, and from the root of an API to what is below it.
    private func moved(_ request: PrometheusRequest) -> PrometheusResponse? {
        guard request.method != "CONNECT", request.path != "*" else { return nil }
        var clean = CleanPath.of(request.pathBytes)
        // Most paths have more segments than any stem, and are not even made a text.
        let depth = clean.count { $0 == UInt8(ascii: "/") }
        if optionsPatterns.contains(where: { $0.depthOfStem == depth }) {
            let text = String(decoding: clean, as: UTF8.self)
            if optionsPatterns.contains(where: { $0.isStem(text) }) {
                clean.append(UInt8(ascii: "/"))
            }
        }
        guard clean != request.pathBytes else { return nil }
        return .moved(301, to: clean, query: request.rawQueryBytes, method: request.method)
    }

    private func entry(for path: String) -> (Entry, [String: String])? {
        if let entry = literal[path] { return (entry, [:]) }
        let parts = PathPattern.split(path)
        for entry in patterns {
            if let parameters = entry.pattern.match(parts) { return (entry, parameters) }
        }
        return nil
    }

    /// A path that only has a `/` too many is sent to the right place.
    private func withoutSlash(_ request: PrometheusRequest) -> PrometheusResponse? {
        let path = request.path
        guard path.count > 1, path.hasSuffix("/") else { return nil }
        guard let (entry, _) = entry(for: String(path.dropLast())),
            entry.endpoints[request.method] != nil
        else { return nil }
        return .moved(
            request.method == "GET" ? 301 : 307, to: request.pathBytes.dropLast(),
            query: request.rawQueryBytes, method: request.method)
    }
}

/// A path with places for names: `/api/v1/label/:name/values`. A last segment `*` stands for any
/// rest, also an empty one.
struct PathPattern: Sendable, Equatable {
    private enum Segment: Sendable, Equatable {
        case literal(String)
        case parameter(String)
        case rest
    }

    let text: String
    private let segments: [Segment]

    init(_ text: String) {
        self.text = text
        segments = Self.split(text).map { part in
            if part == "*" { return .rest }
            if part.hasPrefix(":") { return .parameter(String(part.dropFirst())) }
            return .literal(String(part))
        }
    }

    /// Paths of literal segments can be looked up instead of matched.
    var isLiteral: Bool {
        segments.allSatisfy { segment in
            switch segment {
            case .literal: true
            case .parameter, .rest: false
            }
        }
    }

    /// The slashes of a path that may lack only the last `/` before what `*` stands for; nil where
    /// none can.
    var depthOfStem: Int? { segments.last == .rest ? segments.count - 1 : nil }

    /// Whether a path lacks only the last `/` before what `*` stands for.
    func isStem(_ path: String) -> Bool {
        segments.last == .rest && !path.hasSuffix("/")
            && Self.split(path).count == segments.count - 1 && match(path) != nil
    }

    /// The parameters of a path that fits; nil when it does not. A parameter is never empty.
    func match(_ path: String) -> [String: String]? { match(Self.split(path)) }

    /// The same for the segments of a path.
    func match(_ parts: [Substring]) -> [String: String]? {
        var parameters: [String: String] = [:]
        for (index, segment) in segments.enumerated() {
            if segment == .rest { return parameters }
            guard index < parts.count else { return nil }
            switch segment {
            case .literal(let text):
                guard parts[index].utf8.elementsEqual(text.utf8) else { return nil }
            case .parameter(let name):
                guard !parts[index].isEmpty else { return nil }
                parameters[name] = String(parts[index])
            case .rest:
                return parameters
            }
        }
        return parts.count == segments.count ? parameters : nil
    }

    static func split(_ path: String) -> [Substring] {
        path.dropFirst(path.hasPrefix("/") ? 1 : 0)
            .split(separator: "/", omittingEmptySubsequences: false)
    }
}

/// What the reference does around the handlers of a route.
public struct RouteTraits: OptionSet, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// 503 until ready.
    public static let readyGated = RouteTraits(rawValue: 1)
    /// CORS headers.
    public static let crossOrigin = RouteTraits(rawValue: 2)
    /// Compressed when the client accepts it.
    public static let compressed = RouteTraits(rawValue: 4)

    /// Changes something, so that more is asked of who may send a body.
    public static let administering = RouteTraits(rawValue: 8)

    /// The usual endpoint under `/api/v1`.
    public static let api: RouteTraits = [.readyGated, .crossOrigin, .compressed]

    /// The same, whose handler is run where its connection is served, and goes elsewhere itself with
    /// what takes longer. All others are run on the pool.
    public static let quick: RouteTraits = [.api, RouteTraits(rawValue: 16)]
}

/// Paths as Go's `ServeMux` wants them: without empty segments, `.` and `..`.
enum CleanPath {
    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")

    /// A decoded path without `.`, `..` and empty segments. A `/` at the end stays.
    static func of(_ path: [UInt8]) -> [UInt8] {
        if isClean(path) { return path }
        var segments: [ArraySlice<UInt8>] = []
        for segment in path.split(separator: slash) where segment != [dot] {
            if segment == [dot, dot] {
                _ = segments.popLast()
            } else {
                segments.append(segment)
            }
        }
        var clean = segments.flatMap { [slash] + $0 }
        if clean.isEmpty || path.last == slash { clean.append(slash) }
        return clean
    }

    /// True of most paths that have no empty segment and none that begins with a dot; others are
    /// looked at more closely.
    private static func isClean(_ path: [UInt8]) -> Bool {
        guard path.first == slash else { return false }
        var last: UInt8 = 0
        for byte in path {
            if last == slash, byte == slash || byte == dot { return false }
            last = byte
        }
        return true
    }

    /// A decoded path with the escapes that Go's URLs have.
    static func escaped(_ path: [UInt8]) -> String {
        var text = ""
        for byte in path {
            if Bytes.isLetterOrDigit(byte) || "$&+,-./:;=@_~".utf8.contains(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += PercentEncoding.escape(byte, uppercase: true)
            }
        }
        return text
    }
}

extension PrometheusResponse {
    /// A move within this server, as Go's `http.Redirect` tells it: a page for people who asked
    /// with GET, and the address in `Location`.
    ///
    /// - Parameters:
    ///   - path: Decoded.
    ///   - query: As sent.
    public static func moved(
        _ status: Int, to path: [UInt8], query: [UInt8], method: String
    ) -> PrometheusResponse {
        var address = Array(CleanPath.escaped(path).utf8)
        if !query.isEmpty { address += [UInt8(ascii: "?")] + query }
        let location = address.map { byte in
            byte < 0x80
                ? String(Unicode.Scalar(byte)) : PercentEncoding.escape(byte, uppercase: false)
        }.joined()
        var response = PrometheusResponse(status: status, headers: ["Location": location])
        guard method == "GET" || method == "HEAD" else { return response }
        response.headers["Content-Type"] = "text/html; charset=utf-8"
        let page = Array("<a href=\"".utf8) + escapedForHTML(address)
        response.body = .bytes(page + "\">\(ReasonPhrase.of(status))</a>.\n\n".utf8)
        return response
    }

    private static func escapedForHTML(_ text: [UInt8]) -> [UInt8] {
        text.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "&"): Array("&amp;".utf8)
            case UInt8(ascii: "<"): Array("&lt;".utf8)
            case UInt8(ascii: ">"): Array("&gt;".utf8)
            case UInt8(ascii: "\""): Array("&#34;".utf8)
            case UInt8(ascii: "'"): Array("&#39;".utf8)
            default: [byte]
            }
        }
    }
}

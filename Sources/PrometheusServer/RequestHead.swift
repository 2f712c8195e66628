/// The head of one HTTP/1 request, checked. What Go's server takes in a request line is taken, and
/// nothing is taken that two readers could divide into requests in two ways.
struct RequestHead: Equatable, Sendable {
    /// How the end of the body is found.
    enum Framing: Equatable, Sendable {
        /// 0 when there is none.
        case length(Int)
        case chunked
    }

    var method: String
    /// As sent: any byte but blanks and control characters.
    var target: [UInt8]
    /// Of HTTP/1.
    var minorVersion: Int
    var headers = HTTPHeaders()
    var framing = Framing.length(0)

    var isHTTP10: Bool { minorVersion == 0 }

    /// Whether the client wants to ask more on this connection.
    var keepsAlive: Bool {
        let options = headers.values(of: "Connection").flatMap { $0.split(separator: ",") }
            .map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
        if options.contains("close") { return false }
        return !isHTTP10 || options.contains("keep-alive")
    }

    /// Whether the client holds the body back until it is told to go on.
    var awaitsContinue: Bool {
        !isHTTP10 && framing != .length(0) && headers["Expect"]?.isEmpty == false
    }

    /// Whether a body that was not read may be passed over to reach the next request. A longer one,
    /// one of unknown length, and one that the client holds back end the connection.
    var passesOverBody: Bool {
        guard case .length(let length) = framing else { return false }
        return length <= Self.mostPassedOver && !awaitsContinue
    }

    /// Go's bound.
    private static let mostPassedOver = 256 * 1024

    init(
        method: String, target: [UInt8], minorVersion: Int, headers: HTTPHeaders = HTTPHeaders(),
        framing: Framing = .length(0)
    ) {
        self.method = method
        self.target = target
        self.minorVersion = minorVersion
        self.headers = headers
        self.framing = framing
    }

    // MARK: The first line

    /// - Parameter line: `METHOD target HTTP/1.x`, without its end.
    init(requestLine line: [UInt8]) throws(MalformedRequest) {
        let words = line.split(
            separator: Bytes.space, maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty, words[0].allSatisfy(Bytes.isToken) else {
            throw MalformedRequest("malformed request line")
        }
        method = String(decoding: words[0], as: UTF8.self)
        target = Array(words[1])
        minorVersion = try Self.minorVersion(words[2])
        guard target.allSatisfy({ $0 > Bytes.space && $0 != Bytes.delete }),
            Self.isTarget(target, method)
        else { throw MalformedRequest("invalid request target") }
    }

    private static func minorVersion(_ text: ArraySlice<UInt8>) throws(MalformedRequest) -> Int {
        let text = Array(text)
        guard text.count == 8, text.starts(with: "HTTP/".utf8), text[6] == UInt8(ascii: "."),
            let major = Bytes.digit(text[5]), let minor = Bytes.digit(text[7])
        else { throw MalformedRequest("malformed HTTP version") }
        guard major == 1 else { throw MalformedRequest.unsupportedVersion }
        return minor
    }

    /// A path, a whole URL, or what only these two methods may ask for.
    private static func isTarget(_ target: [UInt8], _ method: String) -> Bool {
        if target.first == UInt8(ascii: "/") { return true }
        if method == "CONNECT" { return !target.isEmpty }
        if target == [UInt8(ascii: "*")] { return method == "OPTIONS" }
        return endOfScheme(target[...]) != nil
    }

    /// Where the host begins in a target that is a whole URL.
    static func endOfScheme(_ target: ArraySlice<UInt8>) -> Int? {
        let scheme = target.prefix { Bytes.isLetterOrDigit($0) || "+-.".utf8.contains($0) }
        guard let first = scheme.first, Bytes.digit(first) == nil, Bytes.isLetterOrDigit(first),
            target[scheme.endIndex...].starts(with: "://".utf8)
        else { return nil }
        return scheme.endIndex + 3
    }

    // MARK: The fields

    /// - Parameter line: `name: value`, without its end.
    mutating func addField(line: [UInt8]) throws(MalformedRequest) {
        guard let (name, value) = try Self.field(line) else { return }
        headers.add(name, value)
    }

    /// A field of a head or of trailers.
    static func field(
        _ line: [UInt8]
    ) throws(MalformedRequest) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            line[..<colon].allSatisfy(Bytes.isToken)
        else { throw MalformedRequest("invalid header name") }
        let value = Bytes.trimmed(line[(colon + 1)...])
        guard value.allSatisfy(Bytes.isFieldContent) else {
            throw MalformedRequest("invalid header value")
        }
        return (
            String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self)
        )
    }

    /// Judges the head as a whole, and finds out how its body is framed.
    mutating func finish() throws(MalformedRequest) {
        let hosts = headers.values(of: "Host")
        if hosts.isEmpty && !isHTTP10 { throw MalformedRequest("missing required Host header") }
        guard hosts.count <= 1 else { throw MalformedRequest("too many Host headers") }
        guard hosts.allSatisfy({ $0.utf8.allSatisfy(Bytes.isHost) }) else {
            throw MalformedRequest("malformed Host header")
        }
        if let expected = headers["Expect"], !["", "100-continue"].contains(expected.lowercased()) {
            throw MalformedRequest("unknown expectation", status: 417)
        }
        framing = try bodyFraming()
    }

    private func bodyFraming() throws(MalformedRequest) -> Framing {
        let encodings = headers.values(of: "Transfer-Encoding")
        let lengths = headers.values(of: "Content-Length")
        guard let encoding = encodings.first else { return .length(try Self.length(lengths)) }
        // Proxies disagree about either, so neither is safe to guess at.
        guard lengths.isEmpty else {
            throw MalformedRequest("both Transfer-Encoding and Content-Length")
        }
        guard !isHTTP10 else { throw MalformedRequest("Transfer-Encoding in HTTP/1.0") }
        guard encodings.count == 1, encoding.lowercased() == "chunked" else {
            throw MalformedRequest.unsupportedTransferEncoding
        }
        return .chunked
    }

    private static func length(_ texts: [String]) throws(MalformedRequest) -> Int {
        guard let text = texts.first else { return 0 }
        guard texts.allSatisfy({ $0 == text }), text.utf8.allSatisfy({ Bytes.digit($0) != nil }),
            let length = Int(text)
        else { throw MalformedRequest("bad Content-Length") }
        return length
    }
}

/// The alphabets of a head.
enum Bytes {
    static let space = UInt8(ascii: " ")
    static let tab = UInt8(ascii: "\t")
    static let delete: UInt8 = 0x7f

    static func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return digit(byte) != nil
            || (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") && byte < 0x80)
    }

    static func isToken(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    /// What Go's server takes in `Host`.
    static func isHost(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || "!$%&'()*+,-.:;=[]_~".utf8.contains(byte)
    }

    static func isFieldContent(_ byte: UInt8) -> Bool {
        (byte >= space && byte != delete) || byte == tab
    }

    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes.drop { $0 == space || $0 == tab }
        while let last = rest.last, last == space || last == tab { rest.removeLast() }
        return rest
    }
}

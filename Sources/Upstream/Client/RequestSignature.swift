import Crypto
import GoText
import HTTPTransport
import UpstreamSettings

/// AWS Signature Version 4: header fields by which a server knows who sends a request, and that it
/// arrives as it was sent. The path, all parameters, the body, and the fields that are added or name
/// the host are signed.
struct RequestSignature: Sendable {
    private static let algorithm = "AWS4-HMAC-SHA256"

    let settings: SigV4Settings

    init(_ settings: SigV4Settings) { self.settings = settings }

    /// Gives the fields of each request at the time at which it goes out.
    var atSending: @Sendable (TransferRequest) -> [HeaderFields.Field] {
        { fields(for: $0, at: WallClock.now()) }
    }

    /// The fields to add to a request, as it goes out.
    func fields(for request: TransferRequest, at time: Timestamp) -> [HeaderFields.Field] {
        let target = SignedTarget(request.url)
        // The transport writes these itself.
        var written = [
            HeaderFields.Field(
                name: "Host", value: target.host(isRouted: request.tls.serverName != nil))
        ]
        if let type = request.contentType {
            written.append(HeaderFields.Field(name: "Content-Type", value: type))
        }
        var added = [HeaderFields.Field(name: "X-Amz-Date", value: Self.stamp(of: time))]
        if let token = settings.sessionToken {
            added.append(HeaderFields.Field(name: "X-Amz-Security-Token", value: token.exposed))
        }
        let value = authorization(
            of: request.methodName, target.path, target.query, written + added, request.bodyBytes,
            at: time)
        return added + [HeaderFields.Field(name: "Authorization", value: value)]
    }

    /// The value of `Authorization`.
    ///
    /// - Parameters:
    ///   - path: As it is sent.
    ///   - query: Behind `?`, as it is sent.
    ///   - fields: The header fields that are signed, in any order.
    func authorization(
        of method: String, _ path: String, _ query: String, _ fields: [HeaderFields.Field],
        _ body: [UInt8], at time: Timestamp
    ) -> String {
        let headers = fields.map { (name: $0.name.lowercased(), value: Self.trimmed($0.value)) }
            .sorted { $0.name < $1.name }
        let names = headers.map(\.name).joined(separator: ";")
        let canonical = [
            method, Self.canonical(path: path), Self.canonical(query: query),
            headers.map { "\($0.name):\($0.value)\n" }.joined(), names,
            Self.hexadecimal(SHA256.hash(data: body)),
        ].joined(separator: "\n")
        let stamp = Self.stamp(of: time)
        let parts = [String(stamp.prefix(8)), settings.region, settings.service, "aws4_request"]
        let scope = parts.joined(separator: "/")
        let text = [
            Self.algorithm, stamp, scope,
            Self.hexadecimal(SHA256.hash(data: Array(canonical.utf8))),
        ].joined(separator: "\n")
        let key = parts.reduce(SymmetricKey(data: Array("AWS4\(settings.secretKey.exposed)".utf8)))
        {
            SymmetricKey(data: Self.code($1, $0))
        }
        return "\(Self.algorithm) Credential=\(settings.accessKey)/\(scope), "
            + "SignedHeaders=\(names), Signature=\(Self.hexadecimal(Self.code(text, key)))"
    }

    private static func code(
        _ text: String, _ key: SymmetricKey
    ) -> HashedAuthenticationCode<SHA256> {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }

    // MARK: - Canonical forms

    /// Each segment is encoded, although it is sent encoded: so do all services but S3.
    private static func canonical(path: String) -> String {
        if path.isEmpty { return "/" }
        return path.split(separator: "/", omittingEmptySubsequences: false)
            .map { FormText.encoded(String($0)) }.joined(separator: "/")
    }

    /// The parameters in the order of their encoded names and values, each with a `=`.
    private static func canonical(query: String) -> String {
        let pairs = query.split(separator: "&").map { pair -> (name: String, value: String) in
            let name = pair.prefix { $0 != "=" }
            return (encodedAnew(name), encodedAnew(pair.dropFirst(name.count + 1)))
        }
        return pairs.sorted { a, b in
            a.name == b.name
                ? a.value.utf8.lexicographicallyPrecedes(b.value.utf8)
                : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
        }.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// In the one spelling that is signed. What is no encoding stays.
    private static func encodedAnew(_ text: Substring) -> String {
        text.split(separator: "%", omittingEmptySubsequences: false).enumerated()
            .map { index, part in
                guard index > 0 else { return FormText.encoded(String(part)) }
                return "%\(part.prefix(2).uppercased())"
                    + FormText.encoded(String(part.dropFirst(2)))
            }.joined()
    }

    /// Blanks at the ends are left out, and several become one.
    private static func trimmed(_ value: String) -> String {
        value.split(separator: " ").joined(separator: " ")
    }

    /// As `20150830T123600Z`.
    private static func stamp(of time: Timestamp) -> String {
        RFC3339.text(seconds: time.milliseconds.floorDivided(by: 1000))
            .filter { $0 != "-" && $0 != ":" }
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }
}

/// The parts of a URL without a user or a fragment.
struct SignedTarget {
    private let scheme: Substring
    private let authority: Substring
    /// "" where there is none.
    let path: String
    /// Behind `?`; "" where there is none.
    let query: String

    init(_ url: String) {
        scheme = url.prefix { $0 != ":" }
        let rest = url.dropFirst(scheme.count + 3)
        authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest.dropFirst(authority.count)
        path = String(target.prefix { $0 != "?" })
        query = String(target.dropFirst(path.count + 1))
    }

    /// What the field `Host` is: the port is left out where it is the scheme's own.
    ///
    /// - Parameter isRouted: Whether the host is named as the URL has it, because the connection goes
    ///   by another name.
    func host(isRouted: Bool) -> String {
        let usual = scheme.lowercased() == "https" ? ":443" : ":80"
        return authority.hasSuffix(usual) && !(isRouted && usual == ":443")
            ? String(authority.dropLast(usual.count)) : String(authority)
    }
}

extension TransferRequest {
    fileprivate var methodName: String {
        switch method {
        case .get: "GET"
        case .post, .send: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        }
    }

    /// Of the body, as it is sent; nil for none.
    fileprivate var contentType: String? {
        switch method {
        case .post: "application/x-www-form-urlencoded"
        case .send(_, let type): type
        case .get, .put, .delete: nil
        }
    }

    fileprivate var bodyBytes: [UInt8] {
        switch method {
        case .get, .delete: []
        case .post(let bytes), .put(let bytes), .send(let bytes, _): bytes
        }
    }
}

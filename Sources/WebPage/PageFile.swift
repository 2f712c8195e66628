import Crypto
import PrometheusServer

/// One file of the page, with what is sent beside it.
struct PageFile: Sendable {
    private let type: String
    /// Of the bytes; each coding has one of its own.
    private let tag: String
    private let caching: String
    private let bytes: [UInt8]
    /// Nil where that makes it no smaller.
    private let gzip: [UInt8]?
    private let zstd: [UInt8]?

    /// - Throws: when it cannot be compressed, which is only for want of memory.
    init(name: String, bytes: [UInt8]) throws {
        type = Self.type(of: name)
        tag = SHA256.hash(data: bytes).prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count < 2 ? "0" + digits : digits
        }.joined()
        caching =
            Self.hasHash(name) ? "public, max-age=31536000, immutable" : "no-cache"
        self.bytes = bytes
        func smaller(_ coding: ContentCoding) throws -> [UInt8]? {
            let compressed = try coding.compressed(bytes)
            return compressed.count < bytes.count ? compressed : nil
        }
        gzip = try smaller(.gzip)
        zstd = try smaller(.zstd)
    }

    /// The answer to GET, in the smallest coding that the client takes, or 304 where it has that.
    func response(to request: PrometheusRequest) -> PrometheusResponse {
        let accepted = AcceptedCodings(request.headers.values(of: "Accept-Encoding"))
        var (sent, coding): ([UInt8], String?) = (bytes, nil)
        if accepted.takes("zstd"), let zstd {
            (sent, coding) = (zstd, "zstd")
        } else if accepted.takes("gzip"), let gzip {
            (sent, coding) = (gzip, "gzip")
        }
        let entity = "\"\(tag)\(coding.map { "-\($0)" } ?? "")\""
        var headers: HTTPHeaders = [
            "Content-Type": type, "ETag": entity, "Cache-Control": caching,
            "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff",
        ]
        if Self.names(entity, request.headers.values(of: "If-None-Match")) {
            headers["Content-Type"] = nil
            return PrometheusResponse(status: 304, headers: headers)
        }
        if let coding { headers["Content-Encoding"] = coding }
        return PrometheusResponse(headers: headers, body: .bytes(sent))
    }

    /// Whether the client says that it has what the tag names.
    private static func names(_ entity: String, _ fields: [String]) -> Bool {
        fields.flatMap { $0.split(separator: ",") }.contains { part in
            var tag = part.drop { $0 == " " || $0 == "\t" }
            while let last = tag.last, last == " " || last == "\t" { tag.removeLast() }
            if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
            return tag == "*" || tag == entity
        }
    }

    /// Whether the name changes with the content: `name-4QXB2AWJ.js`, of eight capital letters and
    /// digits as esbuild writes them, or of eight hexadecimal digits.
    static func hasHash(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        let stem = name.prefix { $0 != "." }
        guard stem.count < name.count, let dash = stem.lastIndex(of: "-") else { return false }
        let hash = stem[stem.index(after: dash)...].utf8
        guard hash.count == 8 else { return false }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z")
        let hexadecimal = UInt8(ascii: "a")...UInt8(ascii: "f")
        return hash.allSatisfy { digits.contains($0) || capitals.contains($0) }
            || hash.allSatisfy { digits.contains($0) || hexadecimal.contains($0) }
    }

    private static func type(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "json", "map": "application/json"
        case "webmanifest": "application/manifest+json"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "ico": "image/x-icon"
        case "woff2": "font/woff2"
        case "txt", "md": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}

/// The codings that a client takes. Unlike for the API, weights count: a browser reads these files.
struct AcceptedCodings: Sendable {
    private var accepted: Set<String> = []

    init(_ fields: [String]) {
        for part in fields.flatMap({ $0.split(separator: ",") }) {
            let pieces = part.split(separator: ";").map { piece in
                piece.filter { $0 != " " && $0 != "\t" }.lowercased()
            }
            guard let name = pieces.first else { continue }
            let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }
                .map { Double($0.dropFirst(2)) ?? 0 }
            if weight ?? 1 > 0 { accepted.insert(name) }
        }
    }

    func takes(_ coding: String) -> Bool { accepted.contains(coding) }
}

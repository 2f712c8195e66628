/// Paths as Go's `ServeMux` wants them: without empty segments, `.` and `..`.
enum CleanPath {
    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")

    /// The path that a decoded one stands for. A `/` at the end stays.
    static func of(_ path: [UInt8]) -> [UInt8] {
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
    static func moved(
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

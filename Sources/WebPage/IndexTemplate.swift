import PrometheusServer

/// `index.html`, whose `{{nonce}}`, `{{base}}` and `{{version}}` are filled in for each request.
struct IndexTemplate: Sendable {
    private enum Place: String, CaseIterable {
        case nonce = "{{nonce}}"
        case base = "{{base}}"
        case version = "{{version}}"
    }

    private enum Piece {
        case text(String)
        case place(Place)
    }

    private let pieces: [Piece]

    init(_ text: String) {
        var pieces: [Piece] = []
        var rest = text[...]
        while let next = Place.allCases.compactMap({ place in
            rest.firstRange(of: place.rawValue).map { (place: place, range: $0) }
        }).min(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            pieces.append(.text(String(rest[..<next.range.lowerBound])))
            pieces.append(.place(next.place))
            rest = rest[next.range.upperBound...]
        }
        pieces.append(.text(String(rest)))
        self.pieces = pieces
    }

    /// The page with a nonce of its own, so that it is never kept.
    ///
    /// - Parameter base: What is before every path of the gateway, without a slash at its end.
    func response(base: String, version: String) -> PrometheusResponse {
        let nonce = Self.nonce()
        let text = pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .place(.nonce): nonce
            case .place(.base): Self.escaped(base + "/")
            case .place(.version): Self.escaped(version)
            }
        }.joined()
        let policy =
            "default-src 'self'; style-src 'self' 'nonce-\(nonce)'; img-src 'self' data:; "
            + "frame-ancestors 'none'"
        return PrometheusResponse(
            headers: [
                "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
                "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "same-origin",
            ], body: .bytes(Array(text.utf8)))
    }

    /// 128 random bits.
    private static func nonce() -> String {
        [UInt64.random(in: 0 ... .max), .random(in: 0 ... .max)].map { String($0, radix: 36) }
            .joined()
    }

    private static func escaped(_ text: String) -> String {
        text.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&#34;"
            case "'": "&#39;"
            default: String(character)
            }
        }.joined()
    }
}

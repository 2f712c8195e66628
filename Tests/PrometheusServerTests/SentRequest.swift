import TestSupport

@testable import PrometheusServer

/// A request of a client, for readers that must find it again.
struct SentRequest {
    var head: RequestHead
    var body: [UInt8]
    var bytes: [UInt8]

    var parts: [RequestPart] {
        [.head(head)] + (body.isEmpty ? [] : [.body(body)]) + [.end]
    }

    /// What a request that is smuggled in a body would look like.
    private static let lookalikes = [
        "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\nPOST /smuggled HTTP/1.1\r\n",
        "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", "query=up", "\n\n", "\r\n", "é", "\0",
        "7\r\nchunk", "Content-Length: 5\r\n\r\n",
    ]

    private static func text(_ random: inout SeededRandom) -> String {
        (0..<Int.random(in: 0...4, using: &random)).map { _ in
            lookalikes.randomElement(using: &random) ?? ""
        }.joined()
    }

    static func random(_ random: inout SeededRandom) -> SentRequest {
        let methods = ["GET", "POST", "PUT", "FOO", "HEAD"]
        let targets = [
            "/", "/api/v1/query?query=x{u=\"é\"}", "//a/../b", "/<|\\^`>%zz#", "http://h:1/p?q",
            "/\u{10FFFF}",
        ]
        let method = methods.randomElement(using: &random) ?? "GET"
        let target = targets.randomElement(using: &random) ?? "/"
        let minor = Int.random(in: 0...2, using: &random)
        var fields = [("Host", "a"), ("X", "1:\t é"), ("Accept", "")]
        var body = Array(text(&random).utf8)
        var framing = RequestHead.Framing.length(body.count)
        var sent = body
        if minor > 0, Bool.random(using: &random) {
            fields.append(("Transfer-Encoding", "chunked"))
            framing = .chunked
            sent = chunked(body, &random)
        } else if !body.isEmpty || Bool.random(using: &random) {
            fields.append(("Content-Length", "\(body.count)"))
        } else {
            body = []
        }
        var headers = HTTPHeaders()
        for (name, value) in fields { headers.add(name, value) }
        let lines = fields.map { "\($0): \($1)\r\n" }.joined()
        let head = "\(method) \(target) HTTP/1.\(minor)\r\n\(lines)\r\n"
        return SentRequest(
            head: RequestHead(
                method: method, target: Array(target.utf8), minorVersion: minor, headers: headers,
                framing: framing),
            body: body, bytes: Array(head.utf8) + sent)
    }

    private static func chunked(_ body: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var sent: [UInt8] = []
        var rest = body[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...40, using: &random))
            let size = String(piece.count, radix: 16, uppercase: Bool.random(using: &random))
            let name = Bool.random(using: &random) ? ";name=value" : ""
            sent += Array("\(size)\(name)\r\n".utf8) + piece + Array("\r\n".utf8)
            rest = rest.dropFirst(piece.count)
        }
        let trailer = Bool.random(using: &random) ? "T: x\r\n" : ""
        return sent + Array("0\r\n\(trailer)\r\n".utf8)
    }

    /// Some requests, of which a few bytes were changed, lost or put twice.
    static func damaged(_ random: inout SeededRandom) -> [UInt8] {
        var bytes = (0..<Int.random(in: 1...3, using: &random)).flatMap { _ in
            SentRequest.random(&random).bytes
        }
        let odd = Array("\r\n \t:;0123456789abcdefGET/HTTP.\u{0}\u{7f}é".utf8)
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            guard let place = bytes.indices.randomElement(using: &random) else { break }
            switch Int.random(in: 0...3, using: &random) {
            case 0: bytes[place] = odd.randomElement(using: &random) ?? 0
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(odd.randomElement(using: &random) ?? 0, at: place)
            default: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
            }
        }
        return bytes
    }
}

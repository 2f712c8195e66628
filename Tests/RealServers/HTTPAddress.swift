import GoText
import TestSupport

/// Where a server of the test listens, and what stands before its API paths.
public struct HTTPAddress: Sendable, Hashable {
    public var port: UInt16
    /// Such as `/p/all`, or empty.
    public var prefix = ""
    /// Sent with every request; nil for none.
    public var bearerToken: String?

    public init(port: UInt16, prefix: String = "", bearerToken: String? = nil) {
        self.port = port
        self.prefix = prefix
        self.bearerToken = bearerToken
    }

    public var url: String { "http://127.0.0.1:\(port)\(prefix)" }

    public func get(
        _ path: String, _ parameters: [(String, String)] = [], headers: [(String, String)] = [],
        timeout: Int = 60
    ) throws -> HTTPAnswer {
        let query = parameters.isEmpty ? "" : "?" + Self.form(parameters)
        return try exchange("GET", path + query, headers: headers, body: [], timeout: timeout)
    }

    public func post(
        _ path: String, _ parameters: [(String, String)], headers: [(String, String)] = [],
        timeout: Int = 60
    ) throws -> HTTPAnswer {
        let type = ("Content-Type", "application/x-www-form-urlencoded")
        return try post(
            path, body: Array(Self.form(parameters).utf8), headers: headers + [type],
            timeout: timeout)
    }

    public func post(
        _ path: String, body: [UInt8], headers: [(String, String)] = [], timeout: Int = 60
    ) throws -> HTTPAnswer {
        try exchange("POST", path, headers: headers, body: body, timeout: timeout)
    }

    private func exchange(
        _ method: String, _ target: String, headers: [(String, String)], body: [UInt8], timeout: Int
    ) throws -> HTTPAnswer {
        var bytes: [UInt8] = []
        var answer = try stream(method, target, headers: headers, body: body, timeout: timeout) {
            bytes += $0
        }
        answer.body = bytes
        return answer
    }

    /// Sends one request and hands the body on in pieces, so that a large one is never held.
    public func stream(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8] = [],
        timeout: Int = 60, _ each: ([UInt8]) throws -> Void
    ) throws -> HTTPAnswer {
        let socket = try Socket(connectingTo: port, timeout: timeout)
        var head = "\(method) \(prefix)\(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let bearerToken { head += "Authorization: Bearer \(bearerToken)\r\n" }
        if method != "GET" { head += "Content-Length: \(body.count)\r\n" }
        try socket.write(Array((head + "Connection: close\r\n\r\n").utf8) + body)

        let statusLine = try socket.readLine()
        guard let status = statusLine?.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw TestFailure("no HTTP answer to \(target): \(statusLine ?? "nothing")") }
        var answer = HTTPAnswer(status: status, headers: [], body: [])
        while let line = try socket.readLine(), !line.isEmpty {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            let value = line[colon...].dropFirst().drop(while: { $0 == " " })
            answer.headers.append((line[..<colon].lowercased(), String(value)))
        }
        // The answer to HEAD has the length of a body that does not come.
        if method == "HEAD" {
            return answer
        } else if answer.header("transfer-encoding") == "chunked" {
            while true {
                guard let line = try socket.readLine(), let size = Int(line, radix: 16) else {
                    throw TestFailure("the body broke off")
                }
                try socket.read(size, each)
                _ = try socket.readLine()
                if size == 0 { break }
            }
        } else if let length = answer.header("content-length").flatMap({ Int($0) }) {
            try socket.read(length, each)
        } else {
            while true {
                let piece = try socket.read()
                if piece.isEmpty { break }
                try each(piece)
            }
        }
        return answer
    }

    public static func form(_ parameters: [(String, String)]) -> String {
        FormText.text(of: parameters.map { (name: $0.0, value: $0.1) })
    }
}

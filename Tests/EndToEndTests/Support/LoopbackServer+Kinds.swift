import Foundation
import RealServers

extension LoopbackServer {
    /// Answers every request with one body, at once.
    static func answering(
        _ body: String, status: Int = 200, type: String = "application/json"
    ) throws -> LoopbackServer {
        try LoopbackServer { _, socket in
            try socket.write(
                """
                HTTP/1.1 \(status) Whatever\r
                Content-Type: \(type)\r
                Content-Length: \(body.utf8.count)\r
                Connection: close\r
                \r
                \(body)
                """)
        }
    }

    /// Accepts, reads the request, and is silent for a minute.
    static func silent() throws -> LoopbackServer {
        try LoopbackServer { _, _ in sleep(60) }
    }

    /// Promises more bytes than it sends, then hangs up.
    static func breakingOff(after body: String) throws -> LoopbackServer {
        try LoopbackServer { _, socket in
            try socket.write(
                """
                HTTP/1.1 200 OK\r
                Content-Type: application/json\r
                Content-Length: \(body.utf8.count + 1000)\r
                Connection: close\r
                \r
                \(body)
                """)
        }
    }

    /// Passes every request on to `upstream`, so that it can be counted.
    static func counting(_ upstream: HTTPAddress) throws -> LoopbackServer {
        try LoopbackServer { request, socket in
            let onward = try Socket(connectingTo: upstream.port, timeout: 60)
            var head = "\(request.method) \(request.target) HTTP/1.1\r\n"
            for (name, value) in request.headers where name != "connection" {
                head += "\(name): \(value)\r\n"
            }
            try onward.write(head + "Connection: close\r\n\r\n")
            try onward.write(request.body)
            while true {
                let piece = try onward.read()
                if piece.isEmpty { break }
                try socket.write(piece)
            }
        }
    }
}

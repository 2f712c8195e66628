import Foundation
import RealServers
import TestSupport

/// Stands before a real member and gives its answers with a fault. The first part of the path says
/// which one: `/f12/...` is the twelfth behaviour.
final class FaultProxy: Sendable {
    private let server: LoopbackServer
    let behaviours: [FaultBehaviour]

    init(_ upstream: HTTPAddress, _ behaviours: [FaultBehaviour]) throws {
        self.behaviours = behaviours
        server = try LoopbackServer { request, socket in
            let parts = request.path.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2, let number = Int(parts[0].dropFirst()),
                behaviours.indices.contains(number)
            else { throw TestFailure("no behaviour at \(request.target)") }
            var onward = request
            onward.target = String(request.target.dropFirst(parts[0].utf8.count + 1))
            let answer = try Self.answer(to: onward, from: upstream)
            // What a member says about itself is no question of the matrix.
            if onward.path.hasPrefix("/api/v1/status/") {
                try socket.write(answer.plain)
            } else {
                try behaviours[number].send(answer, socket)
            }
        }
    }

    /// Where a behaviour is to be found.
    func address(of number: Int) -> HTTPAddress {
        HTTPAddress(port: server.address.port, prefix: "/f\(number)")
    }

    private static func answer(
        to request: LoopbackServer.Request, from upstream: HTTPAddress
    ) throws -> FaultBehaviour.Answer {
        var bytes: [UInt8] = []
        let passed = ["content-type", "content-encoding", "x-prometheus-remote-read-version"]
        var answer = try upstream.stream(
            request.method, request.target,
            headers: request.headers.filter { passed.contains($0.0) }, body: request.body
        ) { bytes += $0 }
        answer.body = bytes
        return FaultBehaviour.Answer(answer)
    }
}

/// What a member does to an answer that it could have given.
struct FaultBehaviour: Sendable {
    /// What becomes of the member.
    enum Outcome: Sendable {
        /// The answer is taken as it was meant.
        case whole
        /// It is taken, and said to lack something.
        case partial
        /// The member is missing.
        case missing
        /// The member is missing, or has nothing of the kind that is asked for.
        case missingOrEmpty
        /// The member judges the question, and so for all.
        case refused
    }

    /// Which answers it can be applied to.
    enum Scope: Sendable { case all, json, queries }

    var name: String
    var outcome: Outcome
    var scope = Scope.all
    var send: @Sendable (Answer, Socket) throws -> Void

    /// The real member's answer.
    struct Answer: Sendable {
        var status: Int
        var type: String
        var encoding: String?
        var body: [UInt8]

        init(_ answer: HTTPAnswer) {
            status = answer.status
            type = answer.header("content-type") ?? "application/json"
            encoding = answer.header("content-encoding")
            body = answer.body
        }

        /// As it came, with a length.
        var plain: [UInt8] { text(fields: ["Content-Length: \(body.count)"]) + body }

        /// A head of HTTP/1.1 that closes the connection.
        ///
        /// - Parameter fields: besides the type of the content.
        func text(
            status: String? = nil, version: String = "HTTP/1.1", type: String? = nil,
            fields: [String]
        ) -> [UInt8] {
            var lines = ["\(version) \(status ?? "\(self.status) Whatever")"]
            lines.append("Content-Type: \(type ?? self.type)")
            if let encoding, !fields.contains(where: { $0.hasPrefix("Content-Encoding") }) {
                lines.append("Content-Encoding: \(encoding)")
            }
            lines += fields + ["Connection: close", "", ""]
            return Array(lines.joined(separator: "\r\n").utf8)
        }

        /// Another body in place of the real one.
        func with(_ body: [UInt8], type: String? = nil, fields: [String] = []) -> [UInt8] {
            text(type: type, fields: ["Content-Length: \(body.count)"] + fields) + body
        }

        /// In chunks of a size.
        func chunks(of size: Int, extension text: String = "") -> [UInt8] {
            var all: [UInt8] = []
            var rest = body[...]
            while !rest.isEmpty {
                let piece = rest.prefix(size)
                all += Array("\(String(piece.count, radix: 16))\(text)\r\n".utf8) + piece
                all += Array("\r\n".utf8)
                rest = rest.dropFirst(size)
            }
            return all
        }
    }
}

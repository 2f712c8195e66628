import Foundation
import RealServers
import ScriptedServers
import TestSupport

extension FaultBehaviour {
    /// Every behaviour of the matrix.
    static let table: [FaultBehaviour] =
        connection + statuses + refusals + framing + fields + encodings + documents + contents

    private static func sending(
        _ name: String, _ outcome: Outcome, _ scope: Scope = .all,
        _ bytes: @escaping @Sendable (Answer) -> [UInt8]
    ) -> FaultBehaviour {
        FaultBehaviour(name: name, outcome: outcome, scope: scope) { try $1.write(bytes($0)) }
    }

    /// Another body of JSON in place of the real one, which is given as text.
    private static func body(
        _ name: String, _ outcome: Outcome, _ scope: Scope = .json,
        _ change: @escaping @Sendable (String) -> String
    ) -> FaultBehaviour {
        sending(name, outcome, scope) { answer in
            answer.with(Array(change(String(decoding: answer.body, as: UTF8.self)).utf8))
        }
    }

    // MARK: Connections

    private static let connection: [FaultBehaviour] = [
        FaultBehaviour(name: "as it is", outcome: .whole) { try $1.write($0.plain) },
        FaultBehaviour(name: "hangs up at once", outcome: .missing) { _, _ in },
        FaultBehaviour(name: "is silent", outcome: .missing) { _, _ in sleep(3) },
        FaultBehaviour(name: "is silent behind half a head", outcome: .missing) { _, socket in
            try socket.write(Array("HTTP/1.1 200 OK\r\nContent-Ty".utf8))
            sleep(3)
        },
        FaultBehaviour(name: "hangs up in the head", outcome: .missing) { _, socket in
            try socket.write(Array("HTTP/1.1 200 OK\r\nContent-Ty".utf8))
        },
        FaultBehaviour(name: "is silent behind the head", outcome: .missing) { answer, socket in
            try socket.write(answer.text(fields: ["Content-Length: \(answer.body.count)"]))
            sleep(3)
        },
        FaultBehaviour(name: "is silent in the body", outcome: .missing) { answer, socket in
            try socket.write(Array(answer.plain.dropLast(3)))
            sleep(3)
        },
        FaultBehaviour(name: "hangs up in the body", outcome: .missing) { answer, socket in
            try socket.write(Array(answer.plain.dropLast(1)))
        },
        FaultBehaviour(name: "drips", outcome: .whole) { answer, socket in
            let bytes = answer.plain
            for piece in stride(from: 0, to: bytes.count, by: bytes.count / 6 + 1) {
                try socket.write(
                    Array(bytes[piece..<min(bytes.count, piece + bytes.count / 6 + 1)]))
                usleep(20_000)
            }
        },
    ]

    // MARK: Statuses

    private static let statuses: [FaultBehaviour] =
        [200, 201, 202, 203].map { status in
            sending("status \(status) with the answer", .whole) { answer in
                answer.text(status: "\(status) X", fields: ["Content-Length: \(answer.body.count)"])
                    + answer.body
            }
        }
        + [204, 205, 304].map { status in
            sending("status \(status) without a body", .missing) {
                $0.text(status: "\(status) X", fields: [])
            }
        }
        + [
            300, 301, 302, 303, 305, 307, 308, 400, 401, 402, 403, 406, 407, 408, 409, 410, 411,
            412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451,
            500, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 521, 522, 523, 524, 525, 526,
            527, 599, 999,
        ].flatMap { status -> [FaultBehaviour] in
            [("nothing", ""), ("a page", "<html><body>\(status)</body></html>")].map { what, text in
                failing(status, what, text)
            }
        }
        + [404, 405, 501].flatMap { status in
            [("nothing", ""), ("a page", "<html><body>\(status)</body></html>")].map { what, text in
                var behaviour = failing(status, what, text)
                behaviour.outcome = .missingOrEmpty
                return behaviour
            }
        }
        + [
            sending("status 100 before the answer", .whole) {
                Array("HTTP/1.1 100 Continue\r\n\r\n".utf8) + $0.plain
            },
            sending("status 103 before the answer", .whole) {
                Array("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".utf8) + $0.plain
            },
        ]

    private static func failing(_ status: Int, _ what: String, _ text: String) -> FaultBehaviour {
        sending("status \(status) with \(what)", .missing) { answer in
            answer.text(
                status: "\(status) X", type: "text/html",
                fields: ["Content-Length: \(text.utf8.count)", "Content-Encoding: identity"])
                + Array(text.utf8)
        }
    }

    /// Error documents: what members say against the question counts for all, other errors are
    /// their own.
    private static let refusals: [FaultBehaviour] = [200, 400, 422, 500, 503].flatMap { status in
        ["bad_data", "execution", "internal", "unavailable", "timeout", "canceled", "not_found"]
            .map { type -> FaultBehaviour in
                let judges =
                    ["bad_data", "execution"].contains(type) && [200, 400, 422].contains(status)
                let text = #"{"status":"error","errorType":"\#(type)","error":"a wrong question"}"#
                return sending(
                    "status \(status) with the error \(type)", judges ? .refused : .missing, .json
                ) { answer in
                    answer.text(
                        status: "\(status) X", fields: ["Content-Length: \(text.utf8.count)"])
                        + Array(text.utf8)
                }
            }
    }

    // MARK: Framing

    private static let framing: [FaultBehaviour] = [
        sending("chunks of 7 bytes", .whole) {
            $0.text(fields: ["Transfer-Encoding: chunked"]) + $0.chunks(of: 7)
                + Array("0\r\n\r\n".utf8)
        },
        sending("chunks with extensions", .whole) {
            $0.text(fields: ["Transfer-Encoding: chunked"])
                + $0.chunks(of: 1000, extension: ";a=b") + Array("0;c\r\n\r\n".utf8)
        },
        sending("chunks with trailers", .whole) {
            $0.text(fields: ["Transfer-Encoding: chunked", "Trailer: X-A"])
                + $0.chunks(of: 1000) + Array("0\r\nX-A: b\r\n\r\n".utf8)
        },
        sending("chunks without an end", .missing) {
            $0.text(fields: ["Transfer-Encoding: chunked"]) + $0.chunks(of: 1000)
        },
        sending("a chunk cut off", .missing) {
            $0.text(fields: ["Transfer-Encoding: chunked"]) + $0.chunks(of: 1000).dropLast(5)
        },
        sending("a chunk whose size is no number", .missing) {
            $0.text(fields: ["Transfer-Encoding: chunked"]) + Array("xyz\r\n".utf8) + $0.body
        },
        sending("a chunk of too many bytes", .missing) {
            $0.text(fields: ["Transfer-Encoding: chunked"])
                + Array("fffffffffffffffff\r\n".utf8) + $0.body
        },
        sending("no length", .whole) { $0.text(fields: []) + $0.body },
        sending("HTTP/1.0", .whole) { $0.text(version: "HTTP/1.0", fields: []) + $0.body },
        sending("the same length twice", .whole) {
            $0.text(
                fields: ["Content-Length: \($0.body.count)", "Content-Length: \($0.body.count)"])
                + $0.body
        },
        sending("a length that is too great", .missing) {
            $0.text(fields: ["Content-Length: \($0.body.count + 10)"]) + $0.body
        },
        sending("a length that is too small", .missing) {
            $0.text(fields: ["Content-Length: \($0.body.count / 2)"]) + $0.body
        },
        sending("a length that is beyond all limits", .missing) {
            $0.text(fields: ["Content-Length: 99999999999999"]) + $0.body
        },
        sending("a length that is no number", .missing) {
            $0.text(fields: ["Content-Length: many"]) + $0.body
        },
        sending("a length below zero", .missing) {
            $0.text(fields: ["Content-Length: -5"]) + $0.body
        },
        sending("no HTTP", .missing) { _ in Array("220 mail.example ESMTP\r\n".utf8) },
        sending("bytes of a TLS alert", .missing) { _ in [0x15, 3, 1, 0, 2, 2, 0x28] },
        sending("nothing but NUL", .missing) { _ in [UInt8](repeating: 0, count: 4096) },
        sending("a second answer behind the first", .whole) { answer in
            answer.plain + Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".utf8)
        },
    ]

    private static let fields: [FaultBehaviour] = [
        sending("a field of 200 KB", .missing) {
            $0.text(
                fields: [
                    "X-Long: " + String(repeating: "a", count: 200_000),
                    "Content-Length: \($0.body.count)",
                ]) + $0.body
        },
        sending("20,000 fields", .missing) { answer in
            answer.text(
                fields: (0..<20_000).map { "X-\($0): \($0)" }
                    + ["Content-Length: \(answer.body.count)"]) + answer.body
        },
        sending("a folded field", .whole) {
            $0.text(fields: ["X-A: b\r\n  c", "Content-Length: \($0.body.count)"]) + $0.body
        },
        sending("a field without a value", .whole) {
            $0.text(fields: ["X-A:", "Content-Length: \($0.body.count)"]) + $0.body
        },
        sending("fields in lower case", .whole) {
            let head = String(
                decoding: $0.text(fields: ["Content-Length: \($0.body.count)"]), as: UTF8.self)
            let lines = head.components(separatedBy: "\r\n")
            let lowered = [lines[0]] + lines.dropFirst().map { $0.lowercased() }
            return Array(lowered.joined(separator: "\r\n").utf8) + $0.body
        },
        sending("a cookie and a date", .whole) {
            $0.text(
                fields: [
                    "Set-Cookie: a=b", "Date: Thu, 01 Jan 1970 00:00:00 GMT",
                    "Content-Length: \($0.body.count)",
                ]) + $0.body
        },
    ]

    // MARK: Encodings

    private static let encodings: [FaultBehaviour] = [
        packed("gzip", "", .whole) { compressed($0) },
        packed("x-gzip", "", .whole) { compressed($0) },
        packed("deflate", "", .whole) { compressed($0, zlib: true) },
        packed("gzip", "cut off", .missing) { compressed($0).dropLast(6) },
        packed("gzip", "with a wrong checksum", .missing) { bytes in
            var packed = compressed(bytes)
            packed[packed.count - 6] ^= 0xFF
            return packed
        },
        packed("gzip", "that is none", .missing) { $0 },
        packed("br", "", .missing) { $0 },
        packed("zstd", "", .missing) { $0 },
        packed("gzip, gzip", "", .missing) { compressed($0) },
        packed("identity", "", .whole) { $0 },
        packed("gzip", "of 300 MB", .missing) { [bomb] _ in bomb },
    ]

    /// Made once and before it is asked for: a request a second would else have the test compress
    /// many of them at the same time, each of a gigabyte while that goes on.
    private static let bomb = compressed(
        Array(#"{"status":"success","data":""#.utf8) + [UInt8](repeating: 0x61, count: 300 << 20))

    private static func packed(
        _ coding: String, _ what: String, _ outcome: Outcome,
        _ pack: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) -> FaultBehaviour {
        sending("\(coding) \(what)", outcome, .json) { answer in
            let bytes = pack(answer.body)
            return answer.text(
                fields: ["Content-Encoding: \(coding)", "Content-Length: \(bytes.count)"]) + bytes
        }
    }

    // MARK: Documents

    private static let documents: [FaultBehaviour] = [
        sending("the answer as text/plain", .whole, .json) {
            $0.with($0.body, type: "text/plain")
        },
        sending("the answer as text/html", .whole, .json) {
            $0.with($0.body, type: "text/html")
        },
        sending("the answer of no type", .whole, .json) { $0.with($0.body, type: "") },
        body("a page", .missing) { _ in "<!DOCTYPE html><html><title>Log in</title></html>" },
        body("nothing", .missing) { _ in "" },
        body("a byte order mark", .whole) { "\u{FEFF}" + $0 },
        body("blanks around", .whole) { " \r\n\t" + $0 + "\n\n" },
        body("something behind", .missing) { $0 + "x" },
        body("the answer twice", .missing) { $0 + $0 },
        body("null", .missing) { _ in "null" },
        body("a list", .missing) { _ in "[]" },
        body("a text", .missing) { _ in #""success""# },
        body("a number", .missing) { _ in "17" },
        body("an empty object", .missing) { _ in "{}" },
        body("no data", .missing) { _ in #"{"status":"success"}"# },
        body("data that are null", .missing) { _ in #"{"status":"success","data":null}"# },
        body("data that are a number", .missing) { _ in #"{"status":"success","data":1}"# },
        body("no status", .missing) {
            $0.replacingOccurrences(of: #""status":"success","#, with: "")
        },
        body("another status", .missing) {
            $0.replacingOccurrences(of: #""status":"success""#, with: #""status":"Success""#)
        },
        body("the status twice", .missing) { #"{"status":"success","# + $0.dropFirst() },
        body("a key that is not known", .whole) { #"{"later":{"a":[1,{}]},"# + $0.dropFirst() },
        body("blanks within", .whole) {
            $0.replacingOccurrences(
                of: #"{"status":"success","data":"#,
                with: "{ \"status\" : \"success\" ,\n \"data\" : ")
        },
        body("200,000 brackets", .missing) { _ in
            #"{"status":"success","data":"# + String(repeating: "[", count: 200_000)
        },
        body("single quotes", .missing) { $0.replacingOccurrences(of: "\"", with: "'") },
        body("the status behind the data", .whole) {
            let start = #"{"status":"success","#
            guard $0.hasPrefix(start) else { return $0 }
            return "{" + $0.dropFirst(start.count).dropLast() + #","status":"success"}"#
        },
        body("a warning of its own", .whole) { $0.dropLast() + #","warnings":["watch out"]}"# },
        body("warnings that are no list", .whole) { $0.dropLast() + #","warnings":"no"}"# },
        body("isPartial", .partial, .queries) { $0.dropLast() + #","isPartial":true}"# },
        body("an error with status success", .whole) { $0.dropLast() + #","error":""}"# },
    ]

    /// Damage at places all over the answer.
    private static let contents: [FaultBehaviour] =
        (1..<12).map { part in
            sending("cut off at \(part) twelfths", .missing, .json) {
                $0.with(Array($0.body.prefix($0.body.count * part / 12)))
            }
        }
        + (1..<8).map { part in
            sending("a control character at \(part) eighths", .missing, .json) { answer in
                var body = answer.body
                body[body.count * part / 8] = 1
                return answer.with(body)
            }
        }
        + ["scalar", "string", "matrix", "vector", "streams", ""].map { kind in
            FaultBehaviour(name: "the result type \(kind)", outcome: .missing, scope: .queries) {
                let text = String(decoding: $0.body, as: UTF8.self)
                let own = text.contains(#""resultType":"vector""#) ? "vector" : "matrix"
                // The answer's own type is not wrong.
                let given = kind == own ? "nonsense" : kind
                try $1.write(
                    $0.with(
                        Array(
                            text.replacingOccurrences(
                                of: #""resultType":"\#(own)""#, with: #""resultType":"\#(given)""#
                            ).utf8)))
            }
        }
}

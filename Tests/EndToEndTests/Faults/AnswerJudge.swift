import Foundation
import RealServers
import TestSupport

/// What a connection brought, as the answers that it holds.
struct AnswerStream {
    var answers: [HTTPAnswer] = []
    /// Nothing is missing of the last one.
    var isWhole = true
    /// An answer that never ends has begun.
    var isEndless = false
    /// What follows an answer and is none.
    var rest = ""

    /// - Parameters:
    ///   - isHead: The request had the method HEAD.
    ///   - hasEnded: No more will come.
    init(_ bytes: [UInt8], isHead: Bool, hasEnded: Bool) {
        var left = bytes[...]
        while !left.isEmpty {
            guard let end = Self.place(of: "\r\n\r\n", in: left) else {
                isWhole = false
                return
            }
            let lines = String(decoding: left[..<end], as: UTF8.self)
                .components(separatedBy: "\r\n")
            let words = lines[0].split(separator: " ")
            guard words.count > 1, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
                rest = String(decoding: left.prefix(200), as: UTF8.self)
                return
            }
            left = left[(end + 4)...]
            guard status >= 200 else { continue }
            var answer = HTTPAnswer(status: status, headers: [], body: [])
            for line in lines.dropFirst() {
                let colon = line.firstIndex(of: ":") ?? line.endIndex
                let value = line[colon...].dropFirst().drop(while: { $0 == " " })
                answer.headers.append((line[..<colon].lowercased(), String(value)))
            }
            if answer.header("content-type") == "text/event-stream" {
                isEndless = true
                answers.append(answer)
                return
            }
            let isBare = status == 204 || status == 304 || isHead
            if !isBare || !left.starts(with: "HTTP/1.".utf8) && !left.isEmpty {
                guard let body = Self.body(of: answer, &left, hasEnded) else {
                    answers.append(answer)
                    isWhole = false
                    return
                }
                answer.body = body
            }
            answers.append(answer)
        }
    }

    private static func place(of text: String, in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.place(of: Array(text.utf8))
    }

    /// nil when it is not whole.
    private static func body(
        of answer: HTTPAnswer, _ left: inout ArraySlice<UInt8>, _ hasEnded: Bool
    ) -> [UInt8]? {
        if answer.header("transfer-encoding") == "chunked" {
            var body: [UInt8] = []
            while let end = place(of: "\r\n", in: left) {
                guard let size = Int(String(decoding: left[..<end], as: UTF8.self), radix: 16),
                    left.endIndex - end - 2 >= size + 2
                else { return nil }
                body += left[(end + 2)..<(end + 2 + size)]
                left = left[(end + 4 + size)...]
                if size == 0 { return body }
            }
            return nil
        }
        guard let length = answer.header("content-length").flatMap({ Int($0) }) else {
            guard hasEnded else { return nil }
            defer { left = [] }
            return Array(left)
        }
        guard left.count >= length else { return nil }
        defer { left = left.dropFirst(length) }
        return Array(left.prefix(length))
    }
}

/// Says whether the contract of the API has an answer, whatever was asked.
struct AnswerJudge {
    /// Must be in no answer.
    var secrets: [String]

    private static let statuses: Set = [
        200, 201, 204, 301, 302, 307, 400, 401, 403, 404, 405, 408, 409, 413, 415, 417, 422, 431,
        501, 505,
    ]

    /// By the words of Prometheus.
    private static let errorTypes = [
        "bad_data", "execution", "canceled", "timeout", "internal", "unavailable", "not_found",
        "unauthorized", "forbidden", "conflict",
    ]

    /// Of what is answered in plain text, as Prometheus does.
    private static let textErrors: [Int: [String]] = [
        403: ["Lifecycle API is not enabled."],
        404: [
            "Logs, traces and profiles are read by the APIs of ", "404 page not found",
            "write receiver needs to be enabled",
        ],
        405: ["Method Not Allowed", "Only POST or PUT requests allowed"],
    ]

    func secret(in bytes: [UInt8]) -> String? {
        secrets.first { bytes[...].place(of: Array($0.utf8)) != nil }
    }

    /// nil when the answer may be.
    ///
    /// - Parameter request: As it was sent, to know of what route it may be.
    func problem(of answer: HTTPAnswer, to request: [UInt8]) -> String? {
        // There is nothing here to read zstd with; that it is right, other tests say.
        guard let content = Self.content(of: answer) else { return "the body cannot be inflated" }
        let isReadable = answer.header("content-encoding") != "zstd"
        let text = String(decoding: content.prefix(2000), as: UTF8.self)
        if let problem = status(answer.status, text, request) { return problem }
        // The answer to HEAD has none.
        if content.isEmpty || !isReadable { return nil }
        let type = answer.header("content-type") ?? ""
        guard type == "application/json" else {
            return answer.status < 400 ? nil : plain(answer.status, text, request)
        }
        guard
            let document = try? JSONSerialization.jsonObject(with: Data(content)) as? [String: Any]
        else { return "no JSON object" }
        if answer.status < 400 {
            return document["status"] as? String == "success" ? nil : "no status of success"
        }
        guard document["status"] as? String == "error", let error = document["error"] as? String,
            let errorType = document["errorType"] as? String, !error.isEmpty,
            Self.errorTypes.contains(errorType)
        else { return "an error in another shape" }
        return nil
    }

    /// 5xx only with a cause that is none of the gateway's faults.
    private func status(_ status: Int, _ text: String, _ request: [UInt8]) -> String? {
        if Self.statuses.contains(status) { return nil }
        let causes: [String] =
            switch status {
            // As Prometheus answers: what is off, and a wrong expression in remote read.
            case 500: ["admin APIs disabled", "error parsing regexp"]
            // What is made here has a member that is not there.
            case 503:
                [
                    "connection refused", "timed out", "\"errorType\":\"timeout\"", "limits.",
                    "in time",
                ]
            default: []
            }
        return causes.contains(where: text.contains) ? nil : "a status that is not in the contract"
    }

    private func plain(_ status: Int, _ text: String, _ request: [UInt8]) -> String? {
        if Self.textErrors[status]?.contains(where: text.contains) == true { return nil }
        let target = String(decoding: request.prefix(9000), as: UTF8.self)
        // As Prometheus answers remote read and federation, and Loki and Tempo everything.
        let paths = ["/read", "/federate", "/loki/", "/tempo/"]
        return paths.contains(where: target.contains)
            ? nil : "an error in plain text"
    }

    private static func content(of answer: HTTPAnswer) -> [UInt8]? {
        switch answer.header("content-encoding") {
        case "gzip", "deflate":
            if answer.body.isEmpty { return [] }
            return inflated(answer.body)
        default: return answer.body
        }
    }
}

extension ArraySlice<UInt8> {
    /// Where some bytes stand first; nil when they do not.
    fileprivate func place(of wanted: [UInt8]) -> Int? {
        withUnsafeBytes { buffer -> Int? in
            guard let base = buffer.baseAddress, let first = wanted.first else { return nil }
            var from = 0
            while from + wanted.count <= buffer.count {
                let rest = buffer.count - wanted.count + 1 - from
                guard let found = memchr(base + from, Int32(first), rest) else { return nil }
                if memcmp(found, wanted, wanted.count) == 0 {
                    return startIndex + (UnsafeRawPointer(found) - base)
                }
                from = UnsafeRawPointer(found) - base + 1
            }
            return nil
        }
    }
}

import Foundation
import PrometheusWire
import RealServers
import TestSupport

/// Asks as a hub of Coroot asks a remote that it was given by URL and key, byte for byte, and judges
/// the answers as a hub does.
struct CorootHubDouble: Sendable {
    var port: Int
    /// The path of the URL; the hub keeps it for metrics alone.
    var path = ""
    var key: String

    struct Answer: Sendable {
        var status: Int
        var type: String
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSONValue? { try? JSONValue(parsing: body) }
    }

    /// What the hub shows where it is not content.
    struct Complaint: Error, CustomStringConvertible {
        var description: String
    }

    // MARK: Metrics

    /// The points of each series, as the hub stores them.
    func range(
        _ query: String, from start: Int64, to end: Int64, step: Int
    ) throws -> [[String: String]: [[String]]] {
        let body =
            "end=\(end)&query=\(HTTPAddress.form([("", query)]).dropFirst())&start=\(start)&step=\(step)"
        let answer = try send(
            "POST \(path)/api/v1/query_range HTTP/1.1\r\n" + head
                + "User-Agent: Go-http-client/1.1\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\nX-Api-Key: \(key)\r\n"
                + "Accept-Encoding: identity\r\nConnection: close\r\n\r\n" + body)
        guard answer.status == 200 else {
            throw Complaint(description: answer.json?["error"]?.text ?? "\(answer.status)")
        }
        guard let result = answer.json?["data"]?["result"] else {
            throw Complaint(description: "no data.result in \(answer.text)")
        }
        var series: [[String: String]: [[String]]] = [:]
        for one in result.items {
            let labels = one["metric"]?.pairs ?? []
            // Times are read up to the first point or comma.
            series[Dictionary(labels.map { ($0.name, $0.value) }) { $1 }] =
                (one["values"]?.items ?? []).map { sample in
                    let time = Self.text(sample.items.first).prefix { $0 != "." && $0 != "," }
                    return [String(time), sample.items.last?.text ?? ""]
                }
        }
        return series
    }

    private static func text(_ value: JSONValue?) -> String {
        var out: [UInt8] = []
        value?.append(to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// What a browser asked of the hub, passed on.
    func passedOn(_ target: String, method: String = "GET", body: String = "") throws -> Answer {
        try send(
            "\(method) \(path)\(target) HTTP/1.1\r\n" + head
                + (method == "GET" ? "" : "Content-Length: \(body.utf8.count)\r\n")
                + "Accept-Encoding: gzip, deflate, br, zstd\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\nX-Api-Key: \(key)\r\n"
                + "Connection: close\r\n\r\n" + body)
    }

    /// What agents of the hub's copy of the project wrote, passed on.
    func write() throws -> Answer {
        try send(
            "POST \(path)/api/v1/write HTTP/1.1\r\n" + head
                + "Content-Length: 1\r\nContent-Encoding: snappy\r\n"
                + "Content-Type: application/x-protobuf\r\nX-Api-Key: \(key)\r\n"
                + "Connection: close\r\n\r\n\u{0}")
    }

    // MARK: ClickHouse, which is asked for at the root always

    func clickHouseConfiguration() throws -> Answer {
        try send(
            "GET /api/clickhouse-config HTTP/1.1\r\n" + head
                + "User-Agent: Go-http-client/1.1\r\nX-Api-Key: \(key)\r\nAccept-Encoding: identity\r\n"
                + "Connection: close\r\n\r\n")
    }

    /// What comes back on the connection of a tunnel: an answer in HTTP, as there is none.
    func tunnel() throws -> Answer {
        try send(
            "CONNECT /api/clickhouse-connect HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: \(key)\r\n\r\n"
        )
    }

    // MARK: Bytes

    private var head: String { "Host: 127.0.0.1:\(port)\r\n" }

    private func send(_ text: String) throws -> Answer {
        let socket = try Socket(connectingTo: UInt16(port), timeout: 60)
        try socket.write(text)
        guard let line = try socket.readLine(),
            let status = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw Complaint(description: "no answer") }
        var fields: [String: String] = [:]
        while let line = try socket.readLine(), !line.isEmpty {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            fields[line[..<colon].lowercased()] =
                line[colon...].dropFirst().trimmingCharacters(in: .whitespaces)
        }
        var body: [UInt8] = []
        if fields["transfer-encoding"] == "chunked" {
            while let size = try socket.readLine().flatMap({ Int($0, radix: 16) }), size > 0 {
                try socket.read(size) { body += $0 }
                _ = try socket.readLine()
            }
        } else {
            try socket.read(Int(fields["content-length"] ?? "") ?? 0) { body += $0 }
        }
        if fields["content-encoding"] == "gzip" { body = inflated(body) ?? [] }
        return Answer(status: status, type: fields["content-type"] ?? "", body: body)
    }
}

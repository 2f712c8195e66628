import Foundation
import GoText
import RealServers
import Testing

extension EndToEnd {
    struct TransferTests {
        @Test("A client that accepts gzip gets gzip, with the same text in it")
        func gzip() async throws {
            let scene = try Scene.required()
            try await offPool {
                let gateway = scene.gateway.project("all")
                let question = QueryCase(
                    query: "memory",
                    times: .range(
                        start: FederationData.start, end: FederationData.end, step: 15_000))
                let plain = try gateway.get(question.path, question.parameters)
                #expect(plain.header("content-encoding") == nil)
                let packed = try gateway.get(
                    question.path, question.parameters, headers: [("Accept-Encoding", "gzip")])
                #expect(packed.header("content-encoding") == "gzip")
                #expect(packed.headers.contains { $0 == "vary" && $1.contains("Accept-Encoding") })
                #expect(packed.body.count < plain.body.count / 2)
                let path = scene.directory + "/answer.gz"
                try Data(packed.body).write(to: URL(fileURLWithPath: path))
                let unpacked = try CommandOutput.of("/bin/gzip", ["-dc", path])
                #expect(unpacked.status == 0)
                #expect(unpacked.output == plain.text)
            }
        }

        /// A member that makes up a sorted matrix while it is read.
        private static func generous() throws -> LoopbackServer {
            try LoopbackServer { request, socket in
                let sent = request.target + String(decoding: request.body, as: UTF8.self)
                guard request.path.hasSuffix("/query_range") else {
                    let body = #"{"status":"success","data":{"version":"2.42.0"}}"#
                    try socket.write(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
                            + body)
                    return
                }
                let count = sent.contains("large") ? 20_000 : 2_000
                var points = ""
                for index in 0..<60 {
                    points += "[\(1_700_000_000 + index * 15),\"\(index).125\"],"
                }
                points.removeLast()
                try socket.write(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                        + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
                func chunk(_ text: String) throws {
                    try socket.write("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
                }
                try chunk(#"{"status":"success","data":{"resultType":"matrix","result":["#)
                for index in 0..<count {
                    let number = String(1_000_000 + index).dropFirst()
                    let metric = #"{"__name__":"answer","number":"\#(number)"}"#
                    let comma = index == 0 ? "" : ","
                    try chunk(#"\#(comma){"metric":\#(metric),"values":[\#(points)]}"#)
                }
                try chunk("]}}")
                try socket.write("0\r\n\r\n")
            }
        }

        @Test("An answer ten times as large costs about the same memory")
        func memory() async throws {
            let scene = try Scene.required()
            try await offPool {
                let comparison = MemoryComparison(name: "range", member: Self.generous)
                try comparison.run(in: scene.directory) { project, name in
                    let question = QueryCase(
                        query: name,
                        times: .range(
                            start: 1_700_000_000_000, end: 1_700_000_885_000, step: 15_000))
                    var bytes = 0
                    let target = question.path + "?" + HTTPAddress.form(question.parameters)
                    let answer =
                        try project
                        .stream("GET", target, timeout: 120) { bytes += $0.count }
                    #expect(answer.status == 200)
                    return bytes
                }
            }
        }
    }
}

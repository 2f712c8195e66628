import Foundation
import GoText
import PrometheusWire
import RealServers
import TestSupport

/// A request in parts, which can be changed one by one before it is sent.
struct MutableRequest: Sendable {
    struct Parameter: Sendable {
        var name: [UInt8]
        var value: [UInt8]
    }

    enum Body: Sendable {
        case none
        /// Of the parameters.
        case form
        case multipart
        case json([UInt8])
        /// Of remote read, before its compression.
        case message([UInt8])
        case bytes([UInt8])
    }

    enum Framing: Sendable {
        case length
        /// What `Content-Length` says instead.
        case said(String)
        /// In chunks of so many bytes; `ending` stands behind them.
        case chunks(Int, ending: String)
    }

    var method: String
    var path: [UInt8]
    var parameters: [Parameter] = []
    var headers: [(name: String, value: [UInt8])] = []
    var body = Body.none
    var framing = Framing.length
    var version = "HTTP/1.1"
    /// Parameters are sent as they are, and not escaped.
    var isRaw = false

    /// What goes over the wire.
    func bytes() throws -> [UInt8] {
        let content = try content()
        var target = path
        switch body {
        case .form, .multipart: break
        case .none, .json, .message, .bytes:
            if !parameters.isEmpty { target += [UInt8(ascii: "?")] + form }
        }
        var bytes = Array("\(method) ".utf8) + target + Array(" \(version)\r\n".utf8)
        for (name, value) in headers {
            bytes += Array("\(name): ".utf8) + value + Array("\r\n".utf8)
        }
        guard let content else { return bytes + Array("\r\n".utf8) }
        switch framing {
        case .length: bytes += Array("Content-Length: \(content.count)\r\n\r\n".utf8) + content
        case .said(let length): bytes += Array("Content-Length: \(length)\r\n\r\n".utf8) + content
        case .chunks(let size, let ending):
            bytes += Array("Transfer-Encoding: chunked\r\n\r\n".utf8)
            var rest = content[...]
            while !rest.isEmpty {
                let chunk = rest.prefix(size)
                rest = rest.dropFirst(size)
                bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk
                bytes += Array("\r\n".utf8)
            }
            bytes += Array(ending.utf8)
        }
        return bytes
    }

    private func content() throws -> [UInt8]? {
        switch body {
        case .none: return nil
        case .form: return form
        case .multipart:
            return parameters.flatMap {
                Array("--xx\r\nContent-Disposition: form-data; name=\"".utf8) + $0.name
                    + Array("\"\r\n\r\n".utf8) + $0.value + Array("\r\n".utf8)
            } + Array("--xx--\r\n".utf8)
        case .json(let bytes), .bytes(let bytes): return bytes
        case .message(let bytes): return try SnappyBlock.compress(bytes)
        }
    }

    private var form: [UInt8] {
        Array(
            parameters.map { parameter in
                escaped(parameter.name) + [UInt8(ascii: "=")] + escaped(parameter.value)
            }.joined(separator: [UInt8(ascii: "&")]))
    }

    private func escaped(_ text: [UInt8]) -> [UInt8] {
        if isRaw { return text }
        let digits = Array("0123456789ABCDEF".utf8)
        return text.flatMap { byte -> [UInt8] in
            let letter = byte | 0x20
            let isPlain =
                (0x61...0x7a).contains(letter) && byte < 0x80 || (0x30...0x39).contains(byte)
            return isPlain
                ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}

extension MutableRequest {
    private static let start = QueryCase.seconds(FederationData.start + 900_000)
    private static let end = QueryCase.seconds(FederationData.start + 1_500_000)

    /// Every route once or more: a method, a path, parameters and, behind ` ! `, a body.
    private static let routes = """
        GET /api/v1/query | query=up | time=T
        GET /api/v1/query | query=sum by (job) (rate(requests_total[5m])) | time=T | limit=3
        POST /api/v1/query | query=temperature offset 1m > bool 3 | time=T | timeout=5s
        GET /api/v1/query | query=topk(2, memory) and on (job) up | time=T | stats=all
        GET /api/v1/query | query=up[2m] | time=T | lookback_delta=1m
        GET /api/v1/query_range | query=avg(temperature) | start=T | end=E | step=30
        POST /api/v1/query_range | query=label_replace(up, "a", "$1", "job", "(.*)") | start=T | end=E | step=1m
        GET /api/v1/query_range | query=absent(nope{project="a"}) | start=T | end=E | step=15s
        GET /api/v1/explain | query=avg(temperature) | time=T
        POST /api/v1/explain | query=quantile(0.9, up) | start=T | end=E | step=30
        GET /api/v1/query_exemplars | query=up | start=T | end=E
        GET /api/v1/labels | match[]=up | start=T | end=E
        POST /api/v1/labels | match[]={job=~"a.*"} | limit=2
        GET /api/v1/label/job/values | match[]=up | start=T | end=E
        GET /api/v1/label/U__odd_2e_name/values
        GET /api/v1/series | match[]=up | match[]={project!="a"} | start=T | end=E
        POST /api/v1/series | match[]=temperature | limit=2
        GET /api/v1/metadata | metric=up | limit=3
        GET /api/v1/targets | state=active
        GET /api/v1/targets/metadata | match_target={project="a"} | limit=3
        GET /api/v1/targets/relabel_steps | scrapePool=a/x | labels={}
        GET /api/v1/scrape_pools
        GET /api/v1/scrape_pools/config | scrapePool=a/x
        GET /api/v1/rules | type=alert | match[]={a="b"} | group_limit=3
        GET /api/v1/alerts
        GET /api/v1/alertmanagers
        GET /api/v1/status/tsdb | limit=4
        GET /api/v1/status/tsdb/blocks
        GET /api/v1/format_query | query=sum(up)by(job)
        POST /api/v1/parse_query | query=histogram_quantile(0.9, rate(x[5m:1m] @ end()))
        GET /api/v1/status/buildinfo
        GET /api/v1/status/config
        GET /api/v1/status/flags
        GET /api/v1/status/runtimeinfo
        GET /api/v1/status/walreplay
        GET /api/v1/status/self_metrics | metric_name_pattern=tributary_.*
        GET /api/v1/notifications
        GET /api/v1/notifications/live
        GET /api/v1/features
        GET /api/v1/openapi.yaml
        GET /federate | match[]=up | match[]={job="api"}
        POST /api/v1/read ! samples
        POST /api/v1/read ! chunks
        POST /api/v1/write ! samples
        POST /api/v1/otlp/v1/metrics ! samples
        GET /api/v1/search/metric_names | search[]=up | sort_by=score | limit=3
        PUT /api/v1/admin/tsdb/snapshot
        POST /api/v1/admin/tsdb/delete_series | match[]=up
        GET /api/v1/logs | query=x
        GET /-/healthy
        HEAD /-/ready
        POST /-/reload
        PUT /-/reload
        POST /-/quit
        GET /metrics
        GET /version
        GET /
        GET /query
        OPTIONS /api/v1/query
        GET /api/projects
        GET /api/projects/all
        GET /api/projects/made1
        POST /api/projects ! {"name":"made1","prometheus":{"url":"http://[::1]:1","headers":{"X-A":"b"},"timeout":"5s"},"apiKeys":[]}
        PUT /api/projects/made1 ! {"remoteCoroot":{"url":"http://[::1]:1","apiKey":"k"},"exactness":"strict"}
        PUT /api/projects/made2 ! {"memberProjects":["a","b-eu"],"partialResponse":"safe"}
        PUT /api/projects/made2 ! {"name":"made3","memberProjects":["a"]}
        DELETE /api/projects/made2
        POST /api/projects/made1/keys ! {"description":"k"}
        DELETE /api/projects/made1/keys/abc
        GET /api/cluster-pools
        PUT /api/cluster-pools/pool1 ! {"clusters":["a","b-eu"]}
        GET /api/cluster-pools/pool1
        DELETE /api/cluster-pools/pool1
        GET /api/cluster-pool-attributes | project=pooled
        PUT /api/cluster-pool-attributes ! {"project":"pooled","domain":"d","workflow":"w","clusterPoolName":"pool1"}
        DELETE /api/cluster-pool-attributes | project=pooled | domain=d | workflow=w
        GET /api/tokens
        POST /api/tokens ! {"name":"made","projects":["a"],"admin":false}
        DELETE /api/tokens/made
        """.split(separator: "\n").map(String.init)

    static var routeCount: Int { routes.count }

    /// A request as a client would send it.
    ///
    /// - Parameter tokens: those that it may have; one of them has to be right for it.
    static func valid(
        route: Int, port: UInt16, tokens: [String], _ random: inout SeededRandom
    ) -> MutableRequest {
        let parts = routes[route].components(separatedBy: " ! ")
        let words = parts[0].components(separatedBy: " | ")
        let line = words[0].split(separator: " ").map(String.init)
        var path = line[1]
        if path.hasPrefix("/api/v1") || path == "/federate" {
            path =
                random.pick(["", "/p/all", "/p/all", "/p/a", "/p/pooled/d/d", "/p/pooled/d/d/w/w"])
                + path
        }
        var request = MutableRequest(method: line[0], path: Array(path.utf8))
        request.headers = [("Host", Array("127.0.0.1:\(port)".utf8))]
        if !random.oneIn(8) {
            request.headers.append(("Authorization", Array("Bearer \(random.pick(tokens))".utf8)))
        }
        if !random.oneIn(8) { request.headers.append(("Connection", Array("close".utf8))) }
        request.parameters = words.dropFirst().map { word in
            let equals = word.firstIndex(of: "=") ?? word.endIndex
            let value = String(word[equals...].dropFirst())
            return Parameter(
                name: Array(word[..<equals].utf8),
                value: Array((value == "T" ? start : value == "E" ? end : value).utf8))
        }
        if parts.count > 1 {
            let kind = parts[1]
            if kind.hasPrefix("{") {
                request.body = .json(Array(kind.utf8))
                request.headers.append(("Content-Type", Array("application/json".utf8)))
            } else {
                request.body = .message(message(kind == "samples" ? .samples : .streamedChunks))
            }
        } else if line[0] == "POST" && !request.parameters.isEmpty {
            request.body = .form
            let type = "application/x-www-form-urlencoded"
            request.headers.append(("Content-Type", Array(type.utf8)))
        }
        return request
    }

    private static func message(_ type: RemoteReadRequest.ResponseType) -> [UInt8] {
        let query = RemoteReadRequest.Query(
            start: FederationData.start + 60_000, end: FederationData.start + 900_000,
            matchers: [
                .init("__name__", .equal, "up"), .init("job", .regexMatch, "a.*|d.*"),
                .init("project", .notEqual, "c_us"),
            ])
        let request = RemoteReadRequest(queries: [query], accepted: [type, .samples])
        return (try? SnappyBlock.uncompress(request.body, limit: 1 << 20)) ?? []
    }
}

import GoText
import PrometheusWire
import ScriptedServers
import Testing
import TimeSeries
import UpstreamSettings

@testable import Upstream

@Suite struct RemoteReadTests {
    private typealias Matcher = RemoteReadRequest.Matcher

    private static let request = RemoteReadRequest(
        queries: [
            .init(
                start: 1, end: 2,
                matchers: [.init("region", .equal, "e.u"), .init("zone", .equal, "z")])
        ], accepted: [.streamedChunks, .samples])

    private static func configuration(_ yaml: String) -> String {
        var out = Array(#"{"status":"success","data":{"yaml":"#.utf8)
        JSONText.append(yaml, to: &out)
        return String(decoding: out, as: UTF8.self) + "}}"
    }

    private static func read(_ client: UpstreamClient) async throws -> RemoteReadReply {
        try await client.read(
            request, numbers: [0], injecting: LabelInjection(name: "project", value: "b"),
            deadline: nil)
    }

    /// Empty results.
    private static func samples(_ results: Int) throws -> [UInt8] {
        try SnappyBlock.compress((0..<results).flatMap { _ in [0x0A, 0x00] as [UInt8] })
    }

    @Test("External labels that are configured are not looked up")
    func configuredLabels() async throws {
        for labels in [[:], ["region": "e.u"]] {
            try await withClient { request, connection in
                if request.path.hasSuffix("/values") {
                    return connection.answer(#"{"status":"success","data":[]}"#)
                }
                return connection.answer(
                    (try? Self.samples(1)) ?? [], type: "application/x-protobuf",
                    extra: "Content-Encoding: snappy\r\n")
            } source: {
                $0.externalLabels = labels
            } _: { client, server in
                _ = try await Self.read(client)
                let values = labels.map { "/prefix/api/v1/label/\($0.key)/values" }
                #expect(server.requests.map(\.path) == values + ["/prefix/api/v1/read"])
                // The member must not take the matcher for one on its own label.
                let sent = try #require(server.requests.last)
                let message = try RemoteReadRequest(body: sent.bodyBytes)
                let region = try #require(message.queries.first?.matchers.first)
                #expect((region == Matcher("region", .equal, "e.u")) == labels.isEmpty)
            }
        }
    }

    @Test("A request goes out as remote read has it, once for the member's own labels and once not")
    func request() async throws {
        try await withClient { request, connection in
            switch request.path {
            case "/prefix/api/v1/status/config":
                connection.answer(
                    Self.configuration(
                        "global:\n  external_labels:\n    region: e.u\n    cluster: \"1\"\nrules: []\n"
                    ))
            case "/prefix/api/v1/label/region/values":
                connection.answer(#"{"status":"success","data":["e.u","us"]}"#)
            case "/prefix/api/v1/label/cluster/values":
                connection.answer(#"{"status":"success","data":[]}"#)
            default:
                connection.answer(
                    (try? Self.samples(2)) ?? [], type: "application/x-protobuf",
                    extra: "Content-Encoding: snappy\r\n")
            }
        } _: { client, server in
            for _ in 0..<2 {
                guard case .samples(let pages) = try await Self.read(client) else {
                    Issue.record("chunks")
                    return
                }
                #expect(pages.map(\.query) == [0, 0])
            }
            // The external labels are known the second time.
            #expect(server.requests.count == 5)
            let sent = try #require(server.requests.last)
            #expect(sent.method == "POST")
            #expect(sent.path == "/prefix/api/v1/read")
            #expect(sent.header("Content-Encoding") == "snappy")
            #expect(sent.header("Content-Type") == "application/x-protobuf")
            #expect(sent.header("X-Prometheus-Remote-Read-Version") == "0.1.0")
            let read = try RemoteReadRequest(body: sent.bodyBytes)
            let asked = [Matcher("region", .regexMatch, "e\\.u"), .init("zone", .equal, "z")]
            #expect(
                read.queries.map(\.matchers) == [
                    asked + [.init("region", .regexMatch, "e\\.u")],
                    asked + [.init("region", .regexNoMatch, "e\\.u")],
                ])
            #expect(read.accepted == [.streamedChunks, .samples])
        }
    }

    @Test(
        "What a member cannot, or does not answer well, is named",
        arguments: [
            (
                "404 Not Found", "text/plain", "404 page not found",
                .http(status: 404, .noRemoteRead)
            ),
            (
                "400 Bad Request", "text/plain", "exceeded sample limit (5)\n",
                .exceeded(status: 400, errorType: "", text: "exceeded sample limit (5)")
            ),
            (
                "200 OK", "text/html", "<html>",
                .notPrometheus("the answer to remote read has the content type \"text/html\"")
            ),
            (
                "200 OK", "application/x-protobuf", "!",
                .malformed("malformed answer: the answer is no snappy block")
            ),
        ] as [(String, String, String, UpstreamError.Kind)])
    func failures(
        status: String, type: String, body: String, kind: UpstreamError.Kind
    ) async throws {
        try await withClient { request, connection in
            guard request.path == "/prefix/api/v1/read" else {
                return connection.answer("no", status: "404 Not Found", type: "text/plain")
            }
            return connection.answer(body, status: status, type: type)
        } _: { client, _ in
            do {
                _ = try await Self.read(client)
                Issue.record("\(body) was an answer")
            } catch let failure as UpstreamError {
                #expect(failure.kind == kind)
            }
        }
    }

    @Test("A stream that ends in the middle is a failure, an empty one is an answer")
    func streams() async throws {
        for (body, isWhole) in [("", true), ("\u{5}12", false)] {
            try await withClient { request, connection in
                guard request.path == "/prefix/api/v1/read" else {
                    return connection.answer("no", status: "404 Not Found", type: "text/plain")
                }
                return connection.answer(body, type: RemoteReadChunks.contentType)
            } _: { client, _ in
                guard case .chunks(let stream) = try await Self.read(client) else {
                    Issue.record("samples")
                    return
                }
                do {
                    #expect(try await stream.next(ofQuery: 0) == nil)
                    #expect(isWhole)
                } catch let error as UpstreamError {
                    #expect(!isWhole)
                    #expect(error.kind == .malformed("the answer ends in the middle"))
                }
            }
        }
    }

    @Test(
        "External labels are found in a configuration, whatever else stands there",
        arguments: [
            ("", ""), ("global: {}\n", ""), ("scrape_configs:\n- job_name: x\n", ""),
            (
                "global:\n  scrape_interval: 1m\n  external_labels:\n    a: \"1\"\n    b: x\n",
                "a1bx"
            ),
            ("# global:\nglobal:\n  external_labels: {a: 01}\nrule_files: [\n", "a01"),
            ("rule_files:\n- global\nglobal:\n  external_labels: {b: yes}\n", "byes"),
            ("global: [\n", nil), ("global:\n  external_labels: [1]\n", nil),
            ("global:\n  external_labels: {a: [1]}\n", nil),
        ] as [(String, String?)])
    func configurations(yaml: String, labels: String?) {
        let found = ExternalLabels.of(configuration: yaml)?.labels
        #expect(found?.map { $0.name + $0.value }.joined() == labels)
    }

    @Test(
        "External labels that cannot be read are not taken for none",
        arguments: [
            ("429 Too Many Requests", "", "HTTP status 429"),
            ("403 Forbidden", "no", "HTTP status 403: \"no\""),
            (
                "400 Bad Request", #"{"status":"error","errorType":"bad_data","error":"no"}"#, "no"
            ),
            (
                "200 OK", #"{"status":"success","data":{"yaml":"glob"#,
                "the answer ends in the middle"
            ),
            ("200 OK", #"{"status":"success","data":[]}"#, "malformed answer"),
            ("200 OK", #"{"status":"success","data":{}}"#, "malformed answer"),
            ("200 OK", #"{"status":"success"}"#, "malformed answer: no data"),
            ("200 OK", #"{"status":"success","data":{"yaml":"global: ["}}"#, "malformed answer"),
            (
                "200 OK", #"{"status":"error","errorType":"internal","error":"no"}"#,
                "HTTP status 200: internal: no"
            ),
        ])
    func unreadableConfigurations(status: String, body: String, cause: String) async throws {
        try await withClient { request, connection in
            request.path.hasSuffix("/status/config")
                ? connection.answer(body, status: status)
                : connection.answer(
                    (try? Self.samples(1)) ?? [], type: "application/x-protobuf",
                    extra: "Content-Encoding: snappy\r\n")
        } _: { client, server in
            let found = await failure { () async throws(UpstreamError) in
                try await client.read(Self.request, numbers: [0], injecting: nil, deadline: nil)
            }
            let error = try #require(found)
            guard case .unavailable(let text) = error.kind else {
                Issue.record("\(error)")
                return
            }
            #expect(text.contains("its external labels"))
            #expect(text.contains("/api/v1/status/config (\(cause)"), "\(text)")
            #expect(error.member == "b")
            #expect(!server.requests.contains { $0.path.hasSuffix("/read") })
        }
    }

    @Test("A member without such a page has no external labels", arguments: [404, 405, 501])
    func noConfiguration(status: Int) async throws {
        try await withClient { request, connection in
            request.path.hasSuffix("/status/config")
                ? connection.answer("no", status: "\(status) No")
                : connection.answer(
                    (try? Self.samples(1)) ?? [], type: "application/x-protobuf",
                    extra: "Content-Encoding: snappy\r\n")
        } _: { client, _ in
            _ = try await Self.read(client)
        }
    }

    @Test func theExternalLabelsOfAnAliasBombCannotBeRead() {
        var bomb = "global:\n a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for level in 1...7 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
            bomb += " a\(level): &a\(level) [\(aliases)]\n"
        }
        let yaml = bomb + " ? *a7\n : x\n external_labels: {a: b}\n"
        #expect(ExternalLabels.of(configuration: yaml) == nil)
    }
}

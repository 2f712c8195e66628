import Foundation
import GoText
import HTTPTransport
import PrometheusWire
import ScriptedServers
import Synchronization
import TestSupport
import Testing
import TimeSeries
import Upstream
import UpstreamSettings

@Suite struct MemberClientTests {
    @Test("A query goes as a form with its times and budget, and its series come back labelled")
    func query() async throws {
        try await withClient { _, connection in
            connection.answer(Answers.vector(Answers.one))
        } source: {
            $0.credentials = .bearer(Secret("token"))
            $0.headers = [NamedSecret(name: "X-Scope-OrgID", value: Secret("me"))]
        } _: { client, server in
            let deadline = ContinuousClock.now.advanced(by: .seconds(20))
            var extra = Parameters()
            extra.add("stats", "all")
            let stream = try await client.query(
                "up{a=\"b c\"}", at: 1_500,
                options: QueryOptions(
                    lookbackDelta: 300_000, deadline: deadline,
                    injection: LabelInjection(name: "project", value: "b"), extra: extra))
            let (elements, trailer) = try await stream.text()
            #expect(
                elements
                    == #"{"metric":{"__name__":"up","job":"x","project":"b"},"value":[1.500,"1"]}"#)
            #expect(trailer?.resultType == "vector")
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.path == "/prefix/api/v1/query")
            #expect(request.header("Authorization") == "Bearer token")
            #expect(request.header("X-Scope-OrgID") == "me")
            #expect(request.header("Accept-Encoding") == "identity")
            let start = "query=up%7Ba%3D%22b%20c%22%7D&time=1.500&lookback_delta=300&stats=all"
            #expect(request.body.hasPrefix(start + "&timeout="))
            let budget = Double(request.body.dropFirst(start.count + 9))
            #expect(budget.map { $0 > 1 && $0 <= 20 } == true, "\(request.body)")
            #expect(client.health.circuit == .closed)
            #expect(client.health.wireBytes == Answers.vector(Answers.one).utf8.count)
        }
    }

    @Test("Large compressed answers come whole, in pages, and are asked for as configured")
    func compressedAnswer() async throws {
        let body = Answers.large(series: 2000)
        let packed = compressed(body)
        try await withClient { request, connection in
            connection.answer(
                request.header("Accept-Encoding") == "gzip" ? packed : [],
                extra: "Content-Encoding: gzip\r\n")
        } source: {
            $0.acceptEncoding = .gzip
        } _: { client, server in
            let stream = try await client.queryRange(
                "a", start: 1_000_000, end: 1_099_500, step: 250)
            var count = 0
            var pages = 0
            while let page = try await stream.next() {
                count += page.series.count
                pages += 1
                #expect(page.bytes.count < 1 << 20)
            }
            #expect(count == 2000)
            #expect(pages > 3)
            #expect(await stream.trailer?.seriesCount == 2000)
            #expect(client.health.inflatedBytes == body.count)
            #expect(client.health.wireBytes == packed.count)
            let sent = server.requests[0].body
            #expect(
                sent.hasPrefix("query=a&start=1000&end=1099.500&step=0.250&timeout="), "\(sent)")
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var answer: @Sendable (Connection) -> Void
        var kind: UpstreamError.Kind
        var attempts = 1
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "HTML", answer: { _ = $0.answer("<html>hi</html>", type: "text/html") },
            kind: .notPrometheus(#"the answer is HTML, "<html>hi</html>""#)),
        Case(
            name: "text", answer: { _ = $0.answer("ok\nthen", type: "text/plain") },
            kind: .notPrometheus(#"the answer begins with "ok then""#)),
        Case(
            name: "nothing", answer: { _ = $0.answer("") },
            kind: .malformed("the answer is empty")),
        Case(
            name: "cut JSON", answer: { _ = $0.answer(String(Answers.vector("").dropLast(2))) },
            kind: .malformed("the answer ends in the middle")),
        Case(
            name: "error with 200",
            answer: {
                _ = $0.answer(#"{"status":"error","errorType":"internal","error":"no"}"#)
            }, kind: .http(status: 200, .envelope(errorType: "internal", text: "no"))),
        Case(
            name: "bad query",
            answer: {
                _ = $0.answer(
                    #"{"status":"error","errorType":"bad_data","error":"no"}"#,
                    status: "400 Bad Request")
            }, kind: .rejectedQuery(status: 400, errorType: "bad_data", text: "no")),
        Case(
            name: "the member's own deadline",
            answer: {
                _ = $0.answer(
                    #"{"status":"error","errorType":"timeout","error":"query timed out"}"#,
                    status: "503 Service Unavailable")
            }, kind: .timeout),
        Case(
            name: "internal error",
            answer: { _ = $0.answer("oops\n", status: "500 X", type: "text/plain") },
            kind: .http(status: 500, .other(#""oops""#))),
        Case(
            name: "no key",
            answer: {
                _ = $0.answer("no api key\n", status: "400 Bad Request", type: "text/plain")
            },
            kind: .http(status: 400, .keyRejected)),
        Case(
            name: "a key that no project has",
            answer: { _ = $0.answer("no project found\n", status: "404 X", type: "text/plain") },
            kind: .http(status: 404, .keyRejected)),
        Case(
            name: "another gateway's refusal of the key",
            answer: {
                _ = $0.answer(
                    #"{"status":"error","errorType":"unauthorized","error":"s3cret is wrong"}"#,
                    status: "401 Unauthorized")
            },
            kind: .http(status: 401, .keyRejected)),
        Case(
            name: "an echo of the key",
            answer: { _ = $0.answer("key s3cret unknown", status: "404 X", type: "text/plain") },
            kind: .http(status: 404, .other(#""key <redacted> unknown""#))),
        Case(
            name: "redirect",
            answer: { _ = $0.answer("", status: "301 X", extra: "Location: http://a/\r\n") },
            kind: .http(status: 301, .other("a redirect, which is not followed"))),
        Case(
            name: "closed at once", answer: { _ in },
            kind: .broken("connection closed without an answer"), attempts: 2),
        Case(
            name: "closed before the body",
            answer: { $0.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n") },
            kind: .broken("connection closed in the middle of the answer"), attempts: 2),
        Case(
            name: "closed in the body",
            answer: { $0.write("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"status\":") },
            kind: .broken("connection closed in the middle of the answer")),
        Case(
            name: "damaged gzip",
            answer: {
                _ = $0.answer(
                    Array(Answers.vector("").utf8), extra: "Content-Encoding: gzip\r\n")
            }, kind: .malformed("corrupt compressed data: incorrect header check")),
        Case(
            name: "gzip without its end",
            answer: {
                _ = $0.answer(
                    compressed(Array(Answers.vector("").utf8)).dropLast(4).map { $0 },
                    extra: "Content-Encoding: gzip\r\n")
            }, kind: .malformed("the compressed data ends in the middle")),
        Case(
            name: "a gzip bomb",
            answer: {
                let space = [UInt8](repeating: 0x20, count: 8 << 20)
                _ = $0.answer(
                    compressed(Array("{\"status\":".utf8) + space),
                    extra: "Content-Encoding: gzip\r\n")
            }, kind: .oversized("the answer inflates to more than 1048576 bytes")),
        Case(
            name: "too much",
            answer: { _ = $0.answer(Answers.large(series: 1000)) },
            kind: .oversized("the answer is larger than allowed")),
        Case(
            name: "unknown compression",
            answer: { _ = $0.answer("x", extra: "Content-Encoding: br\r\n") },
            kind: .malformed("the answer is compressed in a way that was not asked for")),
    ]

    @Test(
        "Every bad answer is a failure of its kind, and is never taken for data", arguments: cases)
    func failures(_ example: Case) async throws {
        @Sendable func answer(_: ScriptedServer.Request, _ connection: Connection) -> Bool {
            example.answer(connection)
            return false
        }
        func limit(_ configuration: inout UpstreamConfiguration) {
            configuration.limits.responseBytes = 1 << 20
            configuration.limits.inflate.maximumBytes = 1 << 20
        }
        func check(_ client: UpstreamClient, _ server: ScriptedServer) async throws {
            let found = await failure { () async throws(UpstreamError) in
                try await client.query("up", at: 0).text()
            }
            #expect(found?.kind == example.kind)
            #expect(found?.attempts == example.attempts)
            #expect(found?.member == "b")
            #expect(server.requests.count == example.attempts)
            let text = found?.description ?? ""
            #expect(text.hasPrefix("project \"b\": "))
            for secret in ["s3cret", server.url, "127.0.0.1"] { #expect(!text.contains(secret)) }
        }
        // Keys are what a remote Coroot is shown.
        if case .http(_, .keyRejected) = example.kind {
            try await withRemoteCoroot(answer, key: "s3cret", configure: limit, check)
        } else {
            try await withClient(
                answer,
                source: {
                    $0.credentials = .bearer(Secret("s3cret"))
                    $0.capabilities.instantQuery = .native
                }, configure: limit, check)
        }
    }

    @Test("A secret that is replaced goes with the next request, and no error shows the one before")
    func replacedSecret() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/token"
            try Data("first-secret".utf8).write(to: URL(fileURLWithPath: path))
            let secret = try SecretFiles().file(path)
            try await withClient { request, connection in
                connection.answer(
                    #"{"status":"error","errorType":"bad_data","error":"no first-secret, no second-secret"}"#,
                    status: "400 Bad Request")
            } source: {
                $0.credentials = .bearer(secret)
            } _: { client, server in
                _ = await failure { () async throws(UpstreamError) in
                    try await client.query("up", at: 0).text()
                }
                try Data("second-secret".utf8).write(to: URL(fileURLWithPath: path))
                for _ in 0..<2 { _ = secret.file?.look() }
                let found = await failure { () async throws(UpstreamError) in
                    try await client.query("up", at: 0).text()
                }
                #expect(
                    server.requests.map { $0.header("Authorization") }
                        == ["Bearer first-secret", "Bearer second-secret"])
                #expect(found?.description.contains("no <redacted>, no <redacted>") == true)
            }
        }
    }

    @Test("A second attempt may succeed, and is counted")
    func retry() async throws {
        try await withClient { request, connection in
            request.connection > 1 && connection.answer(Answers.vector(Answers.one))
        } _: { client, server in
            let answer = try await client.query("up", at: 1_500).text()
            #expect(answer.elements == Answers.one)
            #expect(server.requests.count == 2)
            #expect(client.health.retries == 1)
            #expect(client.health.failures == 0)
        }
    }

    @Test("A dead member is named with attempts and time, then left alone, then tried again")
    func breaker() async throws {
        try await withTransport { transport in
            let port = try ScriptedServer.deadPort()
            let client = try UpstreamClient(
                UpstreamConfiguration(url: "http://127.0.0.1:\(port)"),
                transport: transport)
            for _ in 0..<5 {
                let found = await failure { () async throws(UpstreamError) in
                    try await client.query("up", at: 0)
                }
                #expect(found?.description == "project \"b\": connection refused")
                let text = found?.detailedCause ?? ""
                #expect(text.hasPrefix("connection refused after 2 attempts in "))
                #expect(text.hasSuffix(" ms"))
            }
            #expect(client.health.circuit == .open)
            #expect(client.health.requests == 10)
            #expect(client.health.lastFailure?.text == "connection refused")
            let refused = await failure { () async throws(UpstreamError) in
                try await client.query("up", at: 0)
            }
            if case .unavailable(let text) = refused?.kind {
                #expect(text == "connection refused")
                let detailed = refused?.detailedCause ?? ""
                #expect(detailed.hasPrefix("connection refused; not asked again for "))
            } else {
                // Only on a machine that stood still for a second.
                #expect(client.health.requests > 10)
            }
            try await Task.sleep(for: .milliseconds(1100))
            let probed = await failure { () async throws(UpstreamError) in
                try await client.query("up", at: 0)
            }
            #expect(probed?.attempts == 2)
        }
    }

    @Test("The deadline of the query ends a silent member's request")
    func deadline() async throws {
        try await withClient { _, connection in
            connection.waitForEnd(milliseconds: 30_000)
        } _: { client, server in
            let (found, milliseconds) = await elapsed {
                await failure { () async throws(UpstreamError) in
                    let deadline = ContinuousClock.now.advanced(by: .milliseconds(150))
                    return try await client.query(
                        "up", at: 0, options: QueryOptions(deadline: deadline))
                }
            }
            #expect(found?.kind == .timeout)
            #expect(milliseconds >= 140)
            #expect(server.requests.count == 1)
            let passed = await failure { () async throws(UpstreamError) in
                try await client.query(
                    "up", at: 0, options: QueryOptions(deadline: ContinuousClock.now))
            }
            #expect(passed?.kind == .timeout)
            #expect(server.requests.count == 1)
        }
    }

    @Test("A silent member opens its breaker; one that was given no time does not")
    func silence() async throws {
        for (timeout, budget, circuit) in [
            (50, 10_000, UpstreamHealth.Circuit.open), (10_000, 50, .closed),
        ] as [(Int, Int, UpstreamHealth.Circuit)] {
            try await withClient { _, connection in
                connection.waitForEnd(milliseconds: 30_000)
            } source: {
                $0.timeout = .milliseconds(timeout)
            } _: { client, server in
                for _ in 0..<5 {
                    let deadline = ContinuousClock.now.advanced(by: .milliseconds(budget))
                    let found = await failure { () async throws(UpstreamError) in
                        try await client.query(
                            "up", at: 0, options: QueryOptions(deadline: deadline))
                    }
                    #expect(found?.kind == .timeout)
                }
                #expect(client.health.circuit == circuit)
            }
        }
    }

    @Test("A request that was never sent says nothing of the member")
    func laneTimeout() async throws {
        try await withClient { request, connection in
            request.parameters.contains("first")
                ? connection.waitForEnd(milliseconds: 600_000)
                : connection.answer(Answers.vector(Answers.one))
        } source: {
            $0.timeout = .seconds(600)
            $0.maxConcurrency = 1
        } _: { client, server in
            let first = Task { try await client.query("first", at: 0).text() }
            #expect(await server.received(1))
            for _ in 0..<5 {
                let found = await failure { () async throws(UpstreamError) in
                    try await client.query(
                        "second", at: 0,
                        options: QueryOptions(
                            deadline: ContinuousClock.now.advanced(by: .milliseconds(20))))
                }
                #expect(found?.kind == .laneTimeout)
                #expect(found?.apiError.kind == .timeout)
            }
            #expect(server.requests.count == 1)
            #expect(client.health.failures == 0 && client.health.circuit == .closed)
            first.cancel()
            _ = try? await first.value
            let third = try await client.query("third", at: 1500).text()
            #expect(third.trailer?.seriesCount == 1)
        }
    }

    @Test("A client that goes away ends the member's request, whatever stage it is in")
    func cancellation() async throws {
        let ended = Counter()
        let head = #"{"status":"success","data":{"resultType":"vector","result":["#
        try await withClient { request, connection in
            if request.body.contains("begun") {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n\(head)")
            }
            if connection.waitForEnd(milliseconds: 30_000) { ended.add(1) }
            return false
        } _: { client, server in
            for (index, query) in ["silent", "begun"].enumerated() {
                let task = Task {
                    await failure { () async throws(UpstreamError) in
                        try await client.query(query, at: 0).text()
                    }
                }
                #expect(await server.received(index + 1))
                task.cancel()
                #expect(await task.value?.kind == .cancelled)
            }
            // Dropped, not cancelled.
            _ = try await client.query("begun", at: 0)
            #expect(await ended.reaches(3))
            #expect(client.health.failures == 0)
            #expect(client.health.circuit == .closed)
        }
    }

    @Test("A stream that is not read makes the member wait")
    func backPressure() async throws {
        let sent = Counter()
        try await withClient { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let head = #"{"status":"success","data":{"resultType":"matrix","result":["#
            guard connection.chunk(head) else { return false }
            let points = (0..<4000).map { "[\($0),\"\($0)\"]" }.joined(separator: ",")
            for index in 0..<1000 {
                let text =
                    #"\#(index == 0 ? "" : ","){"metric":{"n":"\#(100_000 + index)"},"#
                    + #""values":[\#(points)]}"#
                guard connection.chunk(text) else { return false }
                sent.add(text.utf8.count)
            }
            return connection.chunk("]}}") && connection.write("0\r\n\r\n")
        } configure: {
            $0.limits.window = 256 << 10
        } _: { client, server in
            let stream = try await client.queryRange("a", start: 0, end: 4_000_000, step: 1000)
            var series = try await stream.next()?.series.count ?? 0
            try await Task.sleep(for: .milliseconds(400))
            #expect(sent.value < 20 << 20)
            while let page = try await stream.next() { series += page.series.count }
            #expect(series == 1000)
            #expect(sent.value > 40 << 20)
        }
    }

    @Test(
        "Where forms are refused, queries are sent, from then on at once",
        arguments: [405, 501, 403])
    func queriesForForms(status: Int) async throws {
        try await withClient { request, connection in
            request.method == "POST"
                ? connection.answer("", status: "\(status) X")
                : connection.answer(Answers.vector(Answers.one))
        } _: { client, server in
            for _ in 0..<2 {
                let answer = try await client.query("up", at: 1_500).text()
                #expect(answer.elements == Answers.one)
            }
            #expect(server.requests.map(\.method) == ["POST", "GET", "GET"])
            #expect(server.requests[2].parameters.hasPrefix("query=up&time=1.500&timeout="))
        }
    }

    @Test("The version is asked for once, however many need it at once")
    func capabilities() async throws {
        try await withClient { _, connection in
            connection.pause(milliseconds: 50)
            return connection.answer(
                #"{"status":"success","data":{"version":"2.42.0","revision":"x","extra":{"a":1}}}"#)
        } _: { client, server in
            await withTaskGroup(of: UpstreamCapabilities.self) { group in
                for _ in 0..<10 { group.addTask { await client.capabilities() } }
                for await found in group {
                    #expect(found.version == "2.42.0")
                    #expect(found.rangeBoundary == .closed)
                }
            }
            #expect(server.requests.map(\.target) == ["/prefix/api/v1/status/buildinfo"])
            #expect(client.health.version == "2.42.0")
            let information = try await client.buildInfo()
            #expect(information["revision"] == "x")
        }
    }

    @Test("A member without a version is not a failing member")
    func noVersion() async throws {
        try await withClient { _, connection in
            connection.answer("<html>", type: "text/html")
        } _: { client, server in
            for _ in 0..<10 { #expect(await client.capabilities() == UpstreamCapabilities()) }
            #expect(server.requests.count == 1)
            #expect(client.health.failures == 0)
        }
    }
}

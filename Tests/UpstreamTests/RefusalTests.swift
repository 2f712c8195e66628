import GoText
import PrometheusWire
import ScriptedServers
import Testing

@testable import Upstream

@Suite struct RefusalTests {
    private static func json(_ type: String, _ text: String) -> [UInt8] {
        var body = Array(#"{"status":"error","errorType":"\#(type)","error":"#.utf8)
        JSONText.append(text, to: &body)
        return body + [UInt8(ascii: "}")]
    }

    @Test(
        "A limit of a member's own is no judgement of the query",
        arguments: [
            (
                422, "execution",
                "query processing would load too many samples into memory in query execution"
            ),
            (
                400, "bad_data",
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the "
                    + "query resolution (?step=XX)"
            ),
            (
                422, "execution",
                "the query exceeded the maximum number of series (limit: 10 series) "
                    + "(err-mimir-max-series-per-query)"
            ),
            (
                422, "execution",
                "the query hit the max number of chunks limit while fetching chunks (limit: 1)"
            ),
            (
                422, "execution",
                "the query time range exceeds the limit (query length: 9h, limit: 1h)"
            ),
            (422, "execution", "exceeded series limit: limit 2 violated (got 3)"),
            (
                422, "execution",
                "rpc error: code = ResourceExhausted desc = exceeded bytes limit"
            ),
            (
                422, "422",
                "error when executing query=\"sum(x)\": cannot select more than "
                    + "-search.maxSamplesPerQuery=10 samples"
            ),
            (
                422, "422",
                "the number of matching timeseries exceeds 3; either narrow down the search or "
                    + "increase -search.maxUniqueTimeseries"
            ),
            (422, "execution", "more than 5 series in one fragment (limits.maxSeries)"),
            (422, "execution", "query timed out in expression evaluation"),
            (422, "execution", "expanding series: context deadline exceeded"),
            (422, "422", "timeout exceeded during query execution: 30.000 seconds"),
            (422, "execution", "max number of samples exceeded"),
            (422, "execution", "cannot process more samples than 1000"),
        ])
    func limits(status: Int, type: String, text: String) {
        #expect(
            Refusal.kind(status: status, body: Self.json(type, text))
                == .exceeded(status: status, errorType: type, text: text))
        #expect(
            UpstreamError.Kind(ScanError.refused(errorType: type, error: text))
                == .exceeded(status: 200, errorType: type, text: text))
    }

    @Test(
        "A judgement of the query stays one, whatever its names and labels say",
        arguments: [
            (
                400, "bad_data",
                #"invalid parameter "query": 1:8: parse error: unexpected "too many samples""#
            ),
            (400, "bad_data", #"1:3: parse error: too many samples"#),
            (
                422, "execution",
                #"found duplicate series for the match group {error="too many samples"} on the "#
                    + #"right hand-side of the operation: [{e="series limit}", a="\"err-mimir-"}];"#
                    + "many-to-many matching not allowed: matching labels must be unique on one side"
            ),
            (422, "execution", "vector cannot contain metrics with the same labelset"),
            (422, "422", "cannot parse \"sum(-search.maxSamplesPerQuery\": unexpected end"),
            (422, "execution", "unknown metric `not enough memory`"),
            (422, "execution", #"duplicate labelset {reason="timed out"}"#),
            (400, "bad_data", #"1:1: parse error: unexpected "deadline exceeded""#),
        ])
    func judgements(status: Int, type: String, text: String) {
        #expect(
            Refusal.kind(status: status, body: Self.json(type, text))
                == .rejectedQuery(status: status, errorType: type, text: text))
    }

    @Test("Too large and too many are never a judgement of the query")
    func statuses() {
        for status in [413, 429] {
            for type in ["execution", "bad_data", "too_many_requests"] {
                #expect(
                    Refusal.kind(status: status, body: Self.json(type, "no"))
                        == .http(status: status, .envelope(errorType: type, text: "no")))
            }
        }
    }

    @Test("A 400 to remote read judges the request in words alone: a page or nothing does not")
    func remoteReadWithoutWords() {
        for body in ["", " \r\n", "<html><body>400</body></html>", "\n<!DOCTYPE html>"] {
            let kind = Refusal.remoteReadKind(status: 400, body: Array(body.utf8))
            #expect(kind == .http(status: 400, .other("")))
        }
        #expect(
            Refusal.remoteReadKind(status: 400, body: Array("unexpected EOF\n".utf8))
                == .rejectedQuery(status: 400, errorType: "", text: "unexpected EOF"))
    }

    @Test("A member that met its limit is not failing, and another with its data may answer")
    func consequences() {
        let kind = UpstreamError.Kind.exceeded(status: 422, errorType: "execution", text: "x")
        #expect(kind.verdict == .answered && kind.mayBeAskedElsewhere && !kind.mayBeRetried)
        let failure = UpstreamError(member: "b", kind: kind, attempts: 1, elapsed: .milliseconds(2))
        #expect(failure.apiError == APIError(.execution, "project \"b\": x"))
    }
}

@Suite struct HopChainTests {
    @Test("A chain keeps identities, the newest ones, and nothing else")
    func reading() {
        let (a, b) = (HopChain.Identity(), HopChain.Identity())
        #expect(a != b && a.text.utf8.count == 32)
        let chain = HopChain(["\(a.text), garbage, \(b.text)x,,", " \(b.text) "])
        #expect(chain.text == "\(a.text), \(b.text)")
        #expect(chain.contains(a) && chain.contains(b) && !chain.contains(HopChain.Identity()))
        #expect(
            HopChain(["", "\u{0}\u{e9}", String(repeating: "f", count: 100_000)]) == HopChain())
        // However much is sent, what is passed on is bounded.
        let many = (0..<1000).map { _ in HopChain.Identity().text }
        let long = HopChain([many.joined(separator: ","), a.text]).adding(b)
        #expect(long.contains(a) && long.contains(b))
        #expect(long.text.utf8.count == 32 * 34 - 2)
    }

    @Test("Every kind of request to a member carries where it has been")
    func everyRequest() async throws {
        let identity = HopChain.Identity()
        let before = HopChain.Identity()
        try await withClient { _, connection in
            connection.answer(#"{"status":"success","data":[]}"#)
        } configure: {
            $0.gateway = identity
        } _: { client, server in
            await HopChain.$current.withValue(HopChain([before.text])) {
                await askEverything(client)
            }
            let seen = server.requests
            #expect(Set(seen.map(\.path)).count >= 9)
            for request in seen {
                #expect(
                    request.header(HopChain.header) == "\(before.text), \(identity.text)",
                    "\(request.path)")
            }
        }
    }

    @Test("Only the mark makes a status 508 a loop")
    func loops() async throws {
        for (mark, kind) in [
            ("X-Tributary-Hops: loop\r\n", UpstreamError.Kind.loop),
            ("", .http(status: 508, .other("\"Resource Limit Is Reached\""))),
        ] {
            try await withClient { _, connection in
                connection.write(
                    Array(
                        ("HTTP/1.1 508 Loop Detected\r\n\(mark)Content-Length: 25\r\n\r\n"
                            + "Resource Limit Is Reached").utf8))
            } _: { client, _ in
                let found = await failure { () async throws(UpstreamError) in
                    try await client.query("up", at: 0)
                }
                #expect(found?.kind == kind)
            }
        }
    }
}

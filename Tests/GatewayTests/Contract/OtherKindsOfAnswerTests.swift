import PrometheusServer
import ScriptedServers
import Testing

@testable import Federation
@testable import Gateway

/// Members that answer with another kind of data than they were asked for, and what else their
/// answers hold.
@Suite(.closesGateways) struct OtherKindsOfAnswerTests {
    @Test(arguments: [
        (#"{"resultType":"scalar","result":[1000,"1"]}"#, "a scalar where a "),
        (#"{"resultType":"string","result":[1000,"x"]}"#, "a string where a "),
        (#"{"result":[1000,"x"],"resultType":"string"}"#, "a string where a "),
        (#"{"resultType":"streams","result":[]}"#, "a result of an unknown type"), ("[]", "no "),
        ("null", "no "), ("{}", "no "), ("\"x\"", "no "), (nil, "no "),
    ])
    func `Queries answered with another type are malformed`(
        data: String?, cause: String
    ) async throws {
        for kind in ["query?", "query_range?"] {
            let question = try #require(BesideBadMember.questions.first { $0.hasPrefix(kind) })
            try await BesideBadMember.withGateway {
                $1.answer(BesideBadMember.body(data))
            } _: { gateway in
                try await BesideBadMember.expectMissing(
                    gateway, question, "malformed answer: " + cause)
            }
        }
    }

    @Test func `A vector is no matrix, and a matrix no vector`() async throws {
        let vector = #"{"resultType":"vector","result":[]}"#
        let matrix = #"{"resultType":"matrix","result":[]}"#
        for (question, data, cause) in [
            ("query?query=up&time=1000", matrix, "a matrix where a vector was asked for"),
            ("query?query=sum(up)&time=1000", matrix, "a matrix where a vector was asked for"),
            ("query?query=up%5B1m%5D&time=1000", vector, "a vector where a matrix was asked for"),
            (
                "query_range?query=up&start=1000&end=1020&step=10", vector,
                "a vector where a matrix was asked for"
            ),
        ] {
            try await BesideBadMember.withGateway {
                $1.answer(BesideBadMember.body(data))
            } _: { gateway in
                try await BesideBadMember.expectMissing(
                    gateway, question, "malformed answer: \(cause)")
            }
        }
    }

    @Test func `What a missing side would make wrong is refused where it is of another type`()
        async throws
    {
        try await BesideBadMember.withGateway {
            $1.answer(BesideBadMember.body(#"{"resultType":"scalar","result":[1000,"1"]}"#))
        } _: { gateway in
            for query in ["up%20unless%20on()%20down", "absent(up)", "sum(up)%20>%200"] {
                let answer = try await gateway.ask("/p/all/api/v1/query?query=\(query)&time=1000")
                #expect(answer.status == 503, "\(query): \(answer.body)")
                #expect(answer.body.contains(#"project \"bad\": malformed answer: "#))
            }
        }
    }

    @Test func `Lists and documents of another kind are malformed`() async throws {
        for question in BesideBadMember.questions where !question.hasPrefix("query") {
            let path = String(question.prefix { $0 != "?" })
            let isList =
                path.hasPrefix("label") || path == "series" || path == "targets/metadata"
            var wrong: [String?] = [nil, "null", "1", "\"x\"", isList ? "{}" : "[]"]
            switch path {
            case "labels", "label/job/values": wrong += [#"["a",1]"#, #"["a",["b"]]"#]
            case "series": wrong += [#"["a"]"#, #"[{"a":1}]"#, #"[{"a":"1","a":"2"}]"#]
            case "metadata": wrong += [#"{"up":{}}"#, #"{"up":[{"type":1}]}"#]
            case "rules": wrong += ["{}", #"{"groups":{}}"#, #"{"groups":[{"name":"g"}]}"#]
            case "alerts": wrong += ["{}", #"{"alerts":[{"labels":{"a":1}}]}"#]
            case "targets": wrong += ["{}", #"{"activeTargets":{}}"#]
            case "targets/metadata": wrong += [#"[{"metric":"m"}]"#]
            case "scrape_pools": wrong += ["{}", #"{"scrapePools":[1]}"#]
            case "alertmanagers": wrong += ["{}", #"{"activeAlertmanagers":["u"]}"#]
            case "status/tsdb": wrong += [#"{"headStats":[]}"#]
            case "status/tsdb/blocks": wrong += ["{}", #"{"blocks":{}}"#]
            default: break
            }
            for data in wrong {
                try await BesideBadMember.withGateway {
                    $1.answer(BesideBadMember.body(data))
                } _: { gateway in
                    try await BesideBadMember.expectMissing(gateway, question, "malformed answer: ")
                }
            }
        }
    }

    @Test(arguments: [
        nil, "{}", "1", #"[{"exemplars":[]}]"#, #"[{"seriesLabels":{"a":"b"}}]"#,
        #"[{"seriesLabels":[],"exemplars":[]}]"#,
    ])
    func `Exemplars of another kind are malformed`(data: String?) async throws {
        try await BesideBadMember.withGateway {
            $1.answer(BesideBadMember.body(data))
        } _: { gateway in
            try await BesideBadMember.expectMissing(
                gateway, "query_exemplars?query=up", "malformed answer: ")
        }
    }

    @Test func `A server without exemplars says null`() async throws {
        try await BesideBadMember.withGateway {
            $1.answer(BesideBadMember.body("null"))
        } _: { gateway in
            let answer = try await gateway.ask("/p/all/api/v1/query_exemplars?query=up")
            #expect(answer.status == 200 && !answer.body.contains("bad"), "\(answer.body)")
        }
    }

    // MARK: - What members say beside

    @Test func `Warnings and infos of members have their names, whatever is asked`() async throws {
        try await BesideBadMember.withGateway { request, connection in
            let path = String(request.path.dropFirst("/api/v1/".count))
            let data = BesideBadMember.data(path, request) ?? "null"
            return connection.answer(
                #"{"status":"success","data":\#(data),"warnings":["slow (1:2)"],"infos":["old"]}"#)
        } _: { gateway in
            for question in BesideBadMember.questions {
                let answer = try await gateway.ask("/p/all/api/v1/\(question)")
                #expect(answer.status == 200, "\(question): \(answer.body)")
                #expect(
                    answer.body.contains(
                        #""warnings":["slow (project \"bad\")"],"infos":["old (project \"bad\")"]"#),
                    "\(question): \(answer.body)")
            }
        }
    }

    // MARK: - Bytes that are no UTF-8

    @Test func `Labels that are no UTF-8 have U+FFFD in their place in every answer`() async throws
    {
        /// `⟨` is a byte that is none of UTF-8.
        @Sendable func bytes(_ text: String) -> [UInt8] {
            text.unicodeScalars.flatMap { $0 == "⟨" ? [0xFF] : Array(String($0).utf8) }
        }
        try await BesideBadMember.withGateway { request, connection in
            let path = String(request.path.dropFirst("/api/v1/".count))
            let data = (BesideBadMember.data(path, request) ?? "null")
                .replacing(#""job":"j""#, with: #""j⟨b":"⟨j""#)
                .replacing(#"["j"]"#, with: #"["⟨j"]"#)
                .replacing(#","job"]"#, with: #","j⟨b"]"#)
            return connection.answer(bytes(#"{"status":"success","data":\#(data)}"#))
        } _: { gateway in
            for (question, text) in [
                ("query?query=up&time=1000", #""j\#u{FFFD}b":"\#u{FFFD}j""#),
                ("query?query=up%5B1m%5D&time=1000", #""j\#u{FFFD}b":"\#u{FFFD}j""#),
                ("query?query=sum(up)%20by(project,job)&time=1000", #""j\#u{FFFD}b""#),
                (
                    "query_range?query=up&start=1000&end=1020&step=10",
                    #""j\#u{FFFD}b":"\#u{FFFD}j""#
                ),
                // Names and values in lists are escaped as Go escapes them.
                ("labels", #""j\ufffdb""#), ("label/job/values", #""\ufffdj""#),
                ("series?match[]=up", #""j\#u{FFFD}b":"\#u{FFFD}j""#),
                ("targets", #""j\#u{FFFD}b":"\#u{FFFD}j""#),
            ] {
                let request = try #require(
                    PrometheusRequest(
                        method: "GET", target: "/p/all/api/v1/\(question)", headers: [:], body: []))
                let (status, _, body) = try await gateway.respond(to: request).collected()
                #expect(status == 200, "\(question)")
                let valid = String(validating: body, as: UTF8.self)
                #expect(valid?.contains(text) == true, "\(question): \(valid ?? "no UTF-8")")
            }
        }
    }
}

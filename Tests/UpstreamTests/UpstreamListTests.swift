import GoText
import PrometheusWire
import ScriptedServers
import Testing
import TimeSeries

@testable import Upstream

@Suite struct MemberListTests {
    @Test("Labels, values and series are asked for with their selection and arrive in order")
    func lists() async throws {
        try await withClient { request, connection in
            switch request.path {
            case "/prefix/api/v1/labels":
                connection.answer(
                    #"{"status":"success","data":["__name__","a"],"warnings":["w"]}"#)
            case "/prefix/api/v1/label/U__a_2e_b/values":
                connection.answer(#" { "status" : "success" , "data" : [ "x" , "y\"z" ] } "#)
            case "/prefix/api/v1/label/empty/values":
                connection.answer(#"{"status":"success","data":[],"infos":["i"]}"#)
            default:
                connection.answer(
                    #"{"status":"success","data":[{"__name__":"up","a":"1"},{"a":"{]\"é"}]}"#)
            }
        } _: { client, server in
            let selection = SeriesSelection(
                matchers: ["up", "{a=\"b\"}"], start: 1_500, end: 2_000, limit: 5)
            let labels = try await client.labels(selection)
            #expect(labels.elements.text == #""__name__","a""#)
            #expect(labels.warnings == ["w"])
            let values = try await client.labelValues("a.b", selection)
            #expect(values.elements.text == #""x","y\"z""#)
            let empty = try await client.labelValues("empty")
            #expect(empty.elements.isEmpty)
            #expect(empty.infos == ["i"])
            let series = try await client.series(SeriesSelection())
            #expect(series.elements.text == #"{"__name__":"up","a":"1"},{"a":"{]\"é"}"#)
            let form = "match%5B%5D=up&match%5B%5D=%7Ba%3D%22b%22%7D&start=1.500&end=2&limit=5"
            #expect(server.requests[0].method == "POST")
            #expect(server.requests[0].body == form)
            #expect(server.requests[1].method == "GET")
            #expect(server.requests[1].parameters == form)
            #expect(server.requests[3].body == "match%5B%5D=%7B__name__%3D~%22.%2B%22%7D")
        }
    }

    @Test("A list cut into single bytes is the same list")
    func singleBytes() async throws {
        let body = Array(#"{"status":"success","data":["a","bé\n"],"warnings":["w"]}"#.utf8)
        try await withClient { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for byte in body {
                guard connection.chunk([byte]) else { return false }
            }
            return connection.write("0\r\n\r\n")
        } _: { client, server in
            let labels = try await client.labels()
            #expect(labels.elements.text == #""a","bé\n""#)
            #expect(labels.warnings == ["w"])
        }
    }

    @Test("A list that is none, or is cut, is a failure")
    func badLists() async throws {
        for (body, kind) in [
            (#"{"status":"success","data":["a""#, .malformed("the answer ends in the middle")),
            (#"{"status":"success","data":["a","b"]"#, .malformed("the answer ends in the middle")),
            (
                #"{"status":"success","data":{"a":1}}"#,
                .malformed("malformed answer: the data is no list")
            ),
            (
                #"{"status":"success","data":["a"]}x"#,
                .malformed("malformed answer: something follows the answer")
            ),
            (
                #"{"status":"error","errorType":"execution","error":"no"}"#,
                .rejectedQuery(status: 200, errorType: "execution", text: "no")
            ),
        ] as [(String, UpstreamError.Kind)] {
            try await withClient { _, connection in
                connection.answer(body)
            } _: { client, server in
                let found = await failure { () async throws(UpstreamError) in
                    try await client.labels()
                }
                #expect(found?.kind == kind, "\(body)")
            }
        }
    }

    @Test("Documents are read wholly, up to a limit")
    func documents() async throws {
        try await withClient { request, connection in
            connection.answer(
                request.target.contains("status")
                    ? #"{"status":"success","data":{"a":[1]},"warnings":["w"]}"#
                    : #"{"status":"success","data":"\#(String(repeating: "x", count: 5000))"}"#)
        } configure: {
            $0.limits.documentBytes = 1000
        } _: { client, server in
            let document = try await client.getJSON("/api/v1/status/flags")
            #expect(String(decoding: document.data, as: UTF8.self) == #"{"a":[1]}"#)
            #expect(document.warnings == ["w"])
            let found = await failure { () async throws(UpstreamError) in
                try await client.getJSON("/api/v1/rules")
            }
            #expect(found?.kind == .oversized("the answer is larger than 1000 bytes"))
        }
    }

    @Test("What a member says about metrics is read up to a limit")
    func metadata() async throws {
        try await withClient { request, connection in
            let more = request.target.contains("metric=") ? "" : #","x":[{},{"help":"b"}]"#
            return connection.answer(
                #"{"status":"success","data":{"up":[{"type":"gauge"}]\#(more)},"warnings":["w"]}"#)
        } _: { client, server in
            let list = try await client.metadata(metric: "up")
            var out: [UInt8] = []
            var merge = FamilyMerge(of: 1, limit: nil, perFamily: nil)
            merge.add([list.elements])
            #expect(merge.write(to: &out, upTo: .max) == .end)
            #expect(
                String(decoding: out, as: UTF8.self)
                    == #""up":[{"type":"gauge","unit":"","help":""}]"#)
            #expect(list.warnings == ["w"])
            #expect(server.requests[0].target == "/prefix/api/v1/metadata?metric=up")
            // One more than the limit shows that there are more.
            let some = try await client.metadata(SeriesSelection(maximum: 1))
            #expect(some.elements.count > 1)
            #expect(server.requests[1].target == "/prefix/api/v1/metadata")
        }
    }

    @Test("A remote Coroot is asked only for what it serves")
    func remoteCoroot() async throws {
        try await withRemoteCoroot { request, connection in
            switch request.path {
            case "/prefix/api/v1/query_range":
                connection.answer(
                    Answers.matrix(
                        #"{"metric":{"job":"x"},"values":[[1,"7"]]},{"metric":{"job":"y"},"#
                            + #""histograms":[[1,{"count":"2","sum":"3","buckets":"#
                            + #"[[0,"1","2","2"]]}]]}"#))
            case "/prefix/api/v1/series":
                connection.answer(
                    #"{"status":"success","data":[{"b":"1","a":"2"},{"c":"1","a":"3"}]}"#)
            default: connection.answer("<!doctype html>", type: "text/html")
            }
        } _: { client, server in
            let (elements, trailer) = try await client.query("up", at: 1_500).text()
            #expect(
                elements == #"{"metric":{"job":"x"},"value":[1.500,"7"]},{"metric":{"job":"y"},"#
                    + #""histogram":[1.500,{"count":"2","sum":"3","buckets":"#
                    + #"[[0,"1","2","2"]]}]}"#)
            #expect(trailer?.resultType == "vector")
            #expect(
                server.requests[0].body.hasPrefix("query=up&start=1.500&end=1.500&step=15&timeout=")
            )
            #expect(server.requests[0].header("X-API-Key") == "key")
            let labels = try await client.labels()
            #expect(labels.elements.text == #""a","b","c""#)
            #expect(await client.capabilities() == UpstreamCapabilities())
            #expect(server.requests.count == 2)
        }
    }

    @Test("A remote that answers one step with two gives no answer")
    func twoSteps() async throws {
        for values in [#"[1,"7"],[2,"8"]"#] {
            try await withRemoteCoroot { _, connection in
                connection.answer(Answers.matrix(#"{"metric":{"a":"b"},"values":[\#(values)]}"#))
            } _: { client, server in
                let found = await failure { () async throws(UpstreamError) in
                    try await client.query("up", at: 1_500).text()
                }
                guard case .malformed = found?.kind else {
                    Issue.record("\(values): \(String(describing: found))")
                    return
                }
            }
        }
    }
}

@Suite struct ListScannerTests {
    /// The time grows with the size of an element, not with its square.
    @Test(.timeLimit(.minutes(1)))
    func `A large element in small chunks is not read anew with every one`() throws {
        let text = String(repeating: "x", count: 2 << 20)
        let body = Array(#"{"status":"success","data":["\#(text)","b"]}"#.utf8)
        var scanner = DataListScanner(.values(leavingOutEmpty: false))
        for start in stride(from: 0, to: body.count, by: 1 << 10) {
            try scanner.append(Array(body[start..<min(body.count, start + 1 << 10)]))
        }
        try scanner.finish()
        #expect(scanner.takeElements().text == "\"b\",\"\(text)\"")
    }

    @Test func `An element beyond the bound is refused`() {
        let text = [UInt8](repeating: UInt8(ascii: "x"), count: 100)
        var scanner = DataListScanner(.values(leavingOutEmpty: false), maximumElement: 1000)
        #expect(throws: ScanError.tooLarge("a part of the answer is larger than 1000 bytes")) {
            try scanner.append(Array(#"{"status":"success","data":[""#.utf8))
            while true { try scanner.append(text) }
        }
    }

    @Test(arguments: ["{}", "null", "1", nil])
    func `Data that is no list is malformed`(data: String?) {
        let body = data.map { #"{"status":"success","data":\#($0)}"# } ?? #"{"status":"success"}"#
        for chunk in [1, 100] {
            var scanner = DataListScanner(.values(leavingOutEmpty: false))
            #expect(throws: ScanError.malformed(data == nil ? "no data" : "the data is no list")) {
                let bytes = Array(body.utf8)
                for start in stride(from: 0, to: bytes.count, by: chunk) {
                    try scanner.append(Array(bytes[start..<min(bytes.count, start + chunk)]))
                }
                try scanner.finish()
            }
        }
    }
}

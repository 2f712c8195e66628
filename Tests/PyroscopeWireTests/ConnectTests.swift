import GoText
import TestSupport
import Testing

@testable import PyroscopeWire

@Suite("Connect's protocol") struct ConnectTests {
    private func call(
        _ path: String = "/querier.v1.QuerierService/LabelNames", _ method: String = "POST",
        _ headers: [String: String] = ["content-type": "application/proto"]
    ) throws(ConnectCall.Refusal) -> ConnectCall {
        try ConnectCall(path: path, httpMethod: method) { headers[$0] }
    }

    @Test("A call is a method, a codec and a time") func readCall() throws {
        let call = try call(
            "/querier.v1.QuerierService/SelectMergeStacktraces", "POST",
            [
                "content-type": "application/json; charset=utf-8",
                "connect-protocol-version": "1", "connect-timeout-ms": "0000001500",
            ])
        #expect(call.method == .selectMergeStacktraces)
        #expect(call.codec == .json)
        #expect(call.timeout == .milliseconds(1500))
        #expect(try self.call().timeout == nil)
        #expect(try self.call().codec == .protobuf)
    }

    @Test("What is no call is refused as the protocol has it") func refusals() {
        #expect(throws: ConnectCall.Refusal.noSuchMethod) {
            try call("/querier.v1.QuerierService/Nothing")
        }
        #expect(throws: ConnectCall.Refusal.noSuchMethod) { try call("/LabelNames") }
        #expect(throws: ConnectCall.Refusal.onlyPost(allow: "POST")) {
            try call("/querier.v1.QuerierService/LabelNames", "GET")
        }
        for type in ["", "application/grpc", "application/connect+proto", "text/plain"] {
            #expect(
                throws: ConnectCall.Refusal.unsupportedMedia(
                    acceptPost: "application/proto, application/json")
            ) {
                try call(
                    "/querier.v1.QuerierService/LabelNames", "POST", ["content-type": type])
            }
        }
    }

    @Test(
        "A wrong header is an invalid argument",
        arguments: [
            ("connect-timeout-ms", "12345678901"), ("connect-timeout-ms", ""),
            ("connect-timeout-ms", "-1"), ("connect-timeout-ms", "1.5"),
            ("connect-protocol-version", "2"),
        ])
    func wrongHeaders(name: String, value: String) throws {
        let refusal = try #require(throws: ConnectCall.Refusal.self) {
            try call(
                "/querier.v1.QuerierService/LabelNames", "POST",
                ["content-type": "application/proto", name: value])
        }
        guard case .invalid(let error) = refusal else {
            Issue.record("\(refusal)")
            return
        }
        #expect(error.code == .invalidArgument)
        #expect(error.status == 400)
    }

    @Test("The time for a member is a number of milliseconds in ten digits at most")
    func timeoutText() {
        #expect(ConnectCall.timeoutText(.milliseconds(1500)) == "1500")
        #expect(ConnectCall.timeoutText(.nanoseconds(1)) == "1")
        #expect(ConnectCall.timeoutText(.seconds(Int64.min)) == "1")
        #expect(ConnectCall.timeoutText(.seconds(10_000_000)) == "9999999999")
        #expect(ConnectCall.timeoutText(.seconds(Int64.max)) == "9999999999")
    }

    @Test("Every method has a path, and is answered or refused by name") func methods() {
        for method in QuerierMethod.allCases {
            #expect(QuerierMethod(path: method.path) == method)
        }
        let refused = QuerierMethod.allCases.filter { $0.refusal != nil }
        #expect(refused == [.diff, .selectMergeProfile, .selectHeatmap, .analyzeQuery])
        #expect(refused.allSatisfy { $0.refusal?.status == 501 })
    }

    // MARK: - Errors

    @Test("An error is JSON, and is read back") func errorBody() {
        let error = ConnectError(.failedPrecondition, "not \"so\"")
        #expect(
            String(decoding: error.body, as: UTF8.self)
                == #"{"code":"failed_precondition","message":"not \"so\""}"#)
        for code in ConnectError.Code.allCases {
            let error = ConnectError(code, "why")
            #expect(ConnectError(status: error.status, body: error.body) == error)
        }
    }

    @Test("The statuses are those of the contract") func statuses() {
        let statuses: [(ConnectError.Code, Int)] = [
            (.invalidArgument, 400), (.unauthenticated, 401), (.permissionDenied, 403),
            (.notFound, 404), (.unimplemented, 501), (.unavailable, 503),
            (.deadlineExceeded, 504), (.resourceExhausted, 429), (.failedPrecondition, 400),
        ]
        for (code, status) in statuses { #expect(code.status == status) }
    }

    @Test("An answer without a code has the one that its status means") func errorsOfProxies() {
        let html = Array("<html>".utf8)
        #expect(ConnectError(status: 503, body: html) == ConnectError(.unavailable, ""))
        #expect(ConnectError(status: 401, body: []).code == .unauthenticated)
        #expect(ConnectError(status: 404, body: []).code == .unimplemented)
        #expect(ConnectError(status: 500, body: []).code == .unknown)
        let unknown = Array(#"{"code":"new_code","message":"m"}"#.utf8)
        #expect(ConnectError(status: 429, body: unknown) == ConnectError(.unavailable, "m"))
    }

    // MARK: - Messages

    @Test("Fields that are unknown are passed over in both codecs") func unknownFields() throws {
        var names = LabelNamesResponse()
        names.names = ["a"]
        // 15: a number; 16: eight bytes; 17: a text; 18: four bytes.
        let unknown: [UInt8] = [
            0x78, 0x96, 0x01, 0x81, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0x8A, 0x01, 1, 0x41, 0x95, 0x01,
            1, 2, 3, 4,
        ]
        #expect(try LabelNamesResponse(unknown + names.bytes(.protobuf), codec: .protobuf) == names)
        let json = #"{"more":{"a":[1,{"b":null}]},"names":["a"],"other":"x"}"#
        #expect(try LabelNamesResponse(Array(json.utf8), codec: .json) == names)
    }

    @Test("A known field of another wire type is passed over") func otherWireType() throws {
        // Field 1 of the response as a number.
        #expect(
            try LabelNamesResponse([0x08, 0x05], codec: .protobuf) == LabelNamesResponse())
    }

    @Test("Lists of numbers are read packed, unpacked and mixed") func packed() throws {
        let bytes: [UInt8] = [0x08, 1, 0x0A, 2, 2, 3, 0x08, 4]
        #expect(try FlameGraph.Level(bytes, codec: .protobuf).values == [1, 2, 3, 4])
    }

    @Test("JSON takes both names of a field, texts for numbers, numbers for names, and null")
    func latitude() throws {
        let json = """
            { "profile_typeID" : "p" , "label_selector":"{}", "start": 1, "end": "2",
              "maxNodes": 1e3, "format": 2, "profileIdSelector": null }
            """
        let request = try SelectMergeStacktracesRequest(Array(json.utf8), codec: .json)
        #expect(request.profileTypeID == "p")
        #expect(request.labelSelector == "{}")
        #expect(request.start == 1)
        #expect(request.end == 2)
        #expect(request.maxNodes == 1000)
        #expect(request.format == .tree)
        #expect(request.profileIDSelector == [])
    }

    @Test("A format that is unknown is refused, and is not a flame graph") func unknownFormat()
        throws
    {
        for format in [#""PROFILE_FORMAT_FUNCTIONS""#, "77", "2", "4"] {
            let json = #"{"format":\#(format)}"#
            let request = try SelectMergeStacktracesRequest(Array(json.utf8), codec: .json)
            #expect(request.format.refusal?.code == .unimplemented)
        }
        #expect(ProfileFormat.unspecified.refusal == nil)
        #expect(ProfileFormat.flameGraph.refusal == nil)
    }

    @Test(
        "What is no message is an error",
        arguments: [
            "", "[]", "{", #"{"start"}"#, #"{"start":"x"}"#, #"{"start":1.5}"#,
            #"{"start":"9223372036854775808"}"#, #"{"start":{}}"#, #"{"matchers":"a"}"#,
            #"{"matchers":[1]}"#, #"{"matchers":["a"}"#,
        ])
    func wrongJSON(text: String) {
        #expect(throws: MessageError.self) {
            try LabelNamesRequest(Array(text.utf8), codec: .json)
        }
    }

    @Test("Bytes that are no UTF-8 are no text") func invalidText() {
        #expect(throws: MessageError.self) {
            try LabelNamesResponse([0x0A, 1, 0xFF], codec: .protobuf)
        }
    }

    @Test("Damaged messages end in a message or in an error", arguments: 0..<20)
    func damaged(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for codec in ConnectCodec.allCases {
            let whole = SampleMessages.answer.bytes(codec)
            for _ in 0..<200 {
                var bytes = whole
                for _ in 0...random.below(3) {
                    bytes[random.below(bytes.count)] = UInt8(random.below(256))
                }
                if random.oneIn(3) { bytes.removeLast(random.below(bytes.count)) }
                guard let read = try? SelectMergeStacktracesResponse(bytes, codec: codec) else {
                    continue
                }
                _ = read.bytes(codec)
                if let graph = read.flamegraph { _ = try? FlameTree(graph) }
            }
        }
    }
}

enum SampleMessages {
    static var answer: SelectMergeStacktracesResponse {
        var tree = FlameTree()
        for (value, stack) in [(1, ["a", "b", "e"]), (2, ["a", "c"]), (1, ["a", "c", "d"])] {
            try? tree.add(Int64(value), stack: stack)
        }
        return SelectMergeStacktracesResponse(tree.flameGraph)
    }
}

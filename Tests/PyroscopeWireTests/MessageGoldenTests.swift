import PyroscopeWire
import Testing

/// Messages as another implementation of protobuf writes them: Google's, in Python.
@Suite("Messages of both codecs") struct MessageGoldenTests {
    @Test("are read and written as Google's implementation does", arguments: GoldenMessage.all)
    func golden(message: GoldenMessage) throws { try message.check() }

    @Test("have JSON that ends where the message does") func trailingText() {
        #expect(throws: MessageError.self) {
            try LabelNamesResponse(Array(#"{"names":[]} {}"#.utf8), codec: .json)
        }
        #expect(throws: MessageError.self) {
            try LabelNamesResponse(Array(#"{"names":["a",]}"#.utf8), codec: .json)
        }
        #expect(throws: MessageError.self) { try LabelNamesResponse([], codec: .json) }
    }
}

struct GoldenMessage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let check: @Sendable () throws -> Void

    private init<Message: ConnectMessage>(_: Message.Type, protobuf hex: String, json: String) {
        testDescription = "\(Message.self)"
        check = {
            let bytes = Self.bytes(hex)
            let message = try Message(bytes, codec: .protobuf)
            #expect(message.bytes(.protobuf) == bytes)
            #expect(String(decoding: message.bytes(.json), as: UTF8.self) == json)
            // Compared as bytes: a number that is none is not equal to itself.
            #expect(try Message(Array(json.utf8), codec: .json).bytes(.protobuf) == bytes)
        }
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8).map { UInt8($0 < 0x3A ? $0 - 0x30 : $0 - 0x57) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    static let all: [GoldenMessage] = [
        GoldenMessage(
            SelectMergeStacktracesRequest.self,
            protobuf:
                "0a2b70726f636573735f6370753a6370753a6e616e6f7365636f6e64733a6370753a6e616e6f"
                + "7365636f6e647312167b736572766963655f6e616d653d22636166c3a9227d1880d095ffbc31"
                + "20ffffffffffffffffff01280030043a0d0a030a01610a001204080510014201785201745201"
                + "755a0173",
            json:
                #"{"profileTypeID":"process_cpu:cpu:nanoseconds:cpu:nanoseconds","labelSelecto"#
                + #"r":"{service_name=\"café\"}","start":"1700000000000","end":"-1","maxNodes":""#
                + #"0","format":"PROFILE_FORMAT_PPROF","stackTraceSelector":{"callSite":[{"name""#
                + #":"a"},{}],"goPgo":{"keepLocations":5,"aggregateCallees":true}},"profileIdSel"#
                + #"ector":["x"],"traceIdSelector":["t","u"],"spanSelector":["s"]}"#),
        GoldenMessage(
            SelectMergeSpanProfileRequest.self,
            protobuf:
                "0a017012027b7d1a10396135313731383366323661303839641a00200128ffffffffffffffff"
                + "7f30808080808080808080013801",
            json:
                #"{"profileTypeID":"p","labelSelector":"{}","spanSelector":["9a517183f26a089d""#
                + #",""],"start":"1","end":"9223372036854775807","maxNodes":"-922337203685477580"#
                + #"8","format":"PROFILE_FORMAT_FLAMEGRAPH"}"#),
        GoldenMessage(
            SelectMergeStacktracesResponse.self,
            protobuf:
                "0a340a05746f74616c0a016112070a0500ac020000120012170a1500ffffffffffffffffff01"
                + "ffffffffffffffff7f0118ac02208001",
            json:
                #"{"flamegraph":{"names":["total","a"],"levels":[{"values":["0","300","0","0"]"#
                + #"},{},{"values":["0","-1","9223372036854775807","1"]}],"total":"300","maxSelf"#
                + #"":"128"}}"#),
        GoldenMessage(
            SelectSeriesRequest.self,
            protobuf:
                "0a017012077b613d2262227d180120022a03706f642a0770726f6a656374319a9999999999b9"
                + "3f38004200480a",
            json:
                #"{"profileTypeID":"p","labelSelector":"{a=\"b\"}","start":"1","end":"2","grou"#
                + #"pBy":["pod","project"],"step":0.1,"aggregation":"TIME_SERIES_AGGREGATION_TYP"#
                + #"E_SUM","stackTraceSelector":{},"limit":"10"}"#),
        GoldenMessage(
            SelectSeriesResponse.self,
            protobuf:
                "0a3f0a0a0a03706f641203612d30121009000000000000f83f1080d095ffbc31120909000000"
                + "000000f87f121409000000000000f0ff10fbffffffffffffffff010a00",
            json:
                #"{"series":[{"labels":[{"name":"pod","value":"a-0"}],"points":[{"value":1.5,""#
                + #"timestamp":"1700000000000"},{"value":"NaN"},{"value":"-Infinity","timestamp""#
                + #":"-5"}]},{}]}"#),
        GoldenMessage(
            ProfileTypesRequest.self,
            protobuf:
                "08011002",
            json:
                #"{"start":"1","end":"2"}"#),
        GoldenMessage(
            ProfileTypesResponse.self,
            protobuf:
                "0a500a246d656d6f72793a696e7573655f73706163653a62797465733a73706163653a627974"
                + "657312066d656d6f7279220b696e7573655f73706163652a056279746573320573706163653a"
                + "056279746573",
            json:
                #"{"profileTypes":[{"ID":"memory:inuse_space:bytes:space:bytes","name":"memory"#
                + #"","sampleType":"inuse_space","sampleUnit":"bytes","periodType":"space","peri"#
                + #"odUnit":"bytes"}]}"#),
        GoldenMessage(
            LabelNamesRequest.self,
            protobuf:
                "0a027b7d10011802",
            json:
                #"{"matchers":["{}"],"start":"1","end":"2"}"#),
        GoldenMessage(
            LabelNamesResponse.self,
            protobuf:
                "0a01610a01620a00",
            json:
                #"{"names":["a","b",""]}"#),
        GoldenMessage(
            LabelValuesRequest.self,
            protobuf:
                "0a03706f64120a7b613d7e22782e2a227d12027b7d18012002",
            json:
                #"{"name":"pod","matchers":["{a=~\"x.*\"}","{}"],"start":"1","end":"2"}"#),
        GoldenMessage(
            LabelValuesResponse.self,
            protobuf:
                "0a0176",
            json:
                #"{"names":["v"]}"#),
        GoldenMessage(
            SeriesRequest.self,
            protobuf:
                "0a027b7d120c736572766963655f6e616d6512105f5f70726f66696c655f747970655f5f1801"
                + "2002",
            json:
                #"{"matchers":["{}"],"labelNames":["service_name","__profile_type__"],"start":"#
                + #""1","end":"2"}"#),
        GoldenMessage(
            SeriesResponse.self,
            protobuf:
                "120d0a060a01611201620a030a01631200",
            json:
                #"{"labelsSet":[{"labels":[{"name":"a","value":"b"},{"name":"c"}]},{}]}"#),
        GoldenMessage(
            GetProfileStatsResponse.self,
            protobuf:
                "080110011880d095ffbc31",
            json:
                #"{"dataIngested":true,"oldestProfileTime":"1","newestProfileTime":"1700000000"#
                + #"000"}"#),
    ]
}

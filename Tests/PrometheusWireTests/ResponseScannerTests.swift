import Testing
import TimeSeries

@testable import PrometheusWire

/// Everything a scanner makes of a body that arrives in chunks of a size.
private func scan(
    _ body: String, chunk: Int = .max, injecting: LabelInjection? = nil
) throws -> (elements: [String], keys: [[UInt8]], trailer: ResponseScanner.Trailer) {
    var scanner = ResponseScanner(injecting: injecting)
    let bytes = Array(body.utf8)
    var at = 0
    var pages: [SeriesPage] = []
    while at < bytes.count {
        let end = min(bytes.count, at + min(chunk, bytes.count))
        try scanner.append(bytes[at..<end])
        pages += scanner.takePages()
        at = end
    }
    let trailer = try scanner.finish()
    pages += scanner.takePages()
    var elements: [String] = []
    var keys: [[UInt8]] = []
    for page in pages {
        for extent in page.series {
            elements.append(String(decoding: page.bytes[extent.element], as: UTF8.self))
            keys.append(Array(page.keys[extent.key]))
        }
    }
    return (elements, keys, trailer)
}

private func matrix(_ elements: String, tail: String = "") -> String {
    "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[\(elements)]}\(tail)}"
}

private let project = LabelInjection(name: "project", value: "a")

@Suite struct ResponseScannerTests {
    @Test(arguments: [
        // Element as the member sends it, element as it leaves.
        (
            #"{"metric":{"__name__":"up","zone":"z"},"values":[[1,"1"],[2.500,"-0.5"]]}"#,
            #"{"metric":{"__name__":"up","project":"a","zone":"z"},"values":[[1,"1"],[2.500,"-0.5"]]}"#
        ),
        (
            #"{"metric":{},"values":[[1,"NaN"],[2,"+Inf"],[3,"1e-07"]]}"#,
            #"{"metric":{"project":"a"},"values":[[1,"NaN"],[2,"+Inf"],[3,"1e-07"]]}"#
        ),
        (
            #"{"metric":{"project":"x","exported_project":"y"},"values":[[1,"1"]]}"#,
            #"{"metric":{"exported_exported_project":"y","exported_project":"x","project":"a"},"values":[[1,"1"]]}"#
        ),
        (
            #"{"metric":{"a":"q\"\\\n<é"},"values":[[1,"1"]]}"#,
            #"{"metric":{"a":"q\"\\\n<é","project":"a"},"values":[[1,"1"]]}"#
        ),
        (
            #"{ "values" : [ [ 1 , "1" ] , [ 2.5 , "2" ] ] , "metric" : { "a" : "\u0062" } }"#,
            #"{"metric":{"a":"b","project":"a"},"values":[[1,"1"],[2.500,"2"]]}"#
        ),
        (
            #"{"metric":{"a":"b"},"values":[[1,"1"], [2,"2"]]}"#,
            #"{"metric":{"a":"b","project":"a"},"values":[[1,"1"],[2,"2"]]}"#
        ),
        (
            #"{"metric":{"a":"b"},"histograms":[[1,{"count":"3","sum":"2","buckets":[[0,"1","2","3"]]}]]}"#,
            #"{"metric":{"a":"b","project":"a"},"histograms":[[1,{"count":"3","sum":"2","buckets":[[0,"1","2","3"]]}]]}"#
        ),
        (
            #"{"metric":{"a":"b"},"values":[[1,"1"]],"histograms":[[2,{"count":"0","sum":"0"}]]}"#,
            #"{"metric":{"a":"b","project":"a"},"values":[[1,"1"]],"histograms":[[2,{"count":"0","sum":"0"}]]}"#
        ),
    ])
    func editsLabelsAndCopiesSamples(sent: String, expected: String) throws {
        for chunk in [1, 2, 7, 64, Int.max] {
            let result = try scan(matrix(sent), chunk: chunk, injecting: project)
            #expect(result.elements == [expected], "in chunks of \(chunk)")
        }
    }

    @Test func passesLabelSetsAsTheyAreWithoutInjection() throws {
        let element = #"{"metric":{"project":"x"},"values":[[1,"1"]]}"#
        #expect(try scan(matrix(element)).elements == [element])
    }

    @Test func readsVectors() throws {
        let body =
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.500,"2"]},{"metric":{"c":"d"},"value":[1.500,"3"]}]}}"#
        for chunk in [1, 5, Int.max] {
            let result = try scan(body, chunk: chunk, injecting: project)
            #expect(
                result.elements == [
                    #"{"metric":{"a":"b","project":"a"},"value":[1.500,"2"]}"#,
                    #"{"metric":{"c":"d","project":"a"},"value":[1.500,"3"]}"#,
                ])
        }
    }

    @Test func readsScalarsAndStrings() throws {
        let scalar = #"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#
        #expect(try scan(scalar, chunk: 3).trailer.plain == "2")
        let string = #"{"status":"success","data":{"resultType":"string","result":[1,"t\n"]}}"#
        #expect(try scan(string).trailer.plain == "t\n")
    }

    @Test func readsWarningsAndInfosBehindTheData() throws {
        let body = matrix("", tail: #","warnings":["w"],"infos":["i","j"]"#)
        for chunk in [1, Int.max] {
            let trailer = try scan(body, chunk: chunk).trailer
            #expect(trailer.warnings == ["w"])
            #expect(trailer.infos == ["i", "j"])
        }
    }

    @Test func readsOtherSpellingsOfTheEnvelope() throws {
        let body = """
            {"data": {"result": [{"metric": {"a": "b"}, "values": [[1, "2"]]}], \
            "resultType": "matrix"}, "isPartial": false, "status": "success"}
            """
        #expect(try scan(body, chunk: 9).elements == [#"{"metric":{"a":"b"},"values":[[1,"2"]]}"#])
    }

    @Test(arguments: [
        ("<html><body>Sign in</body></html>", "not a Prometheus API answer"),
        ("", "the body is empty"),
        (#"{"status":"error","errorType":"bad_data","error":"no"}"#, "bad_data: no"),
        (#"{"status":"success","data":{"resultType":"matrix","result":["#, "ends in the middle"),
        (matrix(#"{"metric":{"a":"b"},"values":[[1,"1"],[2"#), "malformed"),
        (matrix(#"{"metric":{"a":"b"},"values":[[1,true]]}"#), "malformed"),
        (matrix(#"{"metric":{"a":"b","a":"c"},"values":[[1,"1"]]}"#), "twice"),
        (matrix("") + "x", "something follows"),
        (matrix(#"{"metric":{"a":"b"},"values":[[1,"x"]]}"#), "malformed"),
        ("[1]", "not a Prometheus API answer"),
        (#"{"status":"success"}"#, "no status or no result"),
    ])
    func namesWhatIsWrong(body: String, reason: String) {
        for chunk in [1, 16, Int.max] {
            #expect {
                _ = try scan(body, chunk: chunk, injecting: project)
            } throws: { error in
                "\(error)".contains(reason)
            }
        }
    }

    @Test(arguments: [
        (#"{"metric":{"a":"b"},"values":[[2,"1"],[1,"1"]]}"#, "ascending"),
        (#"{"metric":{"a":"b"},"values":[[1700000000,"1"],[1700000000,"1"]]}"#, "ascending"),
        (#"{"metric":{"a":"b"},"values":[[1700000000.001,"1"],[1700000000,"1"]]}"#, "ascending"),
        (
            #"{"metric":{"a":"b"},"values":[[1,"1"]]},{"metric":{"a":"b"},"values":[[1,"1"]]}"#,
            #"two series with the labels {a="b""#
        ),
        (#"{"metric":{"a":"b"}}"#, "without values"),
        (#"{"values":[[1,"1"]]}"#, "without metric"),
        (#"{"metric":{"a":"b"},"value":[1,"1"]}"#, "result of another type"),
        (#"{"metric":{"a":"b"},"values":[[1,"1"]],"values":[[1,"1"]]}"#, "twice"),
        (#"{"metric":{"a":"b"},"histograms":[[1,{"count":"1"}]]}"#, "count or sum"),
        (#"{"metric":{"a":"b\x"},"values":[[1,"1"]]}"#, "escape"),
        (#"{"metric":{"a":"b"},"values":[[1,"1"],]}"#, "malformed"),
        (
            #"{"metric":{"a":"b"},"values":[[1,"1"]],"x":\#(String(repeating: "[", count: 100))"#,
            "nested too deeply"
        ),
    ])
    func namesWhatIsWrongWithASeries(elements: String, reason: String) {
        for chunk in [1, 16, Int.max] {
            #expect {
                _ = try scan(matrix(elements), chunk: chunk, injecting: project)
            } throws: { error in
                "\(error)".contains(reason)
            }
        }
    }

    @Test(arguments: [
        #"{"status":"success","data":{"resultType":"matrix","result":[],"result":[]}}"#,
        #"{"data":{"resultType":"matrix","result":[]}}"#,
        #"{"status":"success","data":{"resultType":"matrix","result":[]},"status":"success"}"#,
        #"{"status":"success","data":{"resultType":"matrix","result":[]},"data":{}}"#,
        #"{"status":"success","data":{"resultType":"streams","result":[]}}"#,
        #"{"status":"success","data":{"resultType":"matrix"}}"#,
    ])
    func refusesFramesThatSayTwoThingsOrNone(body: String) {
        for chunk in [1, Int.max] {
            #expect(throws: ScanError.self) { try scan(body, chunk: chunk) }
        }
    }

    @Test func takesAnErrorThatStandsBehindTheData() {
        let body =
            #"{"data":{"resultType":"matrix","result":[]},"status":"error","#
            + #""errorType":"timeout","error":"late"}"#
        #expect(throws: ScanError.refused(errorType: "timeout", error: "late")) {
            try scan(body, chunk: 1)
        }
    }

    @Test func readsWarningsBeforeTheData() throws {
        let body =
            #"{"status":"success","warnings":["w"],"infos":["i"],"data":{"resultType":"vector","#
            + #""result":[]}}"#
        let trailer = try scan(body, chunk: 1).trailer
        #expect(trailer.warnings == ["w"])
        #expect(trailer.infos == ["i"])
    }

    @Test(arguments: [
        #"{"metric":{"a":"b"},"values":[]}"#, #"{"metric":{"a":"b"},"values":[ ]}"#,
        #"{"metric":{"a":"b"},"histograms":[]}"#, #"{"values":[],"metric":{"a":"b"}}"#,
    ])
    func leavesOutSeriesWithoutSamples(element: String) throws {
        for chunk in [1, Int.max] {
            let result = try scan(matrix(element), chunk: chunk, injecting: project)
            #expect(result.elements.isEmpty)
            #expect(result.trailer.seriesCount == 0)
        }
    }

    @Test func spellsNumbersAsPrometheusDoes() throws {
        let sent =
            #"{"metric":{},"values":[[-1.5,"Inf"],[0.1,"+5"],[1e2,"1E5"],[101.000,"007"],[102,".5"]]}"#
        let expected =
            #"{"metric":{},"values":[[-1.500,"+Inf"],[0.100,"5"],[100,"100000"],[101,"7"],[102,"0.5"]]}"#
        for chunk in [1, Int.max] {
            #expect(try scan(matrix(sent), chunk: chunk).elements == [expected])
        }
    }

    /// A body that is no JSON is shown, but not more than 80 bytes of it, and no control bytes.
    @Test func showsTheBeginningOfWhatIsNoJSON() {
        let body = "\u{1B}[31m" + String(repeating: "x", count: 200)
        let shown = "\"?[31m" + String(repeating: "x", count: 75) + "\""
        #expect(throws: ScanError.notJSON(shown)) { try scan(body) }
    }

    @Test func refusesLabelsBeyondTheLimit() {
        var limits = ResponseScanner.Limits()
        limits.labels = 3
        let labels = (0..<4).map { "\"l\($0)\":\"1\"" }.joined(separator: ",")
        for speed in [ResponseScanner.Speed.fast, .exact] {
            let expected = ScanError.tooLarge("a series has more than 3 labels")
            #expect(throws: expected) {
                var scanner = ResponseScanner(injecting: nil, limits: limits, speed: speed)
                try scanner.append(matrix("{\"metric\":{\(labels)},\"values\":[[1,\"1\"]]}").utf8)
            }
        }
    }

    /// A large part that the walker reads, in small chunks: the time grows with the size, not with
    /// its square, for it is not read anew with every chunk.
    @Test func readsLargePartsInSmallChunks() throws {
        let text = String(repeating: "x", count: 2 << 20)
        let body = matrix("{\"a\":\"\(text)\",\"metric\":{},\"values\":[[1,\"1\"]]}")
        let result = try scan(body, chunk: 1 << 10)
        #expect(result.elements == [#"{"metric":{},"values":[[1,"1"]]}"#])
    }

    @Test func refusesSeriesBeyondTheLimit() {
        var limits = ResponseScanner.Limits()
        limits.element = 1000
        limits.frame = 1000
        var scanner = ResponseScanner(limits: limits)
        let samples = (0..<200).map { "[\($0),\"1\"]" }.joined(separator: ",")
        let body = matrix("{\"metric\":{\"a\":\"b\"},\"values\":[\(samples)]}")
        #expect(throws: ScanError.self) {
            for byte in body.utf8 { try scanner.append([byte]) }
            _ = try scanner.finish()
        }
    }
}

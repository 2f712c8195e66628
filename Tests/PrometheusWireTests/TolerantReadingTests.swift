import Testing

@testable import PrometheusWire

/// What servers write otherwise than Prometheus, and what can only mean one thing.
@Suite struct TolerantReadingTests {
    private static func scan(_ body: String) -> [ScanOutcome] {
        let bytes = Array(body.utf8)
        return [
            ScanOutcome(bytes, chunk: .max, speed: .fast),
            ScanOutcome(bytes, chunk: 1, speed: .fast),
            ScanOutcome(bytes, chunk: .max, speed: .exact),
        ]
    }

    /// The only series, at every speed.
    private static func expect(
        _ body: String, is element: String?,
        _ check: (ResponseScanner.Trailer) -> Bool = { _ in true }
    ) {
        for outcome in scan(body) {
            guard case .answer(let answer) = outcome else {
                Issue.record("refused: \(body)")
                continue
            }
            #expect(answer.elements == (element.map { [$0] } ?? []), "\(body)")
            #expect(check(answer.trailer), "\(answer.trailer)")
        }
    }

    private static func matrix(_ element: String) -> String {
        #"{"status":"success","data":{"resultType":"matrix","result":[\#(element)]}}"#
    }

    private static func framed(_ before: String, _ after: String) -> String {
        #"{\#(before)"status":"success","data":{"resultType":"matrix","result":[]}\#(after)}"#
    }

    @Test(arguments: [
        (#""nan""#, "NaN"), (#""NAN""#, "NaN"), (#""-nan""#, "NaN"), (#""inf""#, "+Inf"),
        (#""+inf""#, "+Inf"), (#""-inf""#, "-Inf"), (#""Infinity""#, "+Inf"),
        (#""-infinity""#, "-Inf"), ("0.5", "0.5"), ("-3", "-3"), ("1e3", "1000"), ("NaN", "NaN"),
        ("-Infinity", "-Inf"), (#"".5""#, "0.5"), (#""1E3""#, "1000"), (#""+2""#, "2"),
    ])
    func `Values in other spellings are read`(written: String, read: String) {
        Self.expect(
            Self.matrix(#"{"metric":{"a":"b"},"values":[[1,\#(written)],[2,"1"]]}"#),
            is: #"{"metric":{"a":"b"},"values":[[1,"\#(read)"],[2,"1"]]}"#)
    }

    @Test(arguments: [
        "null", "true", #""""#, #""one""#, #""0x10""#, #""nano""#, #""1_0""#, "[1]", #""1 ""#,
    ])
    func `What is no value for certain is none`(written: String) {
        let body = Self.matrix(#"{"metric":{},"values":[[1,\#(written)]]}"#)
        for outcome in Self.scan(body) { #expect(outcome == .refused, "\(written)") }
    }

    @Test(arguments: ["1.7e9", "1700000000.0", "1700000000.000", #""1700000000""#, "17E8"])
    func `Times in other spellings are read`(written: String) {
        Self.expect(
            Self.matrix(#"{"metric":{},"values":[[\#(written),"1"]]}"#),
            is: #"{"metric":{},"values":[[1700000000,"1"]]}"#)
    }

    @Test(
        arguments: [
            (#"{"metric":null,"values":[[1,"1"]]}"#, #"{"metric":{},"values":[[1,"1"]]}"#),
            (
                #"{"metric":{},"values":[[1,"1"]],"histograms":null}"#,
                #"{"metric":{},"values":[[1,"1"]]}"#
            ),
            (
                #"{"metric":{},"histograms":null,"values":[[1,"1"]]}"#,
                #"{"metric":{},"values":[[1,"1"]]}"#
            ),
            (#"{"metric":{},"values":null}"#, nil), (#"{"metric":{},"values":[]}"#, nil),
            (
                #"{"metric":{},"values":[[1,"1"]],"extra":{"a":[NaN,-Infinity,{"b":null}]}}"#,
                #"{"metric":{},"values":[[1,"1"]]}"#
            ),
            (
                " {\n\t\"values\" : [ [ 1 , \"1\" ] ] , \"metric\" : { } } ",
                #"{"metric":{},"values":[[1,"1"]]}"#
            ),
        ] as [(String, String?)])
    func `Null is nothing, and what is not known is passed over`(written: String, read: String?) {
        Self.expect(Self.matrix(written), is: read)
    }

    @Test func `The other kind of sample of a vector may be null`() {
        for rest in [#""value":[1,"1"],"histogram":null"#, #""histogram":null,"value":[1,"1"]"#] {
            Self.expect(
                #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"#
                    + rest + "}]}}", is: #"{"metric":{},"value":[1,"1"]}"#)
        }
    }

    @Test(arguments: [
        (#""w""#, ["w"]), ("null", []), (#"["w",7,null,{"a":[1]}]"#, ["w", "7", #"{"a":[1]}"#]),
        ("[]", []), (#""""#, []), ("7", ["7"]), (#"{"a":"b"}"#, [#"{"a":"b"}"#]),
    ])
    func `Warnings and infos are read in any form`(written: String, read: [String]) {
        for key in ["warnings", "infos"] {
            for body in [
                Self.framed(#""\#(key)":\#(written),"#, ""),
                Self.framed("", #","\#(key)":\#(written)"#),
            ] {
                Self.expect(body, is: nil) {
                    (key == "warnings" ? $0.warnings : $0.infos) == read
                }
            }
        }
    }

    @Test(arguments: [
        (#""isPartial":true,"#, "", true), ("", #","isPartial":true"#, true),
        (#""isPartial":"true","#, "", true), (#""isPartial":true,"#, #","isPartial":false"#, true),
        (#""isPartial":false,"#, "", false), ("", #","isPartial":null"#, false), ("", "", false),
    ])
    func `A partial answer is known as one wherever it says so`(
        before: String, after: String, isPartial: Bool
    ) {
        Self.expect(Self.framed(before, after), is: nil) {
            $0.isPartial == isPartial && ($0.partiality != nil) == isPartial
        }
    }

    @Test(arguments: [
        #"{"data":{"resultType":"matrix","result":[]},"status":"success"}"#,
        #"{"data":{"result":null,"resultType":"matrix"},"status":"success"}"#,
        #"{"status":"success","error":null,"errorType":"","data":{"resultType":"matrix","result":[]}}"#,
        #"{"status":"success","data":{"resultType":"matrix","result":[],"stats":{"x":NaN}},"#
            + #""trace":{"message":"m","children":[{"duration_msec":0.1,"children":[]}]},"error":null}"#,
        #"{"status":"success","data":{"a":{"b":[[]]},"resultType":"matrix","c":1,"result":[]}}"#,
    ])
    func `Keys in any order and of any kind cost nothing`(body: String) {
        Self.expect(body, is: nil) { $0.resultType == "matrix" }
    }

    @Test(arguments: [
        #"{"data":{"resultType":"matrix","result":[]},"status":"error","error":"e"}"#,
        #"{"data":{"resultType":"matrix","result":[]}}"#,
        #"{"status":"success","status":"error","data":{"resultType":"matrix","result":[]}}"#,
        #"{"status":"success","data":{"resultType":"matrix","result":[]},"data":{}}"#,
        #"{"status":"success","data":{"resultType":"matrix","resultType":"vector","result":[]}}"#,
        #"{"status":"success","data":null}"#,
    ])
    func `What could mean two things is refused`(body: String) {
        for outcome in Self.scan(body) { #expect(outcome == .refused) }
    }

    @Test(arguments: [
        ("receive series from Addr: store-1:10901: rpc error: code = Unavailable", true),
        ("Query result may contain partial data.", true),
        (#"project "b": connection refused (its part of the answer is missing)"#, true),
        ("PromQL warning: encountered a mix of histograms and floats: rpc error: code =", false),
        ("No StoreAPIs matched for this query", false), ("results truncated due to limit", false),
        (#"PromQL info: metric might not be a counter (project "b")"#, false), ("odd", false),
    ])
    func `Warnings about unreachable data are told from others`(text: String, isPart: Bool) {
        #expect((WarningSubject(of: text) == .missingPart) == isPart)
        let isTruncation = text == "results truncated due to limit"
        #expect((WarningSubject(of: text) == .truncation) == isTruncation)
        #expect(
            Partiality.cause(isPartial: false, warnings: ["odd", text]) == (isPart ? text : nil))
    }
}

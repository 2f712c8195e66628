import Testing

@testable import PrometheusWire

/// What an answer must be, and how large it may be.
@Suite struct ExpectedAnswerTests {
    @Test(arguments: [
        (#"{"resultType":"scalar","result":[1,"1"]}"#, "a scalar where a matrix was asked for"),
        (#"{"result":[1,"1"],"resultType":"string"}"#, "a string where a matrix was asked for"),
        (#"{"resultType":"vector","result":[]}"#, "a vector where a matrix was asked for"),
        (#"{"result":[],"resultType":"vector"}"#, "a vector where a matrix was asked for"),
    ])
    func `An answer of another type is malformed`(data: String, reason: String) {
        for speed in [ResponseScanner.Speed.fast, .exact] {
            var scanner = ResponseScanner(
                injecting: nil, expecting: .matrix, limits: .init(), speed: speed)
            #expect(throws: ScanError.malformed(reason)) {
                try scanner.append(#"{"status":"success","data":\#(data)}"#.utf8)
                _ = try scanner.finish()
            }
        }
    }

    @Test func `Labels have a bound of their own, however they are read`() {
        var limits = ResponseScanner.Limits()
        limits.metric = 1000
        let labels = #"{"a":"\#(String(repeating: "x", count: 2000))"}"#
        for body in [
            #"{"metric":\#(labels),"values":[[1,"1"]]}"#,
            #"{"values":[[1,"1"]],"metric":\#(labels)}"#,
        ] {
            for speed in [ResponseScanner.Speed.fast, .exact] {
                for chunk in [50, 5000] {
                    var scanner = ResponseScanner(injecting: nil, limits: limits, speed: speed)
                    let text = Array(
                        #"{"status":"success","data":{"resultType":"matrix","result":[\#(body)]}}"#
                            .utf8)
                    #expect(
                        throws: ScanError.tooLarge(
                            "the labels of a series are larger than 1000 bytes")
                    ) {
                        for start in stride(from: 0, to: text.count, by: chunk) {
                            try scanner.append(text[start..<min(text.count, start + chunk)])
                        }
                        _ = try scanner.finish()
                    }
                }
            }
        }
    }

    @Test func `A body of nothing but space ends at the bound of what stands around series`() {
        var limits = ResponseScanner.Limits()
        limits.frame = 1 << 10
        var scanner = ResponseScanner(limits: limits)
        #expect(throws: ScanError.tooLarge("a part of the answer is larger than 1024 bytes")) {
            while true { try scanner.append([UInt8](repeating: 0x20, count: 100)) }
        }
    }
}

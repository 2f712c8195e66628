import GoText
import Testing

@testable import PrometheusWire

@Suite struct SampleStatisticsTests {
    private func scanned(_ body: String) throws -> SampleStatistics? {
        var scanner = ResponseScanner()
        // Byte by byte: wherever an answer is cut, it reads the same.
        for byte in body.utf8 { try scanner.append([byte]) }
        return try scanner.finish().statistics
    }

    private static let old = #"""
        {"timings":{"evalTotalTime":0.000185065,"resultSortTime":5.81e-07,"execTotalTime":0.00021},\#
        "samples":{"totalQueryableSamples":12,"peakSamples":7}}
        """#

    private static let new = #"""
        {"timings":{},"samples":{"totalQueryableSamplesPerStep":[[1.5,2],[2,10]],\#
        "totalQueryableSamples":12,"samplesReadPerStep":[[1.5,2],[2,1]],"samplesRead":3,\#
        "peakSamples":7}}
        """#

    @Test(
        arguments: [
            (old, SampleStatistics(total: 12, read: nil, peak: 7)),
            (
                new,
                SampleStatistics(
                    total: 12, totalPerStep: [1500: 2, 2000: 10], read: 3,
                    readPerStep: [1500: 2, 2000: 1], peak: 7)
            ),
            // VictoriaMetrics's own, and what is nothing at all.
            (#"{"seriesFetched":"2","executionTimeMsec":5}"#, nil),
            (#"{"samples":{"peakSamples":7}}"#, nil),
            (#"{"samples":{"totalQueryableSamples":-1}}"#, nil),
            (#"{"samples":{"totalQueryableSamples":1e999}}"#, nil),
            (#"{"samples":{"totalQueryableSamples":1,"totalQueryableSamplesPerStep":[[1]]}}"#, nil),
            (#"{"samples":[]}"#, nil), ("null", nil), (#""fast""#, nil), ("[1,{}]", nil),
        ] as [(String, SampleStatistics?)])
    func whatMembersTellIsRead(text: String, expected: SampleStatistics?) throws {
        let series = #"{"metric":{"a":"1"},"value":[1,"1"]}"#
        for body in [
            #"{"status":"success","data":{"resultType":"vector","result":[\#(series)],"stats":\#(text)}}"#,
            #"{"status":"success","data":{"stats":\#(text),"resultType":"vector","result":[\#(series)]}}"#,
            #"{"data":{"result":[1,"2"],"resultType":"scalar","stats":\#(text)},"status":"success"}"#,
        ] {
            #expect(try scanned(body) == expected, "\(body)")
        }
    }

    @Test func partsAddUp() {
        let a = SampleStatistics(total: 5, totalPerStep: [0: 2, 1000: 3], read: 4, peak: 9)
        let b = SampleStatistics(total: 7, totalPerStep: [1000: 7], read: 1, peak: 3)
        #expect(
            a.adding(b)
                == SampleStatistics(
                    total: 12, totalPerStep: [0: 2, 1000: 10], read: 5, peak: 9))
        // What one of them did not count is not known of both.
        let old = SampleStatistics(total: .max, read: nil)
        #expect(a.adding(old) == SampleStatistics(total: .max, read: nil, peak: 9))
    }

    @Test func theyAreWrittenAsTheReferenceDoes() {
        var out: [UInt8] = []
        SampleStatistics(
            total: 12, totalPerStep: [2000: 10, 1500: 2], read: 3, readPerStep: [1500: 2], peak: 7
        ).append(to: &out)
        #expect(
            String(decoding: out, as: UTF8.self)
                == #"{"totalQueryableSamplesPerStep":[[1.5,2],[2,10]],"totalQueryableSamples":12,"#
                + #""samplesReadPerStep":[[1.5,2]],"samplesRead":3,"peakSamples":7}"#)
    }

    @Test(
        arguments: [
            (0, "0"), (5.81e-07, "5.81e-7"), (1.5e-10, "1.5e-10"), (0.000001, "0.000001"),
            (2.5, "2.5"), (1e21, "1e+21"), (.nan, "0"), (.infinity, "0"),
        ] as [(Double, String)])
    func numbersStandInJSON(value: Double, text: String) {
        var out: [UInt8] = []
        GoFloat.appendJSON(value, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == text)
    }
}

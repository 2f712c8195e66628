import Testing
import TimeSeries

@testable import LokiWire

@Suite("Volumes of members become one answer")
struct VolumeTests {
    @Test("A series of a vector has one sample, at the last of the members' times")
    func vector() throws {
        var merge = VolumeMerge(.labels(named: nil))
        for series in [#""values":[[10,"1"],[20,"2"]]"#, #""value":[30,"4"]"#] {
            let type = series.hasPrefix(#""values""#) ? "matrix" : "vector"
            let answer =
                #"{"status":"success","data":{"resultType":"\#(type)","result":["#
                + #"{"metric":{"app":"a"},\#(series)}]}}"#
            try merge.add(Array(answer.utf8), of: .none)
        }
        let body = String(decoding: merge.body(limit: 10, isRange: false), as: UTF8.self)
        #expect(
            body.hasPrefix(
                #"{"status":"success","data":{"resultType":"vector","result":["#
                    + #"{"metric":{"app":"a"},"value":[30,"7"]}]"#), "\(body)")
    }
}

import TelemetryDoubles
import Testing

@Suite struct PyroscopeDoubleTests {
    private static let cpu = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
    private static let memory = "memory:inuse_space:bytes:space:bytes"

    private static var store: ProfileStore {
        var store = ProfileStore()
        store.add(
            type: cpu, labels: ["service_name": "shop", "pod": "shop-0"], milliseconds: 10_000,
            spanID: "s1",
            stacks: [
                (["main", "serve", "parse"], 30), (["main", "serve"], 5), (["main", "gc"], 7),
            ])
        store.add(
            type: cpu, labels: ["service_name": "api", "pod": "api-0"], milliseconds: 25_000,
            stacks: [(["main", "serve", "write"], 20)])
        store.add(
            type: memory, labels: ["service_name": "shop", "pod": "shop-0"],
            milliseconds: 12_000, stacks: [(["main"], 4096)])
        return store
    }

    private static func ask(_ method: String, _ body: String) -> DoubleAnswer {
        PyroscopeDouble(store).answer(
            DoubleRequest(
                method: "POST", target: "/querier.v1.QuerierService/\(method)",
                headers: [("Content-Type", "application/json")], body: Array(body.utf8)))
    }

    private static func json(_ method: String, _ body: String) -> String {
        String(decoding: ask(method, body).body, as: UTF8.self)
    }

    private static func merge(_ more: String) -> String {
        #"{"profileTypeID":"\#(cpu)","labelSelector":"{}","start":"0","end":"60000"\#(more)}"#
    }

    @Test func `profile types are told with their parts`() {
        #expect(
            Self.json("ProfileTypes", #"{"start":"0","end":"20000"}"#)
                == #"{"profileTypes":["#
                + #"{"ID":"memory:inuse_space:bytes:space:bytes","name":"memory","#
                + #""sampleType":"inuse_space","sampleUnit":"bytes","periodType":"space","#
                + #""periodUnit":"bytes"},"#
                + #"{"ID":"process_cpu:cpu:nanoseconds:cpu:nanoseconds","name":"process_cpu","#
                + #""sampleType":"cpu","sampleUnit":"nanoseconds","periodType":"cpu","#
                + #""periodUnit":"nanoseconds"}]}"#)
    }

    @Test func `names, values and series are those of the window and the selectors`() {
        #expect(
            Self.json("LabelNames", #"{"matchers":["{service_name=\"shop\"}"]}"#)
                == #"{"names":["__profile_type__","pod","service_name"]}"#)
        #expect(
            Self.json("LabelValues", #"{"name":"service_name","start":"0","end":"20000"}"#)
                == #"{"names":["shop"]}"#)
        #expect(
            Self.json("Series", #"{"labelNames":["service_name"]}"#)
                == #"{"labelsSet":[{"labels":[{"name":"service_name","value":"api"}]},"#
                + #"{"labels":[{"name":"service_name","value":"shop"}]}]}"#)
    }

    @Test func `a flame graph has four numbers for each function, level by level`() {
        #expect(
            Self.json("SelectMergeStacktraces", Self.merge(""))
                == #"{"flamegraph":{"names":["total","main","gc","serve","parse","write"],"#
                + #""levels":[{"values":["0","62","0","0"]},{"values":["0","62","0","1"]},"#
                + #"{"values":["0","7","7","2","0","55","5","3"]},"#
                + #"{"values":["7","30","30","4","0","20","20","5"]}],"#
                + #""total":"62","maxSelf":"30"}}"#)
    }

    @Test func `what max_nodes cuts becomes other, parent by parent`() {
        #expect(
            Self.json("SelectMergeStacktraces", Self.merge(#","maxNodes":"3""#))
                == #"{"flamegraph":{"names":["total","main","other","serve","parse"],"#
                + #""levels":[{"values":["0","62","0","0"]},{"values":["0","62","0","1"]},"#
                + #"{"values":["0","7","7","2","0","55","5","3"]},"#
                + #"{"values":["7","20","20","2","0","30","30","4"]}],"#
                + #""total":"62","maxSelf":"30"}}"#)
    }

    @Test func `a profile of spans has the stacks of those spans`() {
        let body = Self.merge(#","spanSelector":["s1"]"#)
        #expect(Self.json("SelectMergeSpanProfile", body).contains(#""total":"42""#))
    }

    @Test func `series have a point for each step with profiles`() {
        let body = Self.merge(#","step":10,"groupBy":["service_name"]"#)
        #expect(
            Self.json("SelectSeries", body)
                == #"{"series":[{"labels":[{"name":"service_name","value":"api"}],"#
                + #""points":[{"value":20,"timestamp":"30000"}]},"#
                + #"{"labels":[{"name":"service_name","value":"shop"}],"#
                + #""points":[{"value":42,"timestamp":"10000"}]}]}"#)
    }

    @Test func `refusals have the shape of Connect, whatever the codec`() {
        let tooMany = Self.ask("SelectMergeStacktraces", Self.merge(#","maxNodes":"2000000""#))
        #expect(tooMany.status == 400)
        #expect(
            String(decoding: tooMany.body, as: UTF8.self)
                == #"{"code":"invalid_argument","message":"max flamegraph nodes limit 2000000 "#
                + #"is greater than allowed 1048576"}"#)
        #expect(Self.ask("SelectHeatmap", "{}").status == 501)
        #expect(Self.ask("LabelNames", "{").status == 400)
    }

    @Test func `protobuf says the same as JSON`() throws {
        // name = 1: service_name.
        let body: [UInt8] = [0x0A, 12] + Array("service_name".utf8)
        let answer = PyroscopeDouble(Self.store).answer(
            DoubleRequest(
                method: "POST", target: "/querier.v1.QuerierService/LabelValues",
                headers: [("Content-Type", "application/proto")], body: body))
        let fields = try #require(ProtobufField.fields(of: answer.body))
        #expect(answer.type == "application/proto")
        #expect(fields.map(\.text) == ["api", "shop"])
    }
}

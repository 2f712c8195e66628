import Answers
import CommandLineOutput
import GoText
import Testing

@Suite struct QueryListingTests {
    private static let vector = """
        {"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"__name__":"up","job":"wiki"},"value":[1700000000.5,"2"]},
        {"metric":{"job":"shop","a":"\\"q\\""},"value":[1700000000.5,"1e+30"]},
        {"metric":{},"value":[1700000000.5,"NaN"]}]}}
        """
    private static let matrix = """
        {"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"__name__":"up","job":"wiki"},"values":[[1700000000,"3"],[1700000060,"1"],[1700000120,"2"]]},
        {"metric":{"job":"a"},"values":[[1700000000,"+Inf"]]}]}}
        """

    private func listing(
        _ body: String, order: SeriesOrder? = nil, limit: Int? = nil
    ) throws -> Listing {
        let answer = try QueryAnswer(status: 200, body: Array(body.utf8))
        return try #require(Listing(answer, order: order, limit: limit))
    }

    private func text(_ listing: Listing, _ format: OutputFormat) -> String? {
        listing.text(format, body: [], width: nil, style: .plain, hasHeader: true)
    }

    @Test func `A vector has a row a series, its time in the wide table`() throws {
        let listing = try listing(Self.vector)
        #expect(
            text(listing, .table) == """
                __name__  a    job   value
                --------  ---  ----  -----
                up             wiki      2
                          "q"  shop  1e+30
                                       NaN
                """)
        #expect(text(listing, .wide)?.contains("2023-11-14T22:13:20.5Z") == true)
        #expect(text(listing, .value) == "2\n1e+30\nNaN")
        #expect(
            text(listing, .jsonl)?.split(separator: "\n").first
                == #"{"metric":{"__name__":"up","job":"wiki"},"time":1700000000.5,"value":"2"}"#)
    }

    @Test func `Series are sorted by value, numbers first in either direction`() throws {
        func values(_ order: SeriesOrder, _ limit: Int? = nil) throws -> String? {
            text(try listing(Self.vector, order: order, limit: limit), .value)
        }
        #expect(try values(.value) == "2\n1e+30\nNaN")
        #expect(try values(.descending) == "1e+30\n2\nNaN")
        #expect(try values(.descending, 1) == "1e+30")
        #expect(try values(.labels, 2)?.hasPrefix("2\n") == true)
    }

    @Test func `A matrix has a row a series for people, and a row a point in CSV`() throws {
        let listing = try listing(Self.matrix)
        #expect(
            text(listing, .table) == """
                __name__  job   points   min   max  last  trend
                --------  ----  ------  ----  ----  ----  -----
                up        wiki       3     1     3     2  █▁▅
                          a          1  +Inf  +Inf  +Inf
                """)
        #expect(
            text(listing, .csv) == """
                __name__,job,time,value
                up,wiki,2023-11-14T22:13:20Z,3
                up,wiki,2023-11-14T22:14:20Z,1
                up,wiki,2023-11-14T22:15:20Z,2
                ,a,2023-11-14T22:13:20Z,+Inf
                """)
        #expect(text(listing, .value) == "3\n1\n2\n+Inf")
    }

    @Test func `promtool's order of a matrix is by the number of labels, then by them`() throws {
        #expect(
            text(try listing(Self.matrix), .promtool) == """
                {job="a"} =>
                +Inf @[1700000000]
                up{job="wiki"} =>
                3 @[1700000000]
                1 @[1700000060]
                2 @[1700000120]
                """)
        #expect(
            text(try listing(Self.vector), .promtool) == """
                up{job="wiki"} => 2 @[1700000000.5]
                {a="\\"q\\"", job="shop"} => 1000000000000000000000000000000 @[1700000000.5]
                {} => NaN @[1700000000.5]
                """)
    }

    @Test func `A native histogram is its count and its sum`() throws {
        let histogram = try listing(
            """
            {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"h"},
            "histogram":[1700000000,{"count":"3","sum":"4.5","buckets":[[0,"0.5","1","2"],[3,"-0.1","0.1","1"]]}]}]}}
            """)
        #expect(text(histogram, .value) == "count 3, sum 4.5")
        #expect(
            text(histogram, .promtool)
                == "h => Count: 3.000000, Sum: 4.500000, Buckets: [(0.5,1]:2 [-0.1,0.1]:1] "
                + "@[1700000000]")
        #expect(text(histogram, .jsonl)?.contains(#""value":{"count":"3""#) == true)
    }

    @Test func `Scalars and strings are one value`() throws {
        let scalar = try listing(
            #"{"status":"success","data":{"resultType":"scalar","result":[1.5,"7"]}}"#)
        #expect(text(scalar, .value) == "7")
        #expect(text(scalar, .promtool) == "scalar: 7 @[1.5]")
        #expect(text(scalar, .table) == "value\n-----\n    7")
        let string = try listing(
            #"{"status":"success","data":{"resultType":"string","result":[1.5,"seven"]}}"#)
        #expect(text(string, .promtool) == "seven")
    }

    @Test func `An error is no listing`() throws {
        let answer = try QueryAnswer(
            status: 400, body: Array(#"{"status":"error","errorType":"bad_data","error":"x"}"#.utf8)
        )
        #expect(Listing(answer) == nil)
    }

    // MARK: - Graphs

    private func plot(_ body: String) throws -> BraillePlot {
        BraillePlot(
            try QueryAnswer(status: 200, body: Array(body.utf8)), from: 1_700_000_000_000,
            to: 1_700_000_120_000, step: 60_000)
    }

    @Test func `A graph has its axis, its times and a legend with last, least and greatest`() throws
    {
        let lines = try plot(Self.matrix).text(width: 40, height: 5, style: .plain)
            .split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 5 + 2 + 1 + 2)
        #expect(lines[0].hasPrefix("3 ┤"))
        #expect(lines[2].hasPrefix("2 ┤"))
        #expect(lines[4].hasPrefix("1 ┤"))
        #expect(lines[6].contains("22:13:20") && lines[6].contains("22:15:20"))
        #expect(lines[8].hasPrefix("A  up{job=\"wiki\"}"))
        #expect(lines[8].hasSuffix("2    1    3"))
        #expect(lines.allSatisfy { $0.count <= 40 })
        // Down to the least in the middle, and up again.
        for row in [0, 4] {
            #expect(lines[row].unicodeScalars.contains { (0x2801...0x28FF).contains($0.value) })
        }
    }

    @Test func `A series with a gap is not connected over it`() throws {
        func dots(_ points: String) throws -> Int {
            try plot(
                #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[\#(points)]}]}}"#
            ).text(width: 60, height: 4, style: .plain).unicodeScalars
                .filter { (0x2801...0x28FF).contains($0.value) }.count
        }
        let whole = try dots(#"[1700000000,"1"],[1700000060,"1"],[1700000120,"1"]"#)
        let gap = try dots(#"[1700000000,"1"],[1700000120,"1"]"#)
        #expect(whole > 40)
        #expect(gap == 2)
    }

    @Test func `Numbers that have no place in a graph do not end it`() throws {
        let infinite =
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1700000000,"NaN"],[1700000060,"-Inf"]]}]}}"#
        #expect(
            try plot(infinite).text(width: 60, height: 4, style: .plain) == "(no points to plot)")
        let huge =
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1700000000,"1.7e308"],[1700000060,"-1.7e308"]]}]}}"#
        #expect(try plot(huge).text(width: 60, height: 4, style: .coloured).contains("1.7e+308"))
    }

    @Test func `Lines have colours where they are wanted, and letters where not`() throws {
        let two = """
            {"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"a":"1"},"values":[[1700000000,"1"]]},{"metric":{"a":"2"},"values":[[1700000000,"2"]]}]}}
            """
        let coloured = try plot(two).text(width: 60, height: 4, style: .coloured)
        #expect(coloured.contains("\u{1B}[32m━━\u{1B}[0m {a=\"1\"}"))
        let plain = try plot(two).text(width: 60, height: 4, style: .plain)
        #expect(plain.contains("A  {a=\"1\"}") && plain.contains("B  {a=\"2\"}"))
    }

    @Test(arguments: [([0.0, 7], "▁█"), ([5, 5, 5], "▄▄▄"), ([], ""), ([.nan, 1], "▄")])
    func `A sparkline goes from the least to the greatest`(values: [Double], text: String) {
        #expect(Sparkline.text(values) == text)
    }

    @Test func `A long sparkline is the means of its parts`() {
        #expect(Sparkline.text((0..<160).map(Double.init)).count == 16)
        #expect(Sparkline.text((0..<160).map(Double.init), width: 4) == "▂▄▅▇")
    }
}

import CommandLineOutput
import PrometheusWire
import Testing

@Suite struct TextTableTests {
    private let table = TextTable(
        [.init("job"), .init("time", isDetail: true), .init("value", isNumber: true)],
        rows: [["shop", "12:00", "600"], ["a-much-longer-name", "12:00", "10"]])

    @Test func `Numbers are aligned at the right, texts at the left`() {
        #expect(
            table.brief.text() == """
                job                 value
                ------------------  -----
                shop                  600
                a-much-longer-name     10
                """)
    }

    @Test func `Texts are shortened to the width of the terminal, numbers are not`() {
        #expect(
            table.brief.text(width: 20) == """
                job            value
                -------------  -----
                shop             600
                a-much-longe…     10
                """)
        // Below that there is nothing left to take.
        let narrow = table.brief.text(width: 3).split(separator: "\n")
        #expect(narrow.last == "a-much-…     10")
    }

    @Test func `A table of two wide texts gives each of them room`() {
        let wide = TextTable(
            [.init("a"), .init("b")],
            rows: [[String(repeating: "x", count: 1000), String(repeating: "y", count: 30)]])
        let last = wide.text(width: 42).split(separator: "\n").last
        #expect(last?.count == 42)
        #expect(last?.hasPrefix(String(repeating: "x", count: 19) + "…  y") == true)
    }

    @Test func `What would write to the terminal is shown as an escape`() {
        let hostile = TextTable([.init("a")], rows: [["\u{1B}[2J\n\u{202E}x\ty"]])
        #expect(hostile.text(hasHeader: false) == "\\u{1b}[2J\\n\\u{202e}x\\ty")
    }

    @Test func `CSV quotes what needs it`() {
        let table = TextTable(
            [.init("a"), .init("b", isDetail: true)],
            rows: [["x,y", "plain"], ["say \"no\"", "two\nlines"], ["\r\n", ""]])
        #expect(
            table.csv()
                == "a,b\n\"x,y\",plain\n\"say \"\"no\"\"\",\"two\nlines\"\n\"\r\n\",")
        #expect(!table.csv(hasHeader: false).hasPrefix("a,b"))
    }

    @Test func `Colours are around the header alone, and only where they are wanted`() {
        let coloured = table.text(style: .coloured)
        #expect(coloured.hasPrefix("\u{1B}[1mjob"))
        #expect(!table.text(style: .plain).contains("\u{1B}"))
    }

    @Test func `Rows are objects of their cells where nothing else is given`() {
        let listing = Listing(table)
        func text(_ format: OutputFormat, hasHeader: Bool = true) -> String? {
            listing.text(
                format, body: Array("{}\n".utf8), width: nil, style: .plain, hasHeader: hasHeader)
        }
        #expect(
            text(.jsonl)?.hasPrefix(#"{"job":"shop","time":"12:00","value":"600"}"#) == true)
        #expect(text(.json) == "{}")
        #expect(text(.value) == "shop\na-much-longer-name")
        #expect(text(.promtool) == nil)
        #expect(text(.wide)?.contains("12:00") == true)
        #expect(text(.table)?.contains("12:00") == false)
        #expect(text(.csv, hasHeader: false)?.hasPrefix("shop,12:00,600\n") == true)
    }

    @Test func `An empty answer is a word for people, and nothing for scripts`() {
        let empty = Listing(TextTable([.init("a")]))
        func text(_ format: OutputFormat) -> String? {
            empty.text(format, body: [], width: nil, style: .plain, hasHeader: true)
        }
        #expect(text(.table) == "(empty)")
        #expect(text(.value) == nil)
        #expect(text(.jsonl) == nil)
        #expect(text(.csv) == "a")
    }
}

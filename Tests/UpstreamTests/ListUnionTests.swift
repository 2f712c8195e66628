import GoText
import PrometheusWire
import TestSupport
import Testing
import TimeSeries

@testable import Upstream

/// What is merged of the bytes of members' lists is what is made of the decoded lists.
@Suite struct ListUnionTests {
    /// A text as a member holds it, which may be no UTF-8.
    private typealias Text = [UInt8]

    private static let partition = PartitionLabel()

    // MARK: - Generated members

    private static let words =
        [
            "", "a", "b", "ab", "a b", "a\"b", "a\\", "\n", "\t\r", "\u{1}", "\u{0}", "<&>", "é",
            "日本",
            "\u{2028}", "x\u{2029}", "\u{FFFD}", "😀", "/", "\u{7F}", "zz", "up", "z!", "z ",
        ].map { Array($0.utf8) } + [[0xFF], [0x61, 0xC3], [0xED, 0xA0, 0x80], [0xC3, 0x28]]

    private static let names =
        [
            "__name__", "job", "project", "exported_project", "exported_exported_project", "path",
            "zone", "a", "é", "p\"q", "projec", "projecu",
        ].map { Array($0.utf8) } + [[0x61, 0xFF]]

    private static func series(_ random: inout SeededRandom) -> [(name: Text, value: Text)] {
        var found: [(name: Text, value: Text)] = []
        for name in random.some(names) { found.append((name, random.pick(words))) }
        return found
    }

    /// A JSON string in one of the spellings that servers have.
    private static func spelled(_ text: Text, _ random: inout SeededRandom) -> [UInt8] {
        var out = Array("\"".utf8)
        let escapesMore = random.oneIn(4)
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n") where random.oneIn(2): out += Array("\\n".utf8)
            case 0..<0x20: out += escape(byte)
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
                out += random.oneIn(2) ? [byte] : escape(byte)
            case 0..<0x80 where escapesMore && random.oneIn(3): out += escape(byte)
            case UInt8(ascii: "/") where random.oneIn(2): out += Array("\\/".utf8)
            default: out.append(byte)
            }
        }
        return out + [UInt8(ascii: "\"")]
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        let digits = String(byte, radix: 16)
        return Array("\\u00\(digits.count == 1 ? "0" : "")\(digits)".utf8)
    }

    private static func space(_ random: inout SeededRandom) -> [UInt8] {
        random.oneIn(12) ? random.pick([" ", "\n", "\t "]).utf8.map { $0 } : []
    }

    private static func object(
        _ labels: [(name: Text, value: Text)], _ random: inout SeededRandom
    ) -> [UInt8] {
        var labels = labels
        if random.oneIn(3) { labels.shuffle(using: &random) }
        var out = Array("{".utf8)
        for (index, label) in labels.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out += space(&random) + spelled(label.name, &random) + space(&random)
            out += Array(":".utf8) + spelled(label.value, &random)
        }
        return out + [UInt8(ascii: "}")]
    }

    /// An answer with such elements, read in pieces.
    private static func read(
        _ kind: ListReader.Kind, _ elements: [[UInt8]], _ random: inout SeededRandom
    ) throws(ScanError) -> ElementList {
        var body = Array(#"{"status":"success","data":"#.utf8) + [kind.brackets.opening]
        for (index, element) in elements.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body += space(&random) + element + space(&random)
        }
        body += [kind.brackets.closing, UInt8(ascii: "}")]
        let size = random.pick([1, 7, 100, body.count])
        var scanner = DataListScanner(kind)
        for start in stride(from: 0, to: body.count, by: size) {
            try scanner.append(Array(body[start..<min(body.count, start + size)]))
        }
        try scanner.finish()
        return scanner.takeElements()
    }

    private static func merged(_ lists: [ElementList], limit: Int, pieces: Int) -> String {
        var merge = ListMerge(lists, limit: limit)
        var all: [UInt8] = []
        var piece: [UInt8] = []
        while merge.write(to: &piece, upTo: pieces) == .full {
            all += piece
            piece = []
        }
        return String(decoding: all + piece, as: UTF8.self) + (merge.isTruncated ? " …" : "")
    }

    // MARK: - The decoded lists

    private static func text(_ bytes: Text) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func cut(_ elements: [String], limit: Int) -> String {
        guard limit > 0, elements.count > limit else { return elements.joined(separator: ",") }
        return elements.prefix(limit).joined(separator: ",") + " …"
    }

    private static func json(_ text: String) -> String {
        var out: [UInt8] = []
        JSONText.append(text, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private static func json(_ labels: LabelSet) -> String {
        var out: [UInt8] = []
        ResultWriter.appendLabels(labels, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test(arguments: 0..<300)
    func `Series merged as bytes are those merged as label sets`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var lists: [ElementList] = []
        var expected: [LabelSet] = []
        let isItself = random.oneIn(6)
        for member in isItself ? ["x"] : ["b", "a", "ü"] {
            var all: [[(name: Text, value: Text)]] = []
            for _ in 0..<random.below(30) { all.append(Self.series(&random)) }
            all += random.some(all)
            let own = all.map { LabelSet($0.map { (Self.text($0.name), Self.text($0.value)) }) }
            if random.oneIn(2) {
                let order = own.indices.sorted { own[$0] < own[$1] }
                all = order.map { all[$0] }
            }
            let partition = isItself ? PartitionLabel.none : Self.partition
            expected += Set(own.map { partition.injecting(member, into: $0) })
            let elements = all.map { Self.object($0, &random) }
            lists.append(
                try Self.read(
                    .series(LabelInjection(partition, of: member)), elements, &random))
        }
        let limit = random.pick([0, 1, 5, 1000])
        #expect(
            Self.merged(lists, limit: limit, pieces: 1 + random.below(300))
                == Self.cut(expected.sorted().map { Self.json($0) }, limit: limit))
    }

    @Test(arguments: 0..<300)
    func `Names and values merged as bytes are those merged as texts`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(1000 + seed))
        let areNames = random.oneIn(2)
        let leavesOut = random.oneIn(2)
        var lists: [ElementList] = []
        var expected: Set<ByteString> = []
        for _ in 0..<random.below(5) {
            var all = random.some(areNames ? Self.names : Self.words, oneIn: 2)
            all += random.some(all)
            if random.oneIn(2) { all.sort { $0.lexicographicallyPrecedes($1) } }
            if !areNames, leavesOut {
                expected.formUnion(all.filter { !$0.isEmpty }.map { ByteString(Self.text($0)) })
            } else {
                expected.formUnion(
                    all.map {
                        ByteString(
                            areNames
                                ? Self.partition.labels(of: "m").visibleName(of: Self.text($0))
                                : Self.text($0))
                    })
            }
            let elements = all.map { Self.spelled($0, &random) }
            lists.append(
                try Self.read(
                    areNames
                        ? .names(Self.partition.labels(of: "m"))
                        : .values(leavingOutEmpty: leavesOut),
                    elements, &random))
        }
        let limit = random.pick([0, 1, 5, 1000])
        let merged = Self.merged(lists, limit: limit, pieces: 1 + random.below(100))
        let union = Self.cut(expected.sorted().map { Self.json($0.text) }, limit: limit)
        // Either spelling may arrive, and both are one text.
        #expect(Self.spelled(merged) == Self.spelled(union))
    }

    /// What a member says about one metric: type, unit and help text.
    private struct Description: Hashable {
        var texts: [Text]

        /// Fields are in any order, may be missing where they are empty, and others stand beside them.
        func element(_ random: inout SeededRandom) -> [UInt8] {
            var fields = zip(["type", "unit", "help"], texts)
                .filter { !$1.isEmpty || random.oneIn(2) }
                .map { Array("\"\($0)\":".utf8) + ListUnionTests.spelled($1, &random) }
            if random.oneIn(4) { fields.append(Array(#""more":[{"type":"x"},1,null]"#.utf8)) }
            fields.shuffle(using: &random)
            return [UInt8(ascii: "{")] + fields.joined(separator: [UInt8(ascii: ",")])
                + [UInt8(ascii: "}")]
        }

        var json: String {
            let texts = texts.map { ListUnionTests.json(ListUnionTests.text($0)) }
            return #"{"type":\#(texts[0]),"unit":\#(texts[1]),"help":\#(texts[2])}"#
        }

        /// As it is told: what is no UTF-8 is replaced.
        var shown: Description {
            Description(texts: texts.map { Array(ListUnionTests.text($0).utf8) })
        }
    }

    @Test(arguments: 0..<300)
    func `What is said about metrics is merged as the decoded objects are`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(2000 + seed))
        let wanted = random.oneIn(5) ? random.pick(Self.words) : nil
        var lists: [ElementList] = []
        var union: [ByteString: Set<Description>] = [:]
        for _ in 0..<random.below(4) {
            let elements = random.some(Self.words, oneIn: 3).map { name in
                let said = (0...random.below(3)).map { _ in
                    Description(texts: (0..<3).map { _ in random.pick(Self.words) })
                }
                if wanted == nil
                    || ByteString(Self.text(name)) == wanted.map({ ByteString(Self.text($0)) })
                {
                    union[ByteString(Self.text(name)), default: []].formUnion(said.map(\.shown))
                }
                let list = said.map { $0.element(&random) }.joined(separator: [UInt8(ascii: ",")])
                return Self.spelled(name, &random) + Self.space(&random) + Array(":[".utf8) + list
                    + [UInt8(ascii: "]")]
            }
            let named = wanted.map { Array(Self.text($0).utf8) }
            lists.append(try Self.read(.families(named: named), elements, &random))
        }
        let limit = random.pick([nil, 0, 1, 3])
        let perFamily = random.pick([nil, 1, 2])
        let families = union.sorted { $0.key < $1.key }.prefix(limit ?? .max)
        let expected = families.map { name, said in
            let ordered = said.sorted { a, b in
                let (a, b) = (a.texts, b.texts)
                let index = (0..<2).first { a[$0] != b[$0] } ?? 2
                return a[index].lexicographicallyPrecedes(b[index])
            }.prefix(perFamily ?? .max)
            return Self.json(name.text) + ":[" + ordered.map(\.json).joined(separator: ",") + "]"
        }
        var merge = FamilyMerge(of: lists.count, limit: limit, perFamily: perFamily)
        merge.add(lists)
        let size = 1 + random.below(200)
        var (all, piece) = ([UInt8](), [UInt8]())
        while merge.write(to: &piece, upTo: size) == .full {
            all += piece
            piece = []
        }
        #expect(
            Self.spelled(Self.text(all + piece))
                == Self.spelled(expected.joined(separator: ",")))
    }

    @Test(arguments: [
        #""up""#, #""up":{}"#, #""up":[1]"#, #""up":[{"type":1}]"#, #""up":[{"type":"a"]"#, "1",
        #""up":[{"type":"a",}]"#, #""up":null"#,
    ])
    func `What is no family is malformed`(element: String) {
        var random = SeededRandom(seed: 1)
        #expect(throws: ScanError.self) {
            _ = try Self.read(.families(named: nil), [Array(element.utf8)], &random)
        }
    }

    private static func spelled(_ text: String) -> String {
        text.replacing("\\ufffd", with: "\u{FFFD}")
    }

    /// What a real Prometheus 3.5 that holds these values writes.
    @Test func `Values are spelled as Prometheus spells them`() throws {
        let written =
            #""/","\u003cb\u003e\u0026","a","back\\slash","new\nline","q\"uo","tab\tx","#
            + #""x\u2028y","z z","z!","zz","\#u{7F}","é","日本","\#u{FFFD}","😀""#
        let raw =
            #""z!","<b>&","a","back\u005cslash","new\u000aline","q\u0022uo","tab\u0009x","\/","#
            + #""x\#u{2028}y","z z","zz","\u007f","\u00e9","日\u672c","\#u{FFFD}","\ud83d\ude00""#
        var random = SeededRandom(seed: 1)
        for text in [written, raw] {
            let list = try Self.read(
                .values(leavingOutEmpty: false), [Array(text.utf8)], &random)
            #expect(Self.merged([list, list], limit: 0, pieces: 1000) == written)
        }
        let bad = try Self.read(
            .values(leavingOutEmpty: false), [[0x22, 0xFF, 0x22], Array(#""\ufffd""#.utf8)], &random
        )
        #expect(Self.merged([bad], limit: 0, pieces: 1000) == #""\ufffd""#)
    }

    /// Three members, whose lists are sorted, not sorted, and sorted until the label was added.
    @Test func `Lists of many pages are merged in order`() throws {
        var random = SeededRandom(seed: 7)
        let padding = Array(String(repeating: "x", count: 60).utf8)
        func labels(
            _ number: Int, _ more: [(name: Text, value: Text)] = []
        ) -> [(name: Text, value: Text)] {
            [(Array("a".utf8), Array("\(number + 100_000)".utf8) + padding)] + more
        }
        let path = (name: Array("path".utf8), value: Array("/".utf8))
        let sorted = (0..<4000).map { labels($0) }
        let members: [(String, [[(name: Text, value: Text)]])] = [
            ("sorted", sorted), ("unsorted", sorted.shuffled(using: &random)),
            ("prefixes", (0..<4000).flatMap { [labels($0), labels($0, [path])] }),
        ]
        var lists: [ElementList] = []
        var expected: [LabelSet] = []
        for (name, series) in members {
            var body = Array(#"{"status":"success","data":["#.utf8)
            for (index, one) in series.enumerated() {
                if index > 0 { body.append(UInt8(ascii: ",")) }
                let labels = LabelSet(one.map { (Self.text($0.name), Self.text($0.value)) })
                expected.append(Self.partition.injecting(name, into: labels))
                ResultWriter.appendLabels(labels, to: &body)
            }
            var scanner = DataListScanner(.series(LabelInjection(Self.partition, of: name)))
            try scanner.append(body + Array("]}".utf8))
            try scanner.finish()
            #expect(scanner.count == series.count)
            lists.append(scanner.takeElements())
        }
        #expect(
            Self.merged(lists, limit: 0, pieces: 10_000)
                == expected.sorted().map { Self.json($0) }.joined(separator: ","))
    }

    // MARK: - What is no list of the kind

    @Test(arguments: [
        (#"{"a":"1","a":"2"}"#, "a series has the label a twice"),
        (#"{"project":"1","exported_project":"2","project":"3"}"#, "exported_project twice"),
        ("null", "expected '{'"), (#""a""#, "expected '{'"), (#"{"a":1}"#, "expected '\"'"),
        ("[]", "expected '{'"), (#"{"a":"\x"}"#, "unknown escape"),
    ])
    func `What is no label set is malformed`(element: String, cause: String) {
        var random = SeededRandom(seed: 1)
        do throws(ScanError) {
            _ = try Self.read(
                .series(LabelInjection(name: "project", value: "p")),
                [Array(#"{"b":"c"}"#.utf8), Array(element.utf8)], &random)
            Issue.record("\(element) was read")
        } catch {
            guard case .malformed(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains(cause))
        }
    }

    @Test(arguments: ["null", "1", "{}", "\"a\u{1}\"", #""\x""#])
    func `What is no text is malformed`(element: String) {
        var random = SeededRandom(seed: 1)
        for kind in [
            ListReader.Kind.names(Self.partition.labels(of: "m")), .values(leavingOutEmpty: true),
        ] {
            #expect(throws: ScanError.self) {
                _ = try Self.read(kind, [Array(element.utf8)], &random)
            }
        }
    }
}

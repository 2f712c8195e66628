import TestSupport
import Testing
import TimeSeries

@testable import PrometheusWire

/// Lists that are merged while they arrive.
@Suite struct ArrivingListTests {
    /// One list as it arrives.
    private struct Arriving {
        var parts: [(elements: ElementList, isOrdered: Bool)] = []

        init() {}

        init(_ kind: ListReader.Kind, _ elements: [[UInt8]], _ random: inout SeededRandom) {
            var reader = ListReader(kind)
            var rest = elements[...]
            while !rest.isEmpty {
                let some = rest.prefix(1 + random.below(8))
                rest = rest.dropFirst(some.count)
                var bytes = Array(some.joined(separator: [UInt8(ascii: ",")]))
                let end = bytes.count
                bytes += [UInt8](repeating: 0, count: ListReader.guardCount)
                #expect((try? reader.read(bytes, from: 0, to: end))?.position == end)
                parts.append((reader.take(), reader.isOrdered))
            }
        }
    }

    /// What a merge gave.
    private struct Found {
        var elements: [String] = []
        var text = ""
        var isTruncated = false
        /// The lists that turned out not to be in order.
        var unsorted: Set<Int> = []
        /// Those that were refused for it.
        var refused: Set<Int> = []
        var readParts = 0
    }

    private static func merged(
        _ lists: [Arriving], mayShare: Bool, limit: Int = 0, pieces: Int
    ) -> Found {
        merged(
            lists,
            ListMerge(isShared: [Bool](repeating: mayShare, count: lists.count), limit: limit),
            pieces: pieces)
    }

    private static func merged(
        _ lists: [Arriving], _ merge: some ListWriter, pieces: Int
    ) -> Found {
        var merge = merge
        var left = lists.map { $0.parts[...] }
        var out: [UInt8] = []
        var found = Found()
        var isMore = true
        while isMore {
            switch merge.write(to: &out, upTo: out.count + pieces) {
            case .full: break
            case .needs(let list):
                guard let part = left[list].popFirst() else {
                    merge.end(list)
                    continue
                }
                found.readParts += 1
                if !merge.add(part.elements, to: list, isOrdered: part.isOrdered) {
                    found.refused.insert(list)
                    merge.end(list)
                }
            case .end: isMore = false
            }
        }
        let text = String(decoding: out, as: UTF8.self)
        found.text = text
        // No element of these tests has what separates them.
        let separator = text.first == "{" ? "},{" : #"",""#
        let elements =
            text.isEmpty ? [] : text.replacing(separator, with: "\u{2}").split(separator: "\u{2}")
        found.elements = elements.map { $0.trimming("{}\"") }
        found.isTruncated = merge.isTruncated
        found.unsorted = merge.unsorted
        return found
    }

    private static func values(_ random: inout SeededRandom) -> [String] {
        (0..<80).filter { _ in random.oneIn(2) }.map { "v\(100 + $0)" }
    }

    private static func json(_ text: String) -> [UInt8] { Array("\"\(text)\"".utf8) }

    private static func series(_ labels: LabelSet) -> [UInt8] {
        var out: [UInt8] = []
        ResultWriter.appendLabels(labels, to: &out)
        return out
    }

    private static func text(_ labels: LabelSet) -> String {
        String(decoding: series(labels), as: UTF8.self).trimming("{}\"")
    }

    @Test(arguments: UInt64(0)..<150)
    func `Values that arrive in parts are the sorted union`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let lists = (0..<random.below(4)).map { _ in Self.values(&random) }
        let union = Set(lists.joined()).sorted()
        let limit = random.oneIn(2) ? 0 : 1 + random.below(60)
        let found = Self.merged(
            lists.map { list in
                Arriving(.values(leavingOutEmpty: false), list.map(Self.json), &random)
            }, mayShare: true, limit: limit, pieces: 1 + random.below(100))
        #expect(found.elements == (limit == 0 ? union : Array(union.prefix(limit))))
        #expect(found.isTruncated == (limit > 0 && union.count > limit))
        #expect(found.unsorted.isEmpty && found.refused.isEmpty)
    }

    /// Names in the order of a member, of which some make room for labels that are added.
    private static func names(_ random: inout SeededRandom) -> [String] {
        random.some(
            [
                "B", "a", "b", "e", "exported_", "exported_B", "exported_a", "exported_exported_B",
                "exported_exported_project", "exported_project", "exported_projecz", "exported_z",
                "f", "p", "project", "projecz", "q", "zz",
            ], oneIn: 2
        ).sorted()
    }

    private static func injections(_ random: inout SeededRandom) -> [LabelInjection] {
        ["m", "a", "zz"].map { name in
            let labels = random.oneIn(2) ? ["B": "v", "projecz": "w"] : [:]
            return PartitionLabel(labels: [name: labels]).labels(of: name)
        }
    }

    /// What makes room comes before names that came before it, or behind ones that come after it.
    @Test(arguments: UInt64(0)..<400)
    func `Names that arrive in parts are the sorted union of what they are shown as`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let members = Self.injections(&random).map { ($0, Self.names(&random)) }
        let union = Set(members.flatMap { one in one.1.map { one.0.visibleName(of: $0) } }).sorted()
        let limit = random.oneIn(2) ? 0 : 1 + random.below(12)
        let found = Self.merged(
            members.map { Arriving(.names($0), $1.map(Self.json), &random) }, mayShare: true,
            limit: limit, pieces: 1 + random.below(100))
        #expect(found.elements == (limit == 0 ? union : Array(union.prefix(limit))))
        #expect(found.isTruncated == (limit > 0 && union.count > limit))
        #expect(found.unsorted.isEmpty && found.refused.isEmpty)
    }

    @Test(arguments: UInt64(0)..<300)
    func `Of names that are not in order none is given twice or out of order`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let injections = Self.injections(&random)
        var lists = injections.map { _ in Self.names(&random) }
        for _ in 0..<random.below(4) where lists[1].count > 1 {
            lists[1].swapAt(random.below(lists[1].count), random.below(lists[1].count))
        }
        let shown = zip(injections, lists).map { one in one.1.map { one.0.visibleName(of: $0) } }
        let found = Self.merged(
            zip(injections, lists).map { Arriving(.names($0), $1.map(Self.json), &random) },
            mayShare: true, pieces: 1 + random.below(100))
        #expect(found.elements == Set(found.elements).sorted())
        #expect(Set(found.elements).isSuperset(of: shown[0] + shown[2]))
        #expect(Set(found.elements).isSubset(of: shown.joined()))
        if found.refused.isEmpty { #expect(found.elements == Set(shown.joined()).sorted()) }
        #expect(found.unsorted == (lists[1] == lists[1].sorted() ? [] : [1]))
    }

    /// A member's families, in order, with what it says about each in any.
    private static func families(_ random: inout SeededRandom) -> [(name: String, said: [String])] {
        (0..<40).filter { _ in random.oneIn(2) }.map { number in
            ("m\(100 + number)", random.some(["a", "b", "c"], oneIn: 2).shuffled(using: &random))
        }.filter { !$0.said.isEmpty }
    }

    private static func json(_ family: (name: String, said: [String])) -> [UInt8] {
        let said = family.said.map { #"{"type":"gauge","unit":"","help":"\#($0)"}"# }
        return Array(#""\#(family.name)":[\#(said.joined(separator: ","))]"#.utf8)
    }

    @Test(arguments: UInt64(0)..<300)
    func `What is said about metrics arrives in parts and is the sorted union`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let members = (0..<random.below(4)).map { _ in Self.families(&random) }
        var union: [String: Set<String>] = [:]
        for family in members.joined() { union[family.name, default: []].formUnion(family.said) }
        let limit = random.pick([nil, 0, 1, 7])
        let perFamily = random.pick([nil, 1, 2])
        let expected = union.sorted { $0.key < $1.key }.prefix(limit ?? .max).map { name, said in
            Self.json((name: name, said: Array(said.sorted().prefix(perFamily ?? .max))))
        }
        let lists = members.map { families in
            Arriving(.families(named: nil), families.map { Self.json($0) }, &random)
        }
        let found = Self.merged(
            lists, FamilyMerge(of: lists.count, limit: limit, perFamily: perFamily),
            pieces: 1 + random.below(300))
        let text = Array(expected.joined(separator: [UInt8(ascii: ",")]))
        #expect(found.text == String(decoding: text, as: UTF8.self))
        #expect(found.unsorted.isEmpty && found.refused.isEmpty)
        if limit == 0 { #expect(found.readParts == 0) }
    }

    /// Members with labels that are added around their own.
    private static func members(
        _ random: inout SeededRandom, own: String? = nil,
        _ changed: (inout [LabelSet], inout SeededRandom) -> Void = { _, _ in }
    ) -> (lists: [Arriving], sorted: [LabelSet], areKept: [Bool]) {
        var (lists, all, areKept) = ([Arriving](), [LabelSet](), [Bool]())
        for name in ["m", "a", "zz"] {
            let labels = random.oneIn(2) ? ["B": "v", "projecz": "w"] : [:]
            let injection = PartitionLabel(labels: [name: labels]).labels(of: name)
            var sets = ScannedMember.labelSets(&random, own: own).sorted()
            changed(&sets, &random)
            var order = ArrivalOrder(added: injection.labels.map(\.name))
            for labels in sets {
                let labels = injection.injecting(into: labels)
                all.append(labels)
                labels.key.withUnsafeBytes { _ = order.note($0) }
            }
            areKept.append(order.isKept)
            lists.append(Arriving(.series(injection), sets.map(Self.series), &random))
        }
        return (lists, all.sorted(), areKept)
    }

    @Test(arguments: UInt64(0)..<300)
    func `Series that arrive in parts are the sorted union, each with its labels`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let (lists, sorted, _) = Self.members(&random)
        let limit = random.oneIn(2) ? 0 : 1 + random.below(60)
        let found = Self.merged(
            lists, mayShare: false, limit: limit, pieces: 1 + random.below(300))
        #expect(
            found.elements
                == (limit == 0 ? sorted[...] : sorted.prefix(limit)).map(Self.text))
        #expect(found.isTruncated == (limit > 0 && sorted.count > limit))
        #expect(found.unsorted.isEmpty)
    }

    /// Renaming an own label moves it, and members need not sort.
    @Test(arguments: UInt64(0)..<300)
    func `Of series that are not in order nothing is lost, and nothing given twice`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let (lists, sorted, areKept) = Self.members(
            &random, own: random.oneIn(2) ? "project" : nil
        ) { sets, random in
            for _ in 0..<random.below(3) where sets.count > 1 {
                sets.swapAt(random.below(sets.count), random.below(sets.count))
            }
        }
        let found = Self.merged(lists, mayShare: false, pieces: 1 + random.below(300))
        #expect(found.elements.sorted() == sorted.map(Self.text).sorted())
        #expect(found.unsorted.allSatisfy { !areKept[$0] })
        if areKept.allSatisfy(\.self) { #expect(found.elements == sorted.map(Self.text)) }
        #expect(found.refused.isEmpty)
    }

    @Test(arguments: UInt64(0)..<300)
    func `Values that came too late are told, and no value is given twice or out of order`(
        seed: UInt64
    ) {
        var random = SeededRandom(seed: seed)
        var lists = (0..<3).map { _ in Self.values(&random) }
        for _ in 0..<random.below(4) where lists[1].count > 1 {
            lists[1].swapAt(random.below(lists[1].count), random.below(lists[1].count))
        }
        let found = Self.merged(
            lists.map { list in
                Arriving(.values(leavingOutEmpty: false), list.map(Self.json), &random)
            }, mayShare: true, pieces: 1 + random.below(100))
        #expect(found.elements == Set(found.elements).sorted())
        #expect(Set(found.elements).isSuperset(of: lists[0] + lists[2]))
        #expect(Set(found.elements).isSubset(of: lists.joined()))
        if found.refused.isEmpty { #expect(found.elements == Set(lists.joined()).sorted()) }
        #expect(found.refused.isSubset(of: found.unsorted))
        let isOrdered = lists[1] == lists[1].sorted()
        #expect(isOrdered == found.unsorted.isEmpty)
        #expect(found.unsorted.isSubset(of: [1]))
    }

    /// Two replicas share theirs, and a third list is another member's.
    @Test(arguments: UInt64(0)..<300)
    func `Series of replicas come once, also beside a list that is not in order`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let injections = ["pair", "pair", "other"].map { PartitionLabel().labels(of: $0) }
        let own = Array(ScannedMember.labelSets(&random))
        var lists = [random.some(own, oneIn: 2).sorted(), random.some(own, oneIn: 2).sorted()]
        lists.append(ScannedMember.labelSets(&random).sorted())
        for _ in 0..<random.below(3) where lists[2].count > 1 {
            lists[2].swapAt(random.below(lists[2].count), random.below(lists[2].count))
        }
        let found = Self.merged(
            zip(injections, lists).map { Arriving(.series($0), $1.map(Self.series), &random) },
            ListMerge(isShared: [true, true, false]), pieces: 1 + random.below(300))
        let shown = zip(injections, lists).map { one in one.1.map { one.0.injecting(into: $0) } }
        let union = (Array(Set(shown[0] + shown[1])) + shown[2]).sorted()
        #expect(found.elements.sorted() == union.map(Self.text).sorted())
        if found.unsorted.isEmpty { #expect(found.elements == union.map(Self.text)) }
        #expect(found.unsorted.isSubset(of: [2]) && found.refused.isEmpty)
    }

    /// With the label that is added, `{a}` comes behind all that begin with it, also behind those that
    /// came in another part, and before what others have meanwhile.
    @Test func `What a label set may be followed by comes before it, and before other lists`() {
        var lists: [Arriving] = []
        for (name, sets) in [
            ("m", [["a": "1"], ["a": "1", "b": "1"]]), ("n", [["a": "1", "c": "1"]]),
        ] {
            let injection = PartitionLabel().labels(of: name)
            var list = Arriving()
            var reader = ListReader(.series(injection))
            for labels in sets {
                var bytes = Self.series(LabelSet(labels))
                let end = bytes.count
                bytes += [UInt8](repeating: 0, count: ListReader.guardCount)
                #expect((try? reader.read(bytes, from: 0, to: end))?.position == end)
                list.parts.append((reader.take(), reader.isOrdered))
            }
            lists.append(list)
        }
        let found = Self.merged(lists, mayShare: false, pieces: 1)
        #expect(
            found.elements == [
                #"a":"1","b":"1","project":"m"#, #"a":"1","c":"1","project":"n"#,
                #"a":"1","project":"m"#,
            ])
        #expect(found.unsorted.isEmpty)
    }

    @Test func `A list that is seen not to be in order at once is sorted`() {
        var random = SeededRandom(seed: 1)
        let elements = ["c", "a", "b"].map(Self.json)
        let lists = [elements, [Self.json("aa")]].map {
            Arriving(.values(leavingOutEmpty: false), $0, &random)
        }
        var one = lists
        // Everything came together.
        var reader = ListReader(.values(leavingOutEmpty: false))
        let text = Array(elements.joined(separator: [UInt8(ascii: ",")]))
        let bytes = text + [UInt8](repeating: 0, count: ListReader.guardCount)
        #expect((try? reader.read(bytes, from: 0, to: text.count)) != nil)
        one[0].parts = [(reader.take(), reader.isOrdered)]
        let found = Self.merged(one, mayShare: true, pieces: 10)
        #expect(found.elements == ["a", "aa", "b", "c"])
        #expect(found.unsorted == [0])
    }

    @Test func `What was given is given before the next part is there, and its pages are let go`() {
        var random = SeededRandom(seed: 1)
        let all = (0..<1000).map { Self.json("v\(1000 + $0)") }
        let list = Arriving(.values(leavingOutEmpty: false), all, &random)
        var merge = ListMerge(isShared: [false])
        var out: [UInt8] = []
        var (sent, held) = (0, 0)
        for part in list.parts {
            #expect(merge.write(to: &out, upTo: .max) == .needs(0))
            sent += part.elements.count
            merge.add(part.elements, to: 0, isOrdered: part.isOrdered)
            #expect(merge.write(to: &out, upTo: .max) == .needs(0))
            #expect(merge.count == sent - 1)
            held = max(held, merge.heldBytes)
        }
        #expect(held < 3 * 8 * 40)
        merge.end(0)
        #expect(merge.write(to: &out, upTo: .max) == .end)
        #expect(merge.count == 1000)
    }

    @Test func `What the limit leaves out is not asked for`() {
        var random = SeededRandom(seed: 1)
        let all = (0..<1000).map { Self.json("v\(1000 + $0)") }
        let lists = (0..<2).map { _ in
            Arriving(.values(leavingOutEmpty: false), all, &random)
        }
        let found = Self.merged(lists, mayShare: true, limit: 10, pieces: 100)
        #expect(found.elements.count == 10)
        #expect(found.isTruncated)
        #expect(found.readParts <= 2 * 11)
    }
}

extension StringProtocol {
    fileprivate func trimming(_ characters: String) -> String {
        var text = self[...]
        while let first = text.first, characters.contains(first) { text = text.dropFirst() }
        while let last = text.last, characters.contains(last) { text = text.dropLast() }
        return String(text)
    }
}

import Testing
import TimeSeries

@Suite struct LabelSetTests {
    @Test func `names are sorted, empty values dropped, the last of equal names wins`() {
        let labels = LabelSet([
            (name: "b", value: "1"), (name: "a", value: "2"), (name: "c", value: ""),
            (name: "a", value: "3"),
        ])
        #expect(labels.pairs.map(\.name) == ["a", "b"])
        #expect(labels.pairs.map(\.value) == ["3", "1"])
        #expect(labels["c"] == nil)
    }

    @Test(arguments: [
        (["a": "1"], ["a": "2"]), (["a": "1"], ["a": "1", "b": "1"]), (["a": "2"], ["b": "1"]),
        (["a": "x"], ["a": "x\u{0}"]), ([:], ["a": "1"]), (["a": "1", "b": "1"], ["a": "10"]),
    ])
    func `label sets are ordered name by name, a prefix first`(
        first: [String: String], second: [String: String]
    ) {
        #expect(LabelSet(first) < LabelSet(second))
        #expect(!(LabelSet(second) < LabelSet(first)))
    }

    @Test func `bytes that end or escape names survive`() {
        let labels = LabelSet(["a\u{0}": "\u{1}x\u{0}", "b": "\u{2}"])
        #expect(labels["a\u{0}"] == "\u{1}x\u{0}")
        #expect(labels.setting("a", to: "v")["a\u{0}"] == "\u{1}x\u{0}")
        #expect(labels["b"] == "\u{2}")
    }

    @Test func `canonically equal texts are different labels`() {
        #expect(LabelSet(["a": "\u{e9}"]) != LabelSet(["a": "e\u{301}"]))
    }

    @Test func `setting keeps the order and an empty value removes`() {
        let labels = LabelSet(["a": "1", "c": "3"])
        #expect(labels.setting("b", to: "2") == LabelSet(["a": "1", "b": "2", "c": "3"]))
        #expect(labels.setting("a", to: "") == LabelSet(["c": "3"]))
        #expect(labels.setting("c", to: "4") == LabelSet(["a": "1", "c": "4"]))
    }

    @Test func `filters keep or remove by name`() {
        let labels = LabelSet(["a": "1", "b": "2", "c": "3"])
        let names = LabelNames(["a", "c", "x"])
        #expect(labels.keeping(names) == LabelSet(["a": "1", "c": "3"]))
        #expect(labels.removing(names) == LabelSet(["b": "2"]))
    }
}

import Testing

@testable import YAML

/// What YAML texts are read as: aliases, merge keys, and what is refused.
@Suite struct YAMLComposerTests {
    private func document(
        _ text: String, limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLFailure) -> YAMLNode {
        let documents = try YAMLComposer.documents(of: text, limits: limits)
        return documents.first
            ?? YAMLNode(
                line: 0, column: 0, content: .scalar("none", isPlain: true), size: YAMLNode.Size())
    }

    /// A node as JSON, in which keys keep their order.
    private func shown(_ node: YAMLNode) -> String {
        switch node.content {
        case .scalar(let text, _): text
        case .list(let elements): "[\(elements.map(shown).joined(separator: ","))]"
        case .mapping(let pairs):
            "{\(pairs.map { "\($0.key):\(shown($0.value))" }.joined(separator: ","))}"
        }
    }

    private func refusal(
        _ text: String, limits: YAMLLimits = YAMLLimits()
    ) throws -> YAMLFailure {
        try #require(throws: YAMLFailure.self) { try document(text, limits: limits) }
    }

    // MARK: Merge keys

    static let merges: [(text: String, shown: String)] = [
        ("d: &d {x: 1, y: 2}\na: {<<: *d, z: 3}", "{d:{x:1,y:2},a:{z:3,x:1,y:2}}"),
        // Own keys win, wherever the merge key stands, and are not merged into.
        ("d: &d {x: {p: 1}, y: 2}\na: {<<: *d, x: {q: 3}}", "{d:{x:{p:1},y:2},a:{x:{q:3},y:2}}"),
        ("d: &d {x: 1}\na: {x: 3, <<: *d}", "{d:{x:1},a:{x:3}}"),
        // Earlier mappings of a list win.
        (
            "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b, {z: 3}]}",
            "{a:{x:1},b:{x:2,y:2},c:{x:1,y:2,z:3}}"
        ),
        // What is merged may merge in turn.
        (
            "a: &a {x: 1, y: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}",
            "{a:{x:1,y:1},b:{y:2,x:1},c:{z:3,y:2,x:1}}"
        ),
        ("a: {<<: {x: 1, <<: {y: 2, x: 3}}}", "{a:{x:1,y:2}}"),
        ("a: {!!merge <<: {x: 1}}", "{a:{x:1}}"),
        ("a: {<<: []}", "{a:{}}"),
        // In quotes it is a key like any other.
        ("a: {\"<<\": {x: 1}}", "{a:{<<:{x:1}}}"),
        ("a: ['<<', <<]", "{a:[<<,<<]}"),
    ]

    @Test(arguments: merges)
    func mergeKeysBringWhatGoBringsAndOwnKeysWin(text: String, shown wanted: String) throws {
        #expect(shown(try document(text)) == wanted)
    }

    @Test(arguments: [
        ("a: {<<: x}", 4), ("a: {<<: }", 4), ("a: {<<: [x]}", 4), ("a: {<<: [[{x: 1}]]}", 4),
        ("a: &a [{x: 1}]\nb: {<<: *a}", 4), ("s: &s x\nb: {<<: *s}", 4),
    ])
    func aMergeKeyOfWhatIsNoMappingIsRefused(text: String, column: Int) throws {
        let refusal = try refusal(text)
        #expect(refusal.problem == "<< merges a mapping or a list of mappings, and nothing else")
        #expect(refusal.mend == "write <<: *name, or <<: [*one, *other]")
        #expect(refusal.line == text.split(separator: "\n").count)
        #expect((refusal.column ?? 0) > column)
    }

    @Test func aKeyThatIsGivenTwiceIsRefusedWithBothLines() throws {
        let refusal = try refusal("a:\n  x: 1\n  y: 2\n  x: 3\n")
        #expect((refusal.line, refusal.column) == (4, 3))
        #expect(refusal.problem == "the key x is given twice: line 2 has it already")
        #expect(
            try self.refusal("a: {<<: {x: 1}, <<: {y: 1}}").mend == "write one << with a list")
    }

    @Test func whatIsMergedKeepsThePlaceWhereItIsWritten() throws {
        let root = try document("a: &a\n  x: 1\nb:\n  <<: *a\n  y: 2\n")
        guard case .mapping(let pairs)? = root["b"]?.content else {
            Issue.record("no mapping")
            return
        }
        #expect(pairs.map(\.key) == ["y", "x"])
        #expect(pairs.map(\.line) == [5, 2])
        #expect(pairs.map(\.value.line) == [5, 2])
    }

    // MARK: Aliases

    /// `factor` aliases a level: the last one is `factor` to the power of `levels` values.
    static func bomb(factor: Int = 9, levels: Int = 8, last: (String) -> String) -> String {
        var text = "a0: &a0 [\(Array(repeating: "x", count: factor).joined(separator: ","))]\n"
        for level in 1..<levels {
            let aliases = Array(repeating: "*a\(level - 1)", count: factor).joined(separator: ",")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        return text + last("*a\(levels - 1)")
    }

    @Test(arguments: ["b: ", "? ", "b: {<<: ", "- ", "{? [", "b: {c: {d: "])
    func anAliasBombIsRefusedWhereverItsAliasesStand(place: String) throws {
        let text = Self.bomb { place + $0 + "\n" }
        #expect(text.utf8.count < 450)
        let refusal = try refusal(text)
        #expect(
            refusal.problem
                == "the aliases repeat too much: more than 200000 values or 16777216 bytes with "
                + "every alias written out")
        #expect(refusal.line == 6)
    }

    @Test func aBombOfMappingsOfMergesOrOfLongTextsIsRefusedToo() throws {
        var mappings = "a0: &a0 {x: 1, y: 2}\n"
        for level in 1..<30 {
            mappings += "a\(level): &a\(level) {x: *a\(level - 1), y: *a\(level - 1)}\n"
        }
        #expect(try refusal(mappings).problem.contains("repeat too much"))

        let merges = Self.bomb(factor: 9, levels: 8) { "b: {<<: [\($0)]}\n" }
        #expect(try refusal(merges).problem.contains("repeat too much"))

        let long = String(repeating: "x", count: 100_000)
        let aliases = Array(repeating: "*a", count: 1000).joined(separator: ",")
        #expect(try refusal("a: &a \(long)\nb: [\(aliases)]\n").problem.contains("repeat too much"))
        // As the key of what is repeated.
        #expect(
            try refusal("? \(long)\n: x\n").problem == "the key is longer than 1024 bytes")
    }

    @Test func aliasesWithinTheLimitsAreReplaced() throws {
        let text = Self.bomb(factor: 3, levels: 3) { "b: \($0)\n" }
        #expect(shown(try #require(try document(text)["a1"])) == "[[x,x,x],[x,x,x],[x,x,x]]")
        #expect(try document(text)["b"]?.size.values == 1 + 3 + 9 + 27)
    }

    @Test func anAliasOfItselfOrOfNothingIsRefused() throws {
        let own = try refusal("a: &a [x, *a]\n")
        #expect(own.problem == "the alias *a stands within the value that it repeats")
        #expect((own.line, own.column) == (1, 11))
        #expect(try refusal("a: &a {<<: *a}\n").problem == own.problem)
        #expect(try refusal("a: *b\n").problem == "the alias *b has no anchor")
        // Anchors end with their document.
        #expect(try refusal("a: &b x\n---\na: *b\n").problem == "the alias *b has no anchor")
    }

    // MARK: Sizes

    @Test(arguments: [
        String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 100_000),
        String(repeating: "- ", count: 100_000), String(repeating: "? ", count: 100_000),
        String(repeating: "[", count: 101) + String(repeating: "]", count: 101),
        (0..<101).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
        (0..<200).map { "a\($0): &a\($0) [\($0 == 0 ? "x" : "*a\($0 - 1)")]\n" }.joined(),
    ])
    func whatIsTooDeepIsRefused(text: String) throws {
        let problem = try refusal(text).problem
        #expect(
            problem == "lists and mappings stand too deep within each other"
                || problem == "a key must be a single value")
    }

    @Test func whatIsTooLargeIsRefused() throws {
        let limits = YAMLLimits(bytes: 1000, values: 20)
        #expect(
            try refusal(String(repeating: "x", count: 1001), limits: limits).problem
                == "is too large: 1001 bytes, 1000 are allowed")
        #expect(
            try refusal(String(repeating: "- a\n", count: 30), limits: limits).problem
                == "is too large: more than 20 values")
        #expect(
            try refusal(String(repeating: "--- a\n", count: 30), limits: limits).problem
                == "is too large: more than 20 values")
        #expect(throws: Never.self) {
            try document(String(repeating: "- a\n", count: 19), limits: limits)
        }
    }

    @Test func keysMustBeSingleValues() throws {
        let refusal = try refusal("a: {[x]: 1}\n")
        #expect(refusal.problem == "a key must be a single value")
        #expect((refusal.line, refusal.column) == (1, 5))
        #expect(shown(try document("k: &k name\nm: {*k : 1}\n")) == "{k:name,m:{name:1}}")
    }

    @Test func whatIsNoYAMLIsRefusedWithItsPlace() throws {
        let open = try refusal("a: [\n")
        #expect((open.line, open.column) == (2, 1))
        #expect(open.problem.hasPrefix("is not YAML: while parsing a flow node"))
        let control = try refusal("a: b\nc: \u{1}\n")
        #expect(control.line == 2)
        #expect(control.problem == "is not YAML: control characters are not allowed")
        #expect(try YAMLComposer.documents(of: "").isEmpty)
        #expect(try YAMLComposer.documents(of: "# nothing\n").isEmpty)
        #expect(try YAMLComposer.documents(of: "a: 1\n---\nb: 2\n").count == 2)
    }
}

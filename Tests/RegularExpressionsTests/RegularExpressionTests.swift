import Foundation
import Testing

@testable import RegularExpressions

/// One test at a time, as some of them look at the standard error of the process.
@Suite(.serialized) struct RegularExpressionTests {
    @Test(arguments: [
        ("abc", ["abc"], ["", "ab", "abcd", "xabc", "ABC"]),
        ("", [""], ["a"]),
        ("a|b||cd", ["a", "b", "", "cd"], ["ab", "c", "|"]),
        ("(a|b)", ["a", "b"], ["(a", "ab"]),
        ("(?:a|b)c", ["ac", "bc"], ["a", "abc"]),
        (#"10\.0\.0\.1:80"#, ["10.0.0.1:80"], ["10a0b0c1:80"]),
        (#"a\|b"#, ["a|b"], ["a", "b", #"a\"#]),
        ("a.*", ["a", "ab", "a\nb"], ["", "ba"]),
        ("a.+", ["ab", "a\n", "aé"], ["a", "ba"]),
        (".*a", ["a", "ba"], ["ab", ""]),
        (".+a", ["ba", "aa"], ["a"]),
        (".*ab.*", ["ab", "xabx", "aab"], ["a", "ba"]),
        (".+a.+", ["xax", "aaa"], ["ax", "xa", "aa", "a"]),
        (".*", ["", "x\ny"], []),
        (".+", ["x", "\n"], [""]),
        (#"a\.*"#, ["a", "a.."], ["ab"]),
        (#"a\\.*"#, [#"a\"#, #"a\x"#], ["a"]),
        ("a.c", ["abc", "a\nc", "aéc"], ["ac", "abbc"]),
        ("(?i)abc", ["ABC", "aBc"], ["ab"]),
        ("(?i:K)", ["k", "K", "\u{212A}"], []),
        (#"[[:alpha:]]+\d"#, ["ab1"], ["1", "ab"]),
        (#"\pL+"#, ["é", "ж"], ["1"]),
        (#"\Qa.b\E"#, ["a.b"], ["axb"]),
        ("é|ж", ["é", "ж"], ["e"]),
        ("(?-s:a.c)", ["abc"], ["a\nc"]),
        ("a{2,3}", ["aa", "aaa"], ["a", "aaaa"]),
        ("(?P<x>a)(?<y>b)", ["ab"], ["a"]),
        ("[(?<]x", ["(x", "<x"], ["x"]),
        ("(?P<x>a)(?P<x>b)", ["ab"], ["a"]),
        ("a|^b$|c", ["a", "b", "c"], ["ab"]),
    ])
    func matchesWholeTexts(pattern: String, matching: [String], other: [String]) throws {
        let expression = try RegularExpression(pattern)
        for text in matching { #expect(expression.matches(text), "\(pattern) on \(text)") }
        for text in other { #expect(!expression.matches(text), "\(pattern) on \(text)") }
    }

    @Test func canonicallyEqualTextsAreDifferentTexts() throws {
        #expect(try !RegularExpression("\u{e9}").matches("e\u{301}"))
        #expect(try !RegularExpression("\u{e9}|x").matches("e\u{301}"))
    }

    @Test(arguments: [
        ("a(", "missing closing ): `a(`"),
        ("a)", "unexpected ): `a)`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("+", "missing argument to repetition operator: `+`"),
        ("a**", "invalid nested repetition operator: `**`"),
        (#"\8"#, #"invalid escape sequence: `\8`"#),
        (#"a\C"#, #"invalid escape sequence: `\C`"#),
        ("[a", "missing closing ]: `[a`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        (#"\pX"#, #"invalid character class range: `\pX`"#),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("a{2,1}", "invalid repeat count: `{2,1}`"),
        ("(?P<1a", "invalid named capture: `(?P<1a`"),
        ("(?P<a-b>x)", "invalid named capture: `(?P<a-b>`"),
        ("a)|(b", "unexpected ): `a)|(b`"),
        ("(?z)", "invalid or unsupported Perl syntax: `(?z`"),
        ("[]a", "missing closing ]: `[]a`"),
        (#"[a-\d]"#, #"invalid escape sequence: `\d`"#),
        ("((a{100}){100}){100}", "invalid repeat count: `{100}`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?<=a)b", "invalid or unsupported Perl syntax: `(?<`"),
        (#"a\"#, "trailing backslash at end of expression: ``"),
    ])
    func refusesInTheWordsOfGo(pattern: String, text: String) {
        #expect(throws: RegularExpressionError.self) { try RegularExpression(pattern) }
        do {
            _ = try RegularExpression(pattern)
        } catch {
            #expect(error.description == "error parsing regexp: \(text)")
        }
    }

    @Test func refusesWhatWouldBeTooLarge() {
        #expect(throws: RegularExpressionError.self) {
            try RegularExpression(String(repeating: "(", count: 5000) + "a")
        }
        #expect(throws: RegularExpressionError.self) {
            try RegularExpression("((a{100}){100}){100}")
        }
    }

    /// Pieces that a long pattern is made of, with how many of them a pattern may have at least.
    static let pieces: [(piece: String, most: Int)] = [
        (".", 40_000), ("(|)", 50_000), ("|", 150_000), ("a*", 100_000), ("[ab]", 30_000),
        ("[^a]", 30_000), ("a{1000}", 2000), ("(?i)x", 40_000), ("\\pL", 1000), ("\\D", 30_000),
        ("[[:^word:]]", 15_000), (".*a", 20_000), ("(?:|a)", 30_000), ("ab|c.|", 20_000),
    ]

    @Test(arguments: pieces)
    func refusesEightMegabytesAndPrintsNothing(piece: String, most: Int) throws {
        let pattern = String(repeating: piece, count: (8 << 20) / piece.utf8.count) + "[.]"
        let printed = try standardError {
            for text in [pattern, "[.]" + (String(pattern.utf8.prefix(2 << 20)) ?? "")] {
                let error = #expect(throws: RegularExpressionError.self) {
                    try RegularExpression(text)
                }
                #expect(error?.reason == "expression too large")
                #expect(error?.fragment.utf8.count ?? .max < 100)
            }
        }
        #expect(!printed.contains("re2/"))
    }

    @Test(arguments: pieces)
    func compilesTheLargestPatternsOrRefusesThemAndPrintsNothing(
        piece: String, most: Int
    ) throws {
        let size = GoDialect.size(of: String(repeating: piece, count: 1000))
        let count = 1000 * CompiledPattern.largestSize / size
        #expect(count >= most)
        let pattern = String(repeating: piece, count: count - 10)
        #expect(GoDialect.size(of: pattern) <= CompiledPattern.largestSize)
        let printed = try standardError {
            let expression = try? RegularExpression("[.]?" + pattern)
            for text in ["", "a", "aaaa", "1"] {
                _ = expression?.expand(text, template: "$1$60000")
            }
        }
        #expect(!printed.contains("re2/"))
    }

    @Test func templatesAreReadOnce() throws {
        let expression = try RegularExpression("(a+)")
        let template = String(repeating: "$1$é ", count: 60_000)
        #expect(expression.expand("aa", template: template)?.utf8.count == 60_000 * 3)
    }

    /// What is written to the standard error meanwhile. It is written there afterwards.
    private func standardError(_ body: () throws -> Void) throws -> String {
        let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        #expect(FileManager.default.createFile(atPath: url.path, contents: nil))
        defer { try? FileManager.default.removeItem(at: url) }
        let file = try FileHandle(forWritingTo: url)
        let before = dup(2)
        dup2(file.fileDescriptor, 2)
        defer { close(before) }
        do {
            defer { dup2(before, 2) }
            try body()
        }
        let printed = try Data(contentsOf: url)
        try FileHandle.standardError.write(contentsOf: printed)
        return String(decoding: printed, as: UTF8.self)
    }

    @Test func openNamesAndClassesAreReadOnce() {
        for piece in ["(?<", "(?P<a", "[[:", "[:"] {
            let pattern = String(repeating: piece, count: 100_000)
            #expect(throws: RegularExpressionError.self) { try RegularExpression("^" + pattern) }
        }
    }

    @Test func longTextsAreMatchedAsLiterals() throws {
        let words = (0..<100_000).map { "instance-\($0)\\.example:9090" }
        let expression = try RegularExpression(words.joined(separator: "|"))
        #expect(expression.matches("instance-99999.example:9090"))
        let tooLong = String(repeating: "a", count: RegularExpression.longestPattern + 1)
        #expect(throws: RegularExpressionError.self) { try RegularExpression(tooLong) }
    }

    @Test func deepNestingIsAnErrorOrWorks() {
        for depth in [1000, 200_000] {
            let nested =
                String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
            #expect((try? RegularExpression(nested))?.matches("a") != false)
        }
    }

    @Test func longAlternationsAreNoBurden() throws {
        let words = (0..<20_000).map { "pod-\($0)-xyz" }
        let plain = try RegularExpression(words.joined(separator: "|"))
        let mixed = try RegularExpression(words.joined(separator: "|") + "|node[0-9]")
        for expression in [plain, mixed] {
            #expect(expression.matches("pod-19999-xyz"))
            #expect(!expression.matches("pod-20000-xyz"))
        }
        #expect(mixed.matches("node7"))
    }

    @Test(arguments: [
        ("(a+)(b*)", "aab", "$2-$1-$0", "b-aa-aab"),
        ("(a+)(b*)", "aa", "<$2>", "<>"),
        ("(.*)", "", "[$1]", "[]"),
        ("(a)|(b)", "b", "[$1$2]", "[b]"),
        ("(.*)-x", "k-x", "$1x", ""),
        ("(.*)-x", "k-x", "${1}x", "kx"),
        ("(?P<first>.).*", "hello", "$first.${first}$firstx", "h.h"),
        ("(?<first>.).*", "hello", "${first}", "h"),
        (".*", "a", "$$1 $ ${ ${0 $- $", "$1 $ ${ ${0 $- $"),
        (".*", "a", "$00$01", ""),
        ("(.)(.*)", "éa", "$1", "é"),
        ("a", "a", "x", "x"),
        ("(a|b)", "b", "$1$0$2$x", "bb"),
        ("a|b", "b", "$1$0", "b"),
        ("(?:a|b)", "b", "$1$0", "b"),
    ])
    func expandsTemplates(pattern: String, text: String, template: String, result: String) throws {
        #expect(try RegularExpression(pattern).expand(text, template: template) == result)
    }

    @Test func expandsOnlyWholeMatches() throws {
        #expect(try RegularExpression("a").expand("ab", template: "x") == nil)
        #expect(try RegularExpression("(a)").expand("ab", template: "x") == nil)
        #expect(try RegularExpression("(a.)").expand("abc", template: "x") == nil)
    }

    @Test func literalShortcutsAgreeWithTheEngine() throws {
        let words = ["", "a", "b", "ab", "ba", "a.b", "aab", "\n", "é"]
        let margins = ["", ".*", ".+"]
        let texts = words + words.flatMap { word in words.map { word + $0 } }
        for before in margins {
            for after in margins {
                for word in ["a", #"a\.b"#, "ab", "é", ""] {
                    let short = try RegularExpression(before + word + after)
                    // The empty class repeated no times matches nothing and hides the shortcut.
                    let long = try RegularExpression("[x]{0}" + before + word + after)
                    for text in texts {
                        #expect(
                            short.matches(text) == long.matches(text),
                            "\(before)\(word)\(after) on \(text)")
                    }
                }
            }
        }
    }
}

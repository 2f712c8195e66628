import CommandLineOutput
import PrometheusWire
import Testing

@Suite struct FindingTests {
    private func shown(
        _ source: String, _ line: Int, _ column: Int, _ text: String = "wrong"
    ) -> String {
        Finding(.error, path: "c.yaml", line: line, column: column, keyPath: "", text: text)
            .text(in: SourceText(source), style: .plain)
    }

    @Test func `The line of the file follows, with a caret under the key`() {
        #expect(
            shown("projects:\n  - name: a\n    ulr: http://a\n", 3, 5, "unknown key ulr") == """
                c.yaml:3:5: unknown key ulr
                  3 |     ulr: …
                    |     ^^^
                """)
    }

    @Test func `A value is shown only if it is said already`() {
        let source = "memberProjects: [one, two]\nurl: http://user:hidden@host\n"
        #expect(shown(source, 1, 18, "unknown member one").contains("1 | memberProjects: [one …"))
        let hidden = shown(source, 2, 6, "holds a user name or password")
        #expect(hidden.contains("2 | url: …"))
        #expect(!hidden.contains("hidden"))
    }

    @Test(arguments: [
        "{password: hidden, ulr: x}", "password: hidden ulr", "\"hidden\": 1, 'hidden', ulr: 2",
        "a: hidden, ulr: b",
    ])
    func `Nothing else of the line is shown, as it may be a secret`(source: String) throws {
        for column in 1...source.count {
            let token = source.dropFirst(column - 1).prefix { $0 != ":" && $0 != " " && $0 != "," }
            // A key of that name is no secret.
            if source.hasPrefix("\"hidden\":"), column <= 8 { continue }
            let text = shown(source, 1, column)
            #expect(!text.contains("hidden"), "\(column): \(token)")
        }
    }

    @Test func `What has no place has no excerpt`() {
        for (line, column) in [(9, 1), (1, 99), (1, 2)] {
            #expect(!shown("a", line, column).contains("|"))
        }
        let whole = Finding(.note, path: "c.yaml", line: nil, column: nil, keyPath: "", text: "x")
        #expect(whole.text(in: SourceText("a"), style: .plain) == "c.yaml: note: x")
    }

    @Test func `Control characters of the file do not reach the terminal`() {
        let text = shown("\u{1B}[2Jkey: 1", 1, 1, "unknown key")
        #expect(!text.contains("\u{1B}"))
    }

    @Test func `A finding is a command of GitHub's workflows, and an object`() {
        let finding = Finding(
            .error, path: "a,b.yaml", line: 3, column: 5, keyPath: "x.y", text: "50%\nwrong: here")
        #expect(
            finding.githubCommand
                == "::error file=a%2Cb.yaml,line=3,col=5::50%25%0Awrong: here")
        #expect(
            String(decoding: finding.json.bytes, as: UTF8.self)
                == #"{"severity":"error","file":"a,b.yaml","line":3,"column":5,"keyPath":"x.y","text":"50%\nwrong: here"}"#
        )
    }
}

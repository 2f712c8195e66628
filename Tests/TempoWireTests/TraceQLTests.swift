import GoText
import PrometheusWire
import TestSupport
import Testing
import TimeSeries

@testable import TempoWire

@Suite("What a member is asked of a TraceQL query")
struct TraceQLTests {
    /// The text for a member; "nothing" where it is not asked.
    private func asked(
        _ text: String, _ labels: LabelInjection = Recording.labelsA
    ) throws(TempoError) -> String {
        do throws(TraceQLError) {
            return try TraceQLQuery(text).search(TraceQLNames(labels: labels))?.text ?? "nothing"
        } catch { throw error.answer("") }
    }

    @Test(
        "comparisons of the partition label are settled",
        arguments: [
            (#"{resource.project="prod-a"}"#, "{true}", "nothing"),
            (#"{resource.project!="prod-a"}"#, "nothing", "{true}"),
            (#"{resource.project=~"prod-.*"}"#, "{true}", "{true}"),
            (#"{resource.project=~"prod"}"#, "nothing", "nothing"),
            (#"{resource.project!~"prod-a|x"}"#, "nothing", "{true}"),
            (#"{"prod-a" = resource.project}"#, "{true}", "nothing"),
            (#"{resource."project" = `prod-a`}"#, "{true}", "nothing"),
            (#"{resource.project != nil}"#, "{true}", "{true}"),
            (#"{resource.project = nil}"#, "nothing", "nothing"),
            (#"{resource.project="prod-a" && status=error}"#, "{status = error}", "nothing"),
            (#"{status=error && (resource.project="prod-a")}"#, "{status = error}", "nothing"),
            (
                #"{resource.project="prod-a" || status=error}"#, "{true}", "{status = error}"
            ),
            (
                #"{!(resource.project="prod-a") && duration > 1.5s}"#, "nothing",
                "{duration > 1.5s}"
            ),
            // && and || bind alike.
            (
                #"{.a=1 || resource.project="prod-a" && .b=2}"#, "{.b = 2}", "{.a = 1 && .b = 2}"
            ),
            (#"{.a=1 || (resource.project="prod-a" && .b=2)}"#, "{.a = 1 || (.b = 2)}", "{.a = 1}"),
            (
                #"{resource.project="prod-a"} && {resource.project="prod-b"}"#, "nothing", "nothing"
            ),
            (
                #"{resource.project="prod-a"} || {name="x"}"#, #"{true} || {name="x"}"#,
                #"{name="x"}"#
            ),
            (#"{resource.project="prod-a"} >> {name="x"}"#, #"{true} >> {name="x"}"#, "nothing"),
            (
                #"{resource.project="prod-a"} !>> {name="x"}"#, #"{true} !>> {name="x"}"#,
                #"{name="x"}"#
            ),
            (#"{name="x"} | {resource.project="prod-a"}"#, #"{name="x"} | {true}"#, "nothing"),
            (
                #"({name="x"} && {resource.project="prod-a"})"#, #"({name="x"} && {true})"#,
                "nothing"
            ),
        ])
    func settled(_ query: String, _ a: String, _ b: String) throws {
        #expect(try asked(query) == a)
        #expect(try asked(query, Recording.labelsB) == b)
    }

    @Test("without a scope, a span may have the attribute itself")
    func unscoped() throws {
        #expect(try asked(#"{.project="prod-a" && status=error}"#) == "{status = error}")
        #expect(
            try asked(#"{.project="prod-b" && status=error}"#)
                == #"{span.project = "prod-b" && status = error}"#)
        #expect(try asked("{.project != nil}") == "{true}")
        #expect(try asked(#"{span.project="x"}"#) == #"{span.project="x"}"#)
    }

    @Test("a member's own attribute is asked for by its own name")
    func exported() throws {
        #expect(try asked(#"{resource.exported_project="x"}"#) == #"{resource.project = "x"}"#)
        #expect(
            try asked(#"{resource.exported_exported_project="x"}"#)
                == #"{resource.exported_project = "x"}"#)
        #expect(
            try asked(#"{.exported_project="x"}"#)
                == #"{(span.exported_project = "x" || resource.project = "x")}"#)
        #expect(
            try asked("{} | by(resource.exported_project) | count() > 2")
                == "{} | by(resource.project) | count() > 2")
    }

    @Test("select and by of the partition label are taken out")
    func stages() throws {
        #expect(try asked("{} | select(resource.project)") == "{}")
        #expect(
            try asked("{} | select(resource.project, span.rows,.x)") == "{} | select(span.rows, .x)"
        )
        #expect(try asked("{} | by(resource.project) | count() > 2") == "{} | count() > 2")
        #expect(
            try asked(#"{resource.project="prod-a"} | select(name) with (most_recent=true)"#)
                == "{true} | select(name) with (most_recent=true)")
    }

    @Test("what does not concern the gateway is sent as it is written")
    func untouched() throws {
        for query in [
            "{ }", "{ span.a  = 5 } | count()>2", #"{ name = "resource.project" }"#,
            "({} | count() > 1) && ({} | avg(duration) > 5ms)", "{ .resource.project = 1 }",
            #"{ span."a b" = "é\"\n" }"#, "{} | rate() by (span.x) with (exemplars=true)",
            "{ resource.projects = 1 }", "{ event.project = 1 && link.project = 2 }",
        ] {
            #expect(try asked(query) == query)
        }
        #expect(try asked("{resource.project = 1}", .none) == "{resource.project = 1}")
    }

    @Test(
        "other uses of it are refused, and named",
        arguments: [
            "{resource.project}", "{resource.project = span.x}", "{resource.project > 5}",
            #"{resource.project > "a"}"#, "{resource.project + 1 = 2}",
            #"{parent.resource.project = "a"}"#, "{} | avg(resource.project) > 1",
            "{} | by(resource.project = .x)", "{} | select(parent.resource.project)",
            "{} | rate() by (resource.project)",
        ])
    func misplaced(_ query: String) throws {
        let error = #expect(throws: TempoError.self) { try asked(query) }
        #expect(error?.status == 400)
        #expect(error?.text.contains("project") == true, "\(error?.text ?? "")")
    }

    @Test("two attributes that one answer cannot tell apart are refused")
    func ambiguous() throws {
        #expect(throws: TempoError.self) {
            try asked(#"{resource.exported_project="x" && span.project="y"}"#)
        }
    }

    @Test("errors of syntax say where, as Tempo does")
    func syntax() throws {
        #expect(
            throws: TempoError.badRequest(
                "parse error at line 2, col 9: syntax error: unexpected $end")
        ) { try asked("{} |\n select(") }
        #expect(
            throws: TempoError.badRequest("parse error at line 1, col 13: literal not terminated")
        ) { try asked(#"{ name = "a "#) }
        #expect(throws: TempoError.self) { try asked("{ resource.project = }") }
        #expect(throws: TempoError.self) {
            try asked(String(repeating: "(", count: 200) + "{resource.project=nil}")
        }
        let deep = String(repeating: "(", count: 200) + "resource.project=nil"
        #expect(throws: TempoError.badRequest("the query is nested too deeply")) {
            try asked("{" + deep + String(repeating: ")", count: 200) + "}")
        }
    }

    @Test("searches ask for the newest traces, beside the hints that are there")
    func hints() throws {
        func hinted(_ text: String) throws -> String {
            let pairs = try SearchQuestion(ParameterReader { $0 == "q" ? text : nil })
                .pairs(to: Recording.labelsA)
            return try #require(pairs?.first).value
        }
        #expect(try hinted("{}") == "{} with (most_recent=true)")
        #expect(try hinted("{} with (a=1)") == "{} with (a=1, most_recent=true)")
        #expect(try hinted("{} with (most_recent=false)") == "{} with (most_recent=false)")
        #expect(
            try hinted(#"{resource.project="prod-a"} with(a=1)"#)
                == "{true} with (a=1, most_recent=true)")
    }

    @Test("a query of metrics is grouped without the partition label")
    func metrics() throws {
        func asked(_ text: String) throws -> String? {
            let question = try TraceMetricsQuestion(
                ParameterReader { $0 == "q" ? text : nil }, isRange: true,
                now: Timestamp(milliseconds: 1_795_739_600_000))
            return try question.pairs(to: Recording.labelsA)?.first?.value
        }
        #expect(try asked("{} | rate()") == "{} | rate()")
        #expect(try asked("{} | rate() by (resource.project)") == "{} | rate()")
        #expect(
            try asked("{} | rate() by (span.a,resource.project, name) | topk(3)")
                == "{} | rate() by (span.a, name)")
        #expect(
            try asked("{} | sum_over_time(span.rows) by (resource.exported_project) > 5 with (a=1)")
                == "{} | sum_over_time(span.rows) by (resource.project) with (a=1)")
        #expect(try asked(#"{resource.project="x"} | rate()"#) == nil)
        for text in ["{} | rate() by (.project)", "{} | sum_over_time(resource.project)"] {
            #expect(throws: TempoError.self) { try asked(text) }
        }
        let arithmetic = #expect(throws: TempoError.self) {
            try asked("({} | rate()) / ({} | rate())")
        }
        #expect(arithmetic?.status == 422)
        let stage = #expect(throws: TempoError.self) { try asked("{} | rate() | select(name)") }
        #expect(stage?.text.contains("select(name)") == true)
    }

    @Test("a note says where each member judges its own part")
    func notes() throws {
        func note(_ text: String) throws -> String? {
            try SearchQuestion(ParameterReader { $0 == "q" ? text : nil }).note
        }
        for query in [
            "{} && {}", "{} >> {}", "{} | count() > 2", "{traceDuration > 1s}", "{} | {} || {}",
        ] {
            #expect(try note(query) != nil, "\(query)")
        }
        for query in ["{}", "{name=\"a\" && .b=1}", "{} | select(a, b)", "{} | {name=\"x\"}"] {
            #expect(try note(query) == nil, "\(query)")
        }
    }

    @Test("any text is taken apart or refused, and tokens are the text without space")
    func randomTexts() throws {
        var random = SeededRandom(seed: 7)
        let parts = [
            "{", "}", "(", ")", "resource.project", ".project", "span.", "\"a\"", "`", "\"", "\\",
            "=", "!=", "=~", "&&", "||", "|", "!", ">>", "!<<", "&~", "1.5s", "-1e-3", "nil",
            "true",
            "select", "by", "with", "most_recent", ",", "rate", "topk", "é", "\n", " ", "parent.",
            "resource.exported_project", "count()", "\u{0}", "{true}", "status=error", ">",
        ]
        for _ in 0..<20_000 {
            let text = (0..<random.below(14)).map { _ in random.pick(parts) }.joined()
            if let tokens = try? TraceQLLexer.tokens(text) {
                var end = 0
                for token in tokens {
                    let between = text.utf8.dropFirst(end).prefix(token.range.lowerBound - end)
                    let isSpace = Substring(between).unicodeScalars.allSatisfy {
                        $0.properties.isWhitespace
                    }
                    #expect(isSpace)
                    let own = text.utf8.dropFirst(token.range.lowerBound).prefix(token.range.count)
                    #expect(token.text.utf8.elementsEqual(own))
                    end = token.range.upperBound
                }
            }
            let reader = ParameterReader { $0 == "q" ? text : nil }
            guard let question = try? SearchQuestion(reader) else { continue }
            guard let pairs = try? question.pairs(to: Recording.labelsA), pairs[0].name == "q"
            else {
                continue
            }
            // What is sent is a query that can be taken apart again.
            #expect((try? TraceQLQuery(pairs[0].value)) != nil, "\(text)")
        }
    }
}

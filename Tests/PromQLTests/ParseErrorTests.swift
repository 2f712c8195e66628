import PromQL
import Testing

/// The texts are those of Prometheus: what 2.42 and 3.x share was compared with a running 2.42.
@Suite struct ParseErrorTests {
    private func error(of query: String, options: ParserOptions = .everything) -> String? {
        do {
            _ = try parseExpression(query, options: options)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("", "unknown position: parse error: no expression found in input"),
        (" ", "1:1: parse error: no expression found in input"),
        ("#x", "1:1: parse error: no expression found in input"),
        ("~", "1:1: parse error: unexpected character: '~'"),
        ("a + ~", "1:5: parse error: unexpected character: '~'"),
        ("a +\n  ~", "2:3: parse error: unexpected character: '~'"),
        ("€", "1:1: parse error: unexpected character: '€'"),
        ("\"€€\" ~", "1:10: parse error: unexpected character: '~'"),
        ("foo}", "1:4: parse error: unexpected character: '}'"),
        ("a =~ b", "1:3: parse error: unexpected character after '=': '~'"),
        ("a ! b", "1:3: parse error: unexpected character after '!': ' '"),
        ("a !", "1:3: parse error: unexpected character after '!': '\u{FFFD}'"),
        ("foo(", "1:5: parse error: unclosed left parenthesis"),
        ("((foo)", "1:7: parse error: unclosed left parenthesis"),
        ("sum by (", "1:9: parse error: unclosed left parenthesis"),
        ("foo)", "1:5: parse error: unexpected right parenthesis ')'"),
        (")", "1:2: parse error: unexpected right parenthesis ')'"),
        ("foo[5m", "1:7: parse error: unclosed left bracket"),
        ("foo[5m:", "1:8: parse error: unclosed left bracket"),
        ("foo]", "1:4: parse error: unexpected right bracket ']'"),
        ("foo[5m]]", "1:8: parse error: unexpected right bracket ']'"),
        ("foo[5m[", "1:7: parse error: unexpected left bracket '['"),
        ("foo{{", "1:5: parse error: unexpected left brace '{'"),
        ("foo{", "1:5: parse error: unexpected end of input inside braces"),
        ("foo{a=\"€\",b", "1:14: parse error: unexpected end of input inside braces"),
        ("foo{€}", "1:5: parse error: unexpected character inside braces: '€'"),
        ("foo{a~\"b\"}", "1:6: parse error: unexpected character inside braces: '~'"),
        ("foo{a!b}", "1:6: parse error: unexpected character after '!' inside braces: 'b'"),
    ])
    func ofCharacters(query: String, text: String) {
        #expect(error(of: query) == text)
    }

    @Test(arguments: [
        ("5x", "1:1: parse error: bad number or duration syntax: \"5\""),
        ("1h_", "1:1: parse error: bad number or duration syntax: \"1h_\""),
        ("1_", "1:1: parse error: bad number or duration syntax: \"1_\""),
        ("1__0", "1:1: parse error: bad number or duration syntax: \"1__\""),
        ("0b1", "1:1: parse error: bad number or duration syntax: \"0\""),
        ("0o7", "1:1: parse error: bad number or duration syntax: \"0\""),
        ("0x1.8", "1:1: parse error: bad number or duration syntax: \"0x1.\""),
        ("1.2.3", "1:1: parse error: bad number or duration syntax: \"1.2.\""),
        ("1e", "1:1: parse error: bad number or duration syntax: \"1e\""),
        (
            "0x",
            "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"0x\": "
                + "invalid syntax"
        ),
        (
            "1e400",
            "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"1e400\": "
                + "value out of range"
        ),
        (
            "0xFFFFFFFFFFFFFFFFFF",
            "1:1: parse error: error parsing number: strconv.ParseFloat: parsing "
                + "\"0xFFFFFFFFFFFFFFFFFF\": invalid syntax"
        ),
        ("1.5h", "1:1: parse error: unknown unit \".\" in duration \"1.5h\""),
        ("x[1h1d]", "1:3: parse error: not a valid duration string: \"1h1d\""),
        ("x[1h1h]", "1:3: parse error: not a valid duration string: \"1h1h\""),
        ("x[5hs]", "1:3: parse error: unknown unit \"hs\" in duration \"5hs\""),
        ("x[300y]", "1:3: parse error: duration out of range"),
        ("x[1e10]", "1:3: parse error: duration out of range"),
        ("foo offset 300y", "1:12: parse error: duration out of range"),
        ("x[0s]", "1:3: parse error: duration must be greater than 0"),
        ("x[0]", "1:3: parse error: duration must be greater than 0"),
        ("x[-5m]", "1:3: parse error: duration must be greater than 0"),
        ("x[5m:0]", "1:6: parse error: duration must be greater than 0"),
    ])
    func ofNumbers(query: String, text: String) {
        #expect(error(of: query) == text)
    }

    @Test(arguments: [
        (#""abc"#, "1:1: parse error: unterminated quoted string"),
        ("'a\nb'", "1:1: parse error: unterminated quoted string"),
        ("`abc", "1:1: parse error: unterminated raw string"),
        ("\"a€", "1:1: parse error: unterminated quoted string"),
        (#""\c""#, "1:1: parse error: unknown escape sequence U+0063 'c'"),
        (#""\'""#, "1:1: parse error: unknown escape sequence U+0027 '''"),
        (#""\€""#, "1:1: parse error: unknown escape sequence U+20AC '€'"),
        (#""\xg""#, "1:1: parse error: illegal character U+0067 'g' in escape sequence"),
        (#""\400""#, "1:1: parse error: escape sequence is an invalid Unicode code point"),
        (#""\uD800""#, "1:1: parse error: escape sequence is an invalid Unicode code point"),
        (#""\U00110000""#, "1:1: parse error: escape sequence is an invalid Unicode code point"),
        (#""\"#, "1:1: parse error: escape sequence not terminated"),
        (#""\x4"#, "1:1: parse error: escape sequence not terminated"),
        ("\"\u{FFFD}\"", "1:1: parse error: invalid UTF-8 rune"),
        ("`\u{FFFD}`", "1:1: parse error: invalid UTF-8 rune"),
        ("x{a=\"\\c\"}", "1:5: parse error: unknown escape sequence U+0063 'c'"),
    ])
    func ofStrings(query: String, text: String) {
        #expect(error(of: query) == text)
    }

    @Test(arguments: [
        ("foo bar", "1:5: parse error: unexpected identifier \"bar\""),
        ("foo a:b", "1:5: parse error: unexpected metric identifier \"a:b\""),
        ("foo 5", "1:5: parse error: unexpected number \"5\""),
        ("foo 5m", "1:5: parse error: unexpected duration \"5m\""),
        ("foo 'x'", "1:5: parse error: unexpected string \"'x'\""),
        ("foo \"abcdefghijk\"", "1:5: parse error: unexpected string \"\\\"abcdefghi\"..."),
        ("foo by", "1:5: parse error: unexpected <by>"),
        ("foo sum", "1:5: parse error: unexpected <aggr:sum>"),
        ("foo {", "1:6: parse error: unexpected end of input inside braces"),
        ("foo{} {}", "1:7: parse error: unexpected \"{\""),
        ("a = b", "1:3: parse error: unexpected \"=\""),
        ("a,", "1:2: parse error: unexpected \",\""),
        ("foo + ", "1:7: parse error: unexpected end of input"),
        ("foo + )", "1:8: parse error: unexpected right parenthesis ')'"),
        ("(foo + )", "1:8: parse error: unexpected \")\""),
        ("()", "1:2: parse error: unexpected \")\""),
        ("on", "1:1: parse error: unexpected <on>"),
        ("BOOL", "1:1: parse error: unexpected <BOOL>"),
        ("atan2", "1:1: parse error: unexpected <op:atan2>"),
        ("* 2", "1:1: parse error: unexpected <op:*>"),
        ("a:b()", "1:4: parse error: unexpected \"(\""),
        ("foo + group_left(b) bar", "1:7: parse error: unexpected <group_left>"),
        ("sum foo", "1:5: parse error: unexpected identifier \"foo\""),
        ("sum(foo bar)", "1:9: parse error: unexpected identifier \"bar\" in aggregation"),
        ("sum(rate(foo bar))", "1:14: parse error: unexpected identifier \"bar\" in aggregation"),
        ("rate(foo bar)", "1:10: parse error: unexpected identifier \"bar\""),
        ("rate(foo", "1:9: parse error: unclosed left parenthesis"),
        ("sum by (a) foo", "1:12: parse error: unexpected identifier \"foo\" in aggregation"),
        ("sum without(foo) by (a) (x)", "1:18: parse error: unexpected <by> in aggregation"),
        ("sum(foo) by (a) by (b)", "1:17: parse error: unexpected <by>"),
        ("sum by", "1:7: parse error: unexpected end of input in grouping opts, expected \"(\""),
        (
            "sum(foo) by",
            "1:12: parse error: unexpected end of input in grouping opts, expected \"(\""
        ),
        (
            "sum by (a b) (x)",
            "1:11: parse error: unexpected identifier \"b\" in grouping opts, expected "
                + "\",\" or \")\""
        ),
        (
            "sum by (5) (x)",
            "1:9: parse error: unexpected number \"5\" in grouping opts, expected label"
        ),
        (
            "sum by (without) (x)",
            "1:9: parse error: unexpected <without> in grouping opts, expected label"
        ),
        ("sum by (,) (x)", "1:9: parse error: unexpected \",\" in grouping opts, expected label"),
        ("sum by (\"\") (x)", "1:9: parse error: invalid label name for grouping: \"\""),
        (
            "foo + on bar",
            "1:10: parse error: unexpected identifier \"bar\" in grouping opts, expected "
                + "\"(\""
        ),
        (
            "foo{a b}",
            "1:7: parse error: unexpected identifier \"b\" in label matching, expected "
                + "label matching operator"
        ),
        (
            "foo{a}",
            "1:6: parse error: unexpected \"}\" in label matching, expected label "
                + "matching operator"
        ),
        (
            "foo{a=b}",
            "1:7: parse error: unexpected identifier \"b\" in label matching, expected "
                + "string"
        ),
        (
            "foo{\"a\"=b}",
            "1:9: parse error: unexpected identifier \"b\" in label matching, expected "
                + "string"
        ),
        (
            "foo{,}",
            "1:5: parse error: unexpected \",\" in label matching, expected identifier "
                + "or \"}\""
        ),
        (
            "foo{a=\"b\",,}",
            "1:11: parse error: unexpected \",\" in label matching, expected identifier "
                + "or \"}\""
        ),
        (
            "foo{a=\"b\" c=\"d\"}",
            "1:11: parse error: unexpected identifier \"c\" in label matching, expected "
                + "\",\" or \"}\""
        ),
        ("foo @", "1:6: parse error: unexpected end of input in @, expected timestamp"),
        ("foo @ bar", "1:7: parse error: unexpected identifier \"bar\" in @, expected timestamp"),
        ("foo @ start", "1:12: parse error: unexpected end of input in @, expected timestamp"),
        (
            "foo offset",
            "1:11: parse error: unexpected end of input in offset, expected number, "
                + "duration, step(), or range()"
        ),
        (
            "foo offset bar",
            "1:12: parse error: unexpected identifier \"bar\" in offset, expected "
                + "number, duration, step(), or range()"
        ),
        ("foo offset (5m", "1:15: parse error: unclosed left parenthesis"),
        (
            "foo offset (5m + bar)",
            "1:18: parse error: unexpected identifier \"bar\" in offset, expected "
                + "number, duration, step(), or range()"
        ),
    ])
    func ofWords(query: String, text: String) {
        #expect(error(of: query) == text)
    }

    @Test(arguments: [
        (
            "foo[]",
            "1:5: parse error: unexpected \"]\" in subquery or range selector, expected "
                + "number, duration, step(), or range()"
        ),
        (
            "foo[5m 5m]",
            "1:8: parse error: unexpected duration \"5m\" in subquery or range, expected "
                + "\":\" or \"]\""
        ),
        (
            "foo[5m + ]",
            "1:10: parse error: unexpected \"]\" in subquery or range selector, expected "
                + "number, duration, step(), or range()"
        ),
        (
            "foo[5m:1m 1m]",
            "1:11: parse error: unexpected duration \"1m\" in subquery selector, "
                + "expected \"]\""
        ),
        (
            "foo[5m:1m + ]",
            "1:13: parse error: unexpected \"]\" in subquery selector, expected number, "
                + "duration, step(), range(), or \"]\""
        ),
        ("foo[5m:a]", "1:8: parse error: unexpected character: 'a', expected ':'"),
        ("foo[5m:1m:]", "1:10: parse error: unexpected colon ':'"),
        ("foo[a]", "1:5: parse error: unexpected character in duration expression: 'a'"),
        ("foo[sum]", "1:5: parse error: unexpected character in duration expression: 's'"),
        ("foo[", "1:5: parse error: unexpected end of input in duration expression"),
        ("foo[:5m]", "1:6: parse error: unexpected colon before duration in duration expression"),
        (
            "foo[step():5m]",
            "1:12: parse error: unexpected colon before duration in duration expression"
        ),
        ("foo[[5m]]", "1:5: parse error: unexpected character in duration expression: '['"),
        ("foo[1h / 0]", "1:8: parse error: division by zero"),
        ("foo[1h % 0]", "1:8: parse error: modulo by zero"),
        ("foo offset (1h / 0s)", "1:16: parse error: division by zero"),
    ])
    func ofDurations(query: String, text: String) {
        #expect(error(of: query) == text)
    }

    @Test(arguments: [
        ("unknown()~", "1:1: parse error: unknown function with name \"unknown\""),
        ("unknown(foo~", "1:12: parse error: unexpected character: '~'"),
        ("Rate(foo[5m])", "1:1: parse error: unknown function with name \"Rate\""),
        ("rate()", "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 0"),
        (
            "clamp(foo,1,2,3)",
            "1:1: parse error: expected 3 argument(s) in call to \"clamp\", got 4"
        ),
        (
            "hour(1,2)",
            "1:1: parse error: expected at most 1 argument(s) in call to \"hour\", got 2"
        ),
        (
            "label_join(foo)",
            "1:1: parse error: expected at least 3 argument(s) in call to "
                + "\"label_join\", got 1"
        ),
        (
            "histogram_quantiles(x, \"q\")",
            "1:1: parse error: expected at least 3 argument(s) in call to "
                + "\"histogram_quantiles\", got 2"
        ),
        (
            "rate(foo)",
            "1:6: parse error: expected type range vector in call to function \"rate\", "
                + "got instant vector"
        ),
        (
            "abs(5)",
            "1:5: parse error: expected type instant vector in call to function \"abs\", "
                + "got scalar"
        ),
        ("rate(foo[5m],)", "1:13: parse error: trailing commas not allowed in function call args"),
        ("rate(a, *)", "1:7: parse error: trailing commas not allowed in function call args"),
        ("rate(a,", "1:8: parse error: unclosed left parenthesis"),
        ("sum()", "1:1: parse error: no arguments for aggregate expression provided"),
        (
            "topk(foo)",
            "1:1: parse error: wrong number of arguments for aggregate expression "
                + "provided, expected 2, got 1"
        ),
        (
            "topk(5, foo, bar)",
            "1:1: parse error: wrong number of arguments for aggregate expression "
                + "provided, expected 2, got 3"
        ),
        (
            "sum(1)",
            "1:5: parse error: expected type instant vector in aggregation expression, "
                + "got scalar"
        ),
        (
            "topk(foo,bar)",
            "1:6: parse error: expected type scalar in aggregation parameter, got "
                + "instant vector"
        ),
        (
            "count_values(5, x)",
            "1:14: parse error: expected type string in aggregation parameter, got scalar"
        ),
        (
            "info(a, b)",
            "1:9: parse error: expected label selectors only, got vector selector instead"
        ),
        ("info(a, (b))", "1:9: parse error: expected label selectors only"),
    ])
    func ofCalls(query: String, text: String) {
        #expect(error(of: query) == text)
    }

    @Test(arguments: [
        (
            "-\"a\"",
            "1:1: parse error: unary expression only allowed on expressions of type "
                + "scalar or instant vector, got \"string\""
        ),
        (
            "-foo[5m]",
            "1:1: parse error: unary expression only allowed on expressions of type "
                + "scalar or instant vector, got \"range vector\""
        ),
        ("1 + bool 2", "1:3: parse error: bool modifier can only be used on comparison operators"),
        (
            "foo and bool bar",
            "1:5: parse error: bool modifier can only be used on comparison operators"
        ),
        ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
        (
            "1 and 1",
            "1:1: parse error: set operator \"and\" not allowed in binary scalar "
                + "expression"
        ),
        (
            "5 and foo",
            "1:1: parse error: set operator \"and\" not allowed in binary scalar "
                + "expression"
        ),
        (
            "foo and on(a) 5",
            "1:1: parse error: vector matching only allowed between instant vectors"
        ),
        (
            "1 == bool on(a) 2",
            "1:1: parse error: vector matching only allowed between instant vectors"
        ),
        (
            "foo and on(a) group_left(b) bar",
            "1:1: parse error: no grouping allowed for \"and\" operation"
        ),
        (
            "foo + on(a) group_left(a) bar",
            "1:5: parse error: label \"a\" must not occur in ON and GROUP clause at once"
        ),
        (
            "\"a\" + 1",
            "1:1: parse error: binary expression must contain only scalar and instant "
                + "vector types"
        ),
        (
            "foo[5m] + 1",
            "1:1: parse error: binary expression must contain only scalar and instant "
                + "vector types"
        ),
        (
            "1 + foo[5m]",
            "1:5: parse error: binary expression must contain only scalar and instant "
                + "vector types"
        ),
        (
            "a + fill(1) 5",
            "1:1: parse error: filling in missing series only allowed between instant "
                + "vectors"
        ),
        (
            "a or fill(1) b",
            "1:1: parse error: filling in missing series not allowed for set operators"
        ),
        ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        (
            "{a=~\".*\"}",
            "1:1: parse error: vector selector must contain at least one non-empty "
                + "matcher"
        ),
        (
            "{a!=\"x\"}",
            "1:1: parse error: vector selector must contain at least one non-empty "
                + "matcher"
        ),
        ("{\"\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        (
            "foo{__name__=\"x\"}",
            "1:1: parse error: metric name must not be set twice: \"foo\" or \"x\""
        ),
        ("foo{\"bar\"}", "1:1: parse error: metric name must not be set twice: \"foo\" or \"bar\""),
        ("foo{a=~\"(b\"}", "1:5: parse error: error parsing regexp: missing closing ): `(b`"),
        (
            "foo[5m][5m:]",
            "1:1: parse error: subquery is only allowed on instant vector, got matrix "
                + "instead"
        ),
        (
            "1[5m:]",
            "1:1: parse error: subquery is only allowed on instant vector, got scalar "
                + "instead"
        ),
        ("(foo)[5m]", "1:6: parse error: ranges only allowed for vector selectors"),
        ("foo offset 5m [5m]", "1:15: parse error: no offset modifiers allowed before range"),
        ("foo @ 5 [5m]", "1:9: parse error: no @ modifiers allowed before range"),
        ("foo[5m] offset 5m offset 5m", "1:1: parse error: offset may not be set multiple times"),
        (
            "5 offset 5m",
            "1:1: parse error: offset modifier must be preceded by an instant vector "
                + "selector or range vector selector or a subquery"
        ),
        (
            "(foo) @ 5",
            "1:1: parse error: @ modifier must be preceded by an instant vector selector "
                + "or range vector selector or a subquery"
        ),
        ("foo @ 5 @ 5", "1:1: parse error: @ <timestamp> may not be set multiple times"),
        ("foo @ start() @ 5", "1:1: parse error: @ <timestamp> may not be set multiple times"),
        ("foo @ +inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"),
        ("foo @ NaN", "1:1: parse error: timestamp out of bounds for @ modifier: NaN"),
        (
            "foo @ -1e19",
            "1:1: parse error: timestamp out of bounds for @ modifier: "
                + "-10000000000000000000.000000"
        ),
        (
            "foo anchored smoothed",
            "1:1: parse error: anchored and smoothed modifiers cannot be used together"
        ),
        (
            "foo[5m:] anchored",
            "1:1: parse error: anchored modifier is not supported for subqueries"
        ),
        ("1 smoothed", "1:1: parse error: smoothed modifier not implemented"),
        // Faults of syntax go before faults of types, those before them in the text included.
        ("rate(foo) + (", "1:14: parse error: unclosed left parenthesis"),
        ("rate(foo) + unknown(x)", "1:13: parse error: unknown function with name \"unknown\""),
        (
            "sum(rate(foo)) + abs(1)",
            "1:10: parse error: expected type range vector in call to function \"rate\", "
                + "got instant vector"
        ),
    ])
    func ofMeaning(query: String, text: String) {
        #expect(error(of: query) == text)
    }

    @Test(arguments: [
        ("mad_over_time(x[5m])", "1:1: parse error: function \"mad_over_time\" is not enabled"),
        ("start()", "1:1: parse error: function \"start\" is not enabled"),
        ("max_of(1, 2)", "1:1: parse error: function \"max_of\" is not enabled"),
        (
            "holt_winters(x[5m], 0.1, 0.1)",
            "1:1: parse error: unknown function with name \"holt_winters\""
        ),
        (
            "limitk(1, x)",
            "1:1: parse error: limitk() is experimental and must be enabled with "
                + "--enable-feature=promql-experimental-functions"
        ),
        (
            "limit_ratio(1, x)",
            "1:1: parse error: limit_ratio() is experimental and must be enabled with "
                + "--enable-feature=promql-experimental-functions"
        ),
        ("1 + foo anchored", "1:5: parse error: anchored modifier is experimental and not enabled"),
        ("foo[5m] smoothed", "1:1: parse error: smoothed modifier is experimental and not enabled"),
        (
            "1 + a + fill(0) b",
            "1:1: parse error: binop fill modifiers are experimental and not enabled"
        ),
    ])
    func ofWhatNeedsAFlag(query: String, text: String) {
        #expect(error(of: query, options: .production) == text)
        #expect(error(of: query) == nil)
    }

    @Test func ofDurationExpressionsWhereTheyAreOff() {
        var options = ParserOptions.production
        options.durationExpressions = false
        let text = "parse error: experimental duration expression is not enabled"
        #expect(error(of: "x[5m + 1m]", options: options) == "1:3: \(text)")
        #expect(error(of: "x offset step()", options: options) == "1:10: \(text)")
        #expect(error(of: "x[5m] offset -5m", options: options) == nil)
        #expect(error(of: "x[300]", options: options) == nil)
    }

    @Test func selectorsAloneAreNotTypeChecked() throws {
        #expect(try parseSelector("foo{__name__=\"bar\"}").matchers.count == 2)
        #expect(try parseSelector("{}").matchers.isEmpty)
        #expect(try parseSelector("sum{a=\"b\"}").name == "sum")
        for (text, message) in [
            ("rate(x[5m])", "1:5: parse error: unexpected \"(\""),
            ("foo[5m]", "1:4: parse error: unexpected \"[\""),
            ("foo offset 5m", "1:5: parse error: unexpected <offset>"),
            ("5", "1:1: parse error: unexpected number \"5\""),
            ("", "unknown position: parse error: unexpected end of input"),
        ] {
            do {
                _ = try parseSelector(text)
                Issue.record("\(text) parses")
            } catch {
                #expect(error.description == message)
            }
        }
    }
}

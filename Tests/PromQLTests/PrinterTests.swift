import GoText
import PromQL
import Testing

@Suite struct PrinterTests {
    private func parse(_ query: String) throws -> Expression {
        try parseExpression(query, options: .everything)
    }

    @Test(arguments: [
        ("foo{}", "foo"), ("foo{b='1',a!=\"2\"}", #"foo{a!="2",b="1"}"#),
        (#"{__name__="foo"}"#, #"{__name__="foo"}"#), (#"{"foo",a="1"}"#, #"foo{a="1"}"#),
        (#"{"a.b",z="1",c="2"}"#, #"{"a.b",c="2",z="1"}"#), (#"{"on"}"#, #"{"on"}"#),
        (#"{"NaN"}"#, #"{"NaN"}"#), (#"foo{"my label"="x"}"#, #"foo{"my label"="x"}"#),
        (#"foo{a="\u00e9\n\"\u200b"}"#, #"foo{a="é\n\"\u200b"}"#),
        (#"foo{a="\ufffd"}"#, #"foo{a="\ufffd"}"#),
        ("foo @ 1603774568 offset 5m", "foo @ 1603774568.000 offset 5m"),
        ("foo offset -90m @ -0.5", "foo @ -0.500 offset -1h30m"),
        ("foo offset 1m smoothed @ end()", "foo @ end() smoothed offset 1m"),
        ("x[5m] offset 1m @ 1 anchored", "x[5m] anchored @ 1.000 offset 1m"),
        ("x[5m:]", "x[5m:]"),
        ("x[30m:90s] offset 1w @ start()", "x[30m:1m30s] @ start() offset 1w"),
        ("x[365d]", "x[1y]"), ("x[366d]", "x[366d]"), ("x[7d]", "x[1w]"), ("x[8d]", "x[8d]"),
        ("x[1.5]", "x[1s500ms]"), ("x @ start()[5m]", "x[5m] @ start()"),
        ("sum by () (x)", "sum(x)"), ("sum without () (x)", "sum without () (x)"),
        ("sum(x) by (a,b)", "sum by (a, b) (x)"), ("topk(3,x)", "topk(3, x)"),
        (
            #"sum by ("a b", "on", "without", "inf") (x)"#,
            #"sum by ("a b", on, "without", "inf") (x)"#
        ),
        ("SUM (x)", "sum(x)"), ("a+on()b", "a + on () b"), ("a+ignoring()b", "a + b"),
        ("a*ignoring()group_left b", "a * ignoring () group_left () b"),
        ("a*on(x,y)group_right(z)b", "a * on (x, y) group_right (z) b"),
        ("a==bool on(x)b", "a == bool on (x) b"), ("a ATAN2 b", "a atan2 b"),
        ("a+fill(0)b", "a + fill (0) b"),
        ("a+fill_left(1)fill_right(2.5)b", "a + fill_left (1) fill_right (2.5) b"),
        ("a+fill_right(1e6)b", "a + fill_right (1e+06) b"), ("a </b", "a </ b"),
        ("1e3", "1000"), ("1e21", "1000000000000000000000"), ("1e-7", "0.0000001"), ("0.1", "0.1"),
        ("-0", "-0"), ("inf", "+Inf"), ("-INF", "-Inf"), ("nan", "NaN"), ("0x1F", "31"),
        ("123456789.125", "123456789.125"),
        (
            "1.7976931348623157e308 ^ 2",
            "1\("7976931348623157")" + String(repeating: "0", count: 292) + " ^ 2"
        ),
        ("90m", "1h30m"), ("0s", "0s"), ("-5m", "-5m"), ("vector(1001ms)", "vector(1s1ms)"),
        ("Inf ^ 2", "Inf ^ 2"), ("2 ^ Inf", "2 ^ +Inf"), ("'a'", #""a""#),
        ("- x", "-x"), ("+ ( x )", "+(x)"), ("rate( x[5m] )", "rate(x[5m])"),
        ("time ( )", "time()"),
    ])
    func printsCanonically(query: String, text: String) throws {
        #expect(try parse(query).description == text)
        #expect(try parse(text).description == text)
    }

    @Test func printsWhatNobodyWrote() {
        let (one, minus) = (
            Expression.number(NumberLiteral(1)), Expression.number(NumberLiteral(-1))
        )
        let sum = Expression.binary(Binary(.add, one, one))
        for (expression, text) in [
            (Expression.binary(Binary(.multiply, sum, sum)), "(1 + 1) * (1 + 1)"),
            (.binary(Binary(.subtract, one, sum)), "1 - (1 + 1)"),
            (.binary(Binary(.power, minus, minus)), "(-1) ^ -1"),
            (.unary(Unary(.minus, sum)), "-(1 + 1)"),
            (.subquery(Subquery(sum, window: .fixed(1))), "(1 + 1)[1ms:]"),
        ] {
            #expect(expression.description == text)
        }
    }

    @Test func laysOutLongQueries() throws {
        let long =
            "very_long_metric_name_of_a_service_total"
            + "{instance=\"somewhere.example.com:9090\",job=\"a\"}"
        let cases = [
            ("a + b", "a + b"),
            (
                "sum by (a) (rate(\(long)[5m])) / on (a) group_left () "
                    + "topk(3, -(\(long) + \(long)))",
                """
                  sum by (a) (
                    rate(\(long)[5m])
                  )
                / on (a) group_left ()
                  topk(
                    3,
                    -(
                        \(long)
                      +
                        \(long)
                    )
                  )
                """
            ),
            (
                "label_replace(\(long), 'a', 'b', 'c', 'dddddddddddddddddddddd')",
                """
                label_replace(
                  \(long),
                  "a",
                  "b",
                  "c",
                  "dddddddddddddddddddddd"
                )
                """
            ),
            (
                "max_over_time((\(long) or \(long))[5m:1m]) # gone",
                """
                max_over_time(
                  (
                      \(long)
                    or
                      \(long)
                  )[5m:1m]
                )
                """
            ),
            // A subquery that fits stands at the margin, in Prometheus too.
            (
                "max_over_time(rate(\(long.dropFirst(12))[5m])[5m:1m])",
                "max_over_time(\nrate(\(long.dropFirst(12))[5m])[5m:1m]\n)"
            ),
        ]
        for (query, text) in cases { #expect(try parse(query).prettyPrinted == text) }
    }
}

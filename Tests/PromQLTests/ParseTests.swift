import GoText
import PromQL
import Testing

@Suite struct ParseTests {
    private func parse(_ query: String) throws -> Expression {
        try parseExpression(query, options: .everything)
    }

    /// A selector of a name, without modifiers.
    private func named(_ name: String, _ matchers: LabelMatcher...) -> VectorSelector {
        VectorSelector(
            name: name, matchers: [LabelMatcher("__name__", .equal, name)] + matchers)
    }

    private func vector(_ name: String) -> Expression { .vectorSelector(named(name)) }

    private func number(_ value: Double) -> Expression { .number(NumberLiteral(value)) }

    @Test(arguments: [
        ("1", 1), ("1.5", 1.5), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("1E-3", 0.001),
        ("5.e1", 50), ("0x1F", 31), ("0X1f", 31), ("0x1e", 30), ("0x_1_F", 31), ("0755", 493),
        ("010", 8), ("08", 8), ("09.5", 9.5), ("0_8", 8), ("1_000_000", 1_000_000),
        ("1_0.5_0", 10.5),
        ("00", 0), ("Inf", .infinity), ("inf", .infinity), ("+Inf", .infinity),
        ("-iNf", -.infinity), ("-5", -5), ("--5", 5), ("- 5", -5), ("+5", 5),
        ("9223372036854775807", 9_223_372_036_854_775_808),
        ("9223372036854775808", 9_223_372_036_854_775_808),
        ("0777777777777777777777777", 777_777_777_777_777_764_728_832),
    ])
    func readsNumbers(query: String, value: Double) throws {
        #expect(try parse(query) == .number(NumberLiteral(value)))
    }

    @Test func readsNaNWithTheBitsOfGo() throws {
        for query in ["NaN", "nan", "-NaN"] {
            guard case .number(let literal) = try parse(query) else {
                Issue.record("\(query) is no number")
                continue
            }
            #expect(literal.value.bitPattern == 0x7ff8_0000_0000_0001)
        }
    }

    @Test(arguments: [
        ("5m", 300), ("1h30m", 5400), ("1d12h", 129_600), ("1y", 31_536_000), ("2w", 1_209_600),
        ("1ms", 0.001), ("1y2w3d4h5m6s7ms", 33_019_506.007), ("0s", 0), ("-5m", -300),
    ])
    func readsDurationsAsNumbers(query: String, seconds: Double) throws {
        #expect(try parse(query) == .number(NumberLiteral(seconds, isDuration: true)))
    }

    @Test(arguments: [
        (#""a""#, "a"), ("'a'", "a"), ("`a`", "a"), ("`a\\n\nb`", "a\\n\nb"), (#"'"'"#, "\""),
        (#""\a\b\f\n\r\t\v\\\"""#, "\u{7}\u{8}\u{c}\n\r\t\u{b}\\\""), (#"'\''"#, "'"),
        (#""\101\x41\u0041\U00000041""#, "AAAA"),
        (#""\xc3\xa9""#, "é"), (#""\U0001F600é""#, "😀é"),
        (#""""#, ""),
    ])
    func readsStrings(query: String, value: String) throws {
        #expect(try parse(query) == .string(StringLiteral(value)))
    }

    @Test func keepsBytesThatAreNoText() throws {
        guard case .string(let literal) = try parse(#""a\xc5z""#) else {
            Issue.record("no string")
            return
        }
        #expect(literal.malformedBytes == [0x61, 0xc5, 0x7a])
        #expect(literal.value == "a\u{FFFD}z")
        #expect(try parse(#""a\xc5z""#).description == #""a\xc5z""#)
    }

    @Test func readsSelectors() throws {
        let a = LabelMatcher("a", .equal, "b")
        #expect(try parse("foo") == vector("foo"))
        #expect(try parse("foo{}") == vector("foo"))
        #expect(try parse("a:b:c") == vector("a:b:c"))
        #expect(try parse(":") == vector(":"))
        #expect(try parse("foo{a='b',}") == .vectorSelector(named("foo", a)))
        #expect(try parse("foo { a = `b` } # why") == .vectorSelector(named("foo", a)))
        #expect(try parse(#"{"foo", a="b"}"#) == .vectorSelector(named("foo", a)))
        #expect(try parse(#"{a="b", "foo"}"#) == .vectorSelector(named("foo", a)))
        #expect(
            try parse(##"foo{"a b"=~"x",on!="",inf!~"#"}"##)
                == .vectorSelector(
                    named(
                        "foo", LabelMatcher("a b", .regexMatch, "x"),
                        LabelMatcher("on", .notEqual, ""), LabelMatcher("inf", .regexNoMatch, "#")))
        )
        #expect(
            try parse(#"{__name__=~"foo|bar"}"#)
                == .vectorSelector(
                    VectorSelector(matchers: [LabelMatcher("__name__", .regexMatch, "foo|bar")])))
        // Two statements about the name: neither is the name.
        #expect(
            try parse(#"{"foo","bar"}"#)
                == .vectorSelector(
                    VectorSelector(matchers: [
                        LabelMatcher("__name__", .equal, "foo"),
                        LabelMatcher("__name__", .equal, "bar"),
                    ])))
    }

    @Test(arguments: [
        "and", "or", "unless", "sum", "avg", "count_values", "limit_ratio", "offset", "by",
        "without", "anchored", "smoothed", "start", "end", "step", "range", "min_of", "max_of",
        "fill", "fill_left", "rate", "Or", "SUM", "time",
    ])
    func takesKeywordsForMetricNames(name: String) throws {
        #expect(try parse(name) == vector(name))
        #expect(try parse("\(name){a='b'} + \(name)").children.count == 2)
    }

    @Test(arguments: [
        "and", "atan2", "sum", "offset", "by", "on", "ignoring", "bool", "group_left", "start",
        "step", "fill", "anchored", "a:b",
    ])
    func takesKeywordsForLabelNames(name: String) throws {
        guard case .aggregation(let node) = try parse("sum by (\(name), x,) (y)") else {
            Issue.record("no aggregation")
            return
        }
        #expect(node.grouping == [name, "x"])
    }

    @Test(arguments: [
        ("a + b * c", "a + (b * c)"), ("a * b + c", "(a * b) + c"), ("a - b - c", "(a - b) - c"),
        ("a ^ b ^ c", "a ^ (b ^ c)"), ("a or b and c", "a or (b and c)"),
        ("a and b unless c", "(a and b) unless c"), ("a or b or c", "(a or b) or c"),
        ("a == b + c", "a == (b + c)"), ("a == b == c", "(a == b) == c"),
        ("a and b == c", "a and (b == c)"), ("-a ^ b", "-(a ^ b)"), ("-a * b", "(-a) * b"),
        ("-a + b", "(-a) + b"), ("a ^ -b * c", "(a ^ (-b)) * c"), ("a ^ -b ^ c", "a ^ (-(b ^ c))"),
        ("a atan2 b % c", "(a atan2 b) % c"), ("a </ b + c", "a </ (b + c)"),
        ("a >/ b </ c", "(a >/ b) </ c"), ("- - a", "-(-a)"),
        ("a - b offset 5m", "a - (b offset 5m)"), ("-a offset 5m", "-(a offset 5m)"),
        ("-a[5m:] @ 3", "-(a[5m:] @ 3)"), ("a AND b OR c", "(a and b) or c"),
    ])
    func groupsOperators(query: String, grouped: String) throws {
        func bare(_ expression: Expression) -> Expression {
            expression.transformed { node in
                if case .paren(let paren) = node { paren.expression } else { node }
            }
        }
        let options = ParserOptions.everything
        // Signs of range vectors are no valid query, but they show the grouping.
        guard let expected = try? parseExpression(grouped, options: options) else {
            #expect(throws: ParseError.self) { try parse(query) }
            return
        }
        #expect(try bare(parse(query)) == bare(expected))
    }

    @Test func foldsSignsIntoNumbersOnly() throws {
        let two = number(2)
        #expect(try parse("-2 ^ 2") == .unary(Unary(.minus, .binary(Binary(.power, two, two)))))
        #expect(try parse("-(2)") == .unary(Unary(.minus, .paren(Paren(two)))))
        #expect(try parse("2 - -2") == .binary(Binary(.subtract, two, number(-2))))
    }

    @Test func readsModifiersOfOperators() throws {
        func matching(_ query: String) throws -> VectorMatching? {
            guard case .binary(let node) = try parse(query) else { return nil }
            return node.matching
        }
        #expect(try matching("a + b") == VectorMatching())
        #expect(try matching("a + 1") == nil)
        #expect(try matching("1 + on() 1") == nil)
        #expect(try matching("a + on() b") == VectorMatching(isOn: true))
        #expect(try matching("a and b") == VectorMatching(cardinality: .manyToMany))
        #expect(
            try matching("a or ignoring(x) b")
                == VectorMatching(cardinality: .manyToMany, labels: ["x"]))
        #expect(
            try matching("a * ON(x, \"y z\") GROUP_LEFT b")
                == VectorMatching(cardinality: .manyToOne, labels: ["x", "y z"], isOn: true))
        #expect(
            try matching("a * ignoring(x) group_right(v,) (b)")
                == VectorMatching(cardinality: .oneToMany, labels: ["x"], include: ["v"]))
        #expect(
            try matching("a + fill(5m) b") == VectorMatching(fillLeft: 300, fillRight: 300))
        #expect(
            try matching("a + on(x) fill_right(-1) fill_left (2) b")
                == VectorMatching(labels: ["x"], isOn: true, fillLeft: 2, fillRight: -1))
        #expect(try matching("a + fill_left(1) b") == VectorMatching(fillLeft: 1))
        // Without a parenthesis it is a metric.
        #expect(
            try parse("a + fill")
                == .binary(Binary(.add, vector("a"), vector("fill"), matching: VectorMatching())))
        guard case .binary(let node) = try parse("a >= bool on(x) b") else {
            Issue.record("no binary")
            return
        }
        #expect(node.returnsBool && node.matching?.labels == ["x"])
    }

    @Test func readsAggregations() throws {
        let a = vector("a")
        #expect(try parse("sum(a)") == .aggregation(Aggregation(.sum, a)))
        let grouped = Expression.aggregation(Aggregation(.sum, a, grouping: ["x"]))
        #expect(try parse("sum by (x) (a)") == grouped)
        #expect(try parse("SUM(a) BY (x)") == grouped)
        #expect(
            try parse("sum without () (a)") == .aggregation(Aggregation(.sum, a, isWithout: true)))
        #expect(
            try parse("topk(3, a)") == .aggregation(Aggregation(.topk, a, parameter: number(3))))
        #expect(
            try parse("count_values('v', a) by (x)")
                == .aggregation(
                    Aggregation(
                        .countValues, a, parameter: .string(StringLiteral("v")), grouping: ["x"])))
    }

    @Test func readsDurationsOfRangesAndOffsets() throws {
        func window(_ query: String) throws -> String? {
            guard case .matrixSelector(let node) = try parse(query) else { return nil }
            switch node.window {
            case .fixed(let milliseconds): return "\(milliseconds)"
            case .expression(let expression): return expression.description
            }
        }
        for (query, expected) in [
            ("x[5m]", "300000"), ("x[300]", "300000"), ("x[1.5]", "1500"), ("x[1001ms]", "1001"),
            ("x[ 5m ]", "300000"), ("x[0.0001]", "0.0001"), ("x[5m+1m]", "5m + 1m"),
            ("x[+5m]", "300000"), ("x[(5m)]", "(5m)"), ("x[((5m))]", "(5m)"),
            ("x[2m * (10 + 5)]", "2m * (10 + 5)"), ("x[STEP()]", "step()"),
            ("x[1+(STep()-5)*2]", "1 + (step() - 5) * 2"),
            ("x[-step() + range()]", "-step() + range()"),
            ("x[min_of(step()+1,1h)]", "min_of(step() + 1, 1h)"),
            ("x[max_of(min_of((step()+1),((1h))),1ms)]", "max_of(min_of((step() + 1), (1h)), 1ms)"),
            ("x[-2^2+5]", "-2 ^ 2 + 5"), ("x[2^-1^2]", "2 ^ -1 ^ 2"), ("x[60 # c\n]", "60000"),
        ] {
            #expect(try window(query) == expected, "\(query)")
        }
        for (query, canonical) in [
            ("x offset 5m", "x offset 5m"), ("x offset -5m", "x offset -5m"), ("x offset 0", "x"),
            ("x offset 0s offset 5m", "x offset 5m"), ("x offset 100 + 2", "x offset 1m40s + 2"),
            ("x offset -2 ^ 2", "x offset -2s ^ 2"), ("x offset (2 ^ 2)", "x offset (2 ^ 2)"),
            ("x offset step()*0", "x offset step() * 0"),
            ("x offset -min_of(step(), 1s)+8", "x offset -min_of(step(), 1s) + 8"),
            ("x offset -(step())+8", "x offset -(step()) + 8"),
            ("x offset (1m) + 2", "x offset (1m) + 2"),
            ("x offset --1m + 2", "x offset (1m + 2)"), ("x offset +(5)", "x offset (5)"),
        ] {
            #expect(try parse(query).description == canonical, "\(query)")
        }
        // An offset in parentheses goes on behind them, one with a sign before them does not.
        #expect(try parse("x offset (1m) + 2").children.isEmpty)
        #expect(try parse("x offset -(1m) + 2").children.count == 2)
        #expect(try parse("x offset step() * 0").children.count == 2)
    }

    @Test func readsTheTimesOfSelectors() throws {
        func at(_ query: String) throws -> AtModifier? {
            guard case .vectorSelector(let node) = try parse(query) else { return nil }
            return node.at
        }
        #expect(try at("x @ 1603774568") == .timestamp(1_603_774_568_000))
        #expect(try at("x @ -0.0005") == .timestamp(-1))
        #expect(try at("x @ 1.0005") == .timestamp(1001))
        #expect(try at("x @ 5m") == .timestamp(300_000))
        #expect(try at("x @ start() offset 5m") == .start)
        #expect(try at("x offset 5m @ END()") == .end)
        #expect(try at("x @ 1e18") == .timestamp(4_503_599_627_370_496))
        #expect(try at("x @ -9e18") == .timestamp(-4_503_599_627_370_496))
    }

    @Test func givesPositionsInBytes() throws {
        let query = "sum(é) + \n rate(x{a=\"ü\"}[5m] offset 1m)"
            .replacing("é", with: "y{b=\"é\"}")
        guard case .binary(let node) = try parse(query) else {
            Issue.record("no binary")
            return
        }
        #expect(node.lhs.sourceRange.position(in: query) == "1:1")
        #expect(node.rhs.sourceRange.position(in: query) == "2:2")
        #expect(node.rhs.children[0].sourceRange.position(in: query) == "2:7")
        #expect(node.range.start == 0 && node.range.end == query.utf8.count)
        #expect(node.rhs.children[0].sourceRange.end == query.utf8.count - 1)
        #expect(node.lhs.sourceRange.end == 14)
    }

    @Test func givesTypes() throws {
        for (query, type) in [
            ("1", ValueType.scalar), ("(1 + 2) * time()", .scalar), ("'x'", .string),
            ("-(x)", .instantVector), ("1 + x", .instantVector), ("x[5m]", .rangeVector),
            ("(x[5m:])", .rangeVector), ("sum(x)", .instantVector), ("scalar(x)", .scalar),
            ("vector(1)", .instantVector), ("rate(x[5m])", .instantVector),
        ] {
            #expect(try parse(query).valueType == type, "\(query)")
        }
    }

    @Test(arguments: Function.allCases)
    func knowsEveryFunction(function: Function) throws {
        let signature = function.signature
        let samples: [ValueType: String] = [
            .scalar: "1", .string: "'a'", .instantVector: "x", .rangeVector: "x[5m]",
        ]
        var arguments = signature.arguments.compactMap { samples[$0] }
        if function == .info { arguments[1] = "{a='b'}" }
        let query = "\(function.rawValue)(\(arguments.joined(separator: ", ")))"
        guard case .call(let node) = try parse(query) else {
            Issue.record("no call")
            return
        }
        #expect(node.function == function)
        #expect(throws: ParseError.self) {
            try parse("\(function.rawValue)(1,2,3,4,5,6,7,8,9,10,11,12,13)")
        }
        if signature.variadic != 0 {
            let fewer = arguments.dropLast().joined(separator: ", ")
            #expect(try parse("\(function.rawValue)(\(fewer))").valueType == signature.result)
        }
    }

    @Test func infoTakesSelectorsThatSelectEverything() throws {
        for query in [
            "info(x)", "info(x, {})", "info(x, {a=~\".*\"})", "info(x, {__name__=\"t\"})",
        ] {
            #expect(try parse(query).description == query)
        }
    }
}

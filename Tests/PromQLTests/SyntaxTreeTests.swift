import PromQL
import Testing

@Suite struct SyntaxTreeTests {
    private func parse(_ query: String) throws -> Expression {
        try parseExpression(query, options: .everything)
    }

    @Test func showsTheSyntaxTree() throws {
        func json(_ query: String) throws -> String {
            String(decoding: try parse(query).syntaxTreeJSON, as: UTF8.self)
        }
        func joined(_ text: String) -> String { text.filter { $0 != "\n" } }
        let y = joined(
            #"""
            {"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"y"}],
            "name":"y","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,
            "timestamp":null,"type":"vectorSelector"}
            """#)
        for (query, text) in [
            ("1e3", #"{"type":"numberLiteral","val":"1000"}"#),
            (#"'<a\n'"#, #"{"type":"stringLiteral","val":"\u003ca\n"}"#),
            ("-(y)", #"{"expr":{"expr":\#(y),"type":"parenExpr"},"op":"-","type":"unaryExpr"}"#),
            (
                #"x{a=~"b"} @ 1.5 offset 5m anchored"#,
                #"""
                {"anchored":true,"matchers":[{"name":"a","type":"=~","value":"b"},
                {"name":"__name__","type":"=","value":"x"}],"name":"x","offset":300000,
                "offsetExpr":null,"smoothed":false,"startOrEnd":null,"timestamp":1500,
                "type":"vectorSelector"}
                """#
            ),
            (
                "y[(5)+1m] @ end()",
                #"""
                {"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"y"}],
                "name":"y","offset":0,"offsetExpr":null,"range":0,
                "rangeExpr":{"lhs":{"lhs":null,"op":"+","rhs":{"duration":false,
                "type":"numberLiteral","val":"5"},"type":"durationExpr","wrapped":true},
                "op":"+","rhs":{"duration":true,"type":"numberLiteral","val":"60"},
                "type":"durationExpr","wrapped":false},"smoothed":false,"startOrEnd":"end",
                "timestamp":null,"type":"matrixSelector"}
                """#
            ),
            (
                "y[5m:1s]",
                #"""
                {"expr":\#(y),"offset":0,"offsetExpr":null,"range":300000,"rangeExpr":null,
                "startOrEnd":null,"step":1000,"stepExpr":null,"timestamp":null,
                "type":"subquery"}
                """#
            ),
            (
                "y > bool on(a) group_left(b) y",
                #"""
                {"bool":true,"lhs":\#(y),"matching":{"card":"many-to-one",
                "fillValues":{"lhs":null,"rhs":null},"include":["b"],"labels":["a"],"on":true},
                "op":"\u003e","rhs":\#(y),"type":"binaryExpr"}
                """#
            ),
            (
                "1 + 1",
                #"""
                {"bool":false,"lhs":{"type":"numberLiteral","val":"1"},"matching":null,"op":"+",
                "rhs":{"type":"numberLiteral","val":"1"},"type":"binaryExpr"}
                """#
            ),
            (
                "topk by (a) (1, y)",
                #"""
                {"expr":\#(y),"grouping":["a"],"op":"topk","param":{"type":"numberLiteral",
                "val":"1"},"type":"aggregation","without":false}
                """#
            ),
            (
                "round(y)",
                #"""
                {"args":[\#(y)],"func":{"argTypes":["vector","scalar"],"name":"round",
                "returnType":"vector","variadic":1},"type":"call"}
                """#
            ),
            (
                "time()",
                #"""
                {"args":[],"func":{"argTypes":[],"name":"time","returnType":"scalar",
                "variadic":0},"type":"call"}
                """#
            ),
        ] {
            #expect(try json(query) == joined(text))
        }
    }
}

import PromQL
import Testing

@testable import Gateway

/// `parse_query` shows trees as Prometheus shows them.
@Suite struct SyntaxTreeJSONTests {
    private func json(_ query: String) throws -> String {
        let tree = try parseExpression(query, options: .everything)
        return String(decoding: SyntaxTreeJSON.value(tree).bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("1e3", #"{"type":"numberLiteral","val":"1000"}"#),
        (#""a<b""#, #"{"type":"stringLiteral","val":"a\u003cb"}"#),
        (
            "-(1)",
            #"{"expr":{"expr":{"type":"numberLiteral","val":"1"},"type":"parenExpr"},"op":"-","type":"unaryExpr"}"#
        ),
        (
            #"up{job="a"} offset 5m @ end()"#,
            #"{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"},"#
                + #"{"name":"job","type":"=","value":"a"}],"name":"up","offset":300000,"#
                + #""offsetExpr":null,"smoothed":false,"startOrEnd":"end","timestamp":null,"#
                + #""type":"vectorSelector"}"#
        ),
        (
            "sum by (a) (x)",
            #"{"expr":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"x"}],"#
                + #""name":"x","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,"#
                + #""timestamp":null,"type":"vectorSelector"},"grouping":["a"],"op":"sum","#
                + #""param":null,"type":"aggregation","without":false}"#
        ),
        (
            "pi() + 1",
            #"{"bool":false,"lhs":{"args":[],"func":{"argTypes":[],"name":"pi","#
                + #""returnType":"scalar","variadic":0},"type":"call"},"matching":null,"op":"+","#
                + #""rhs":{"type":"numberLiteral","val":"1"},"type":"binaryExpr"}"#
        ),
    ])
    func treesAreShownAsPrometheusShowsThem(query: String, tree: String) throws {
        #expect(try json(query) == tree)
    }

    @Test func matchingAndRangesAreShown() throws {
        let shown = try json("a / on (i) group_left (j) rate(b[5m])")
        #expect(
            shown.contains(
                #""matching":{"card":"many-to-one","fillValues":{"lhs":null,"rhs":null},"#
                    + #""include":["j"],"labels":["i"],"on":true}"#))
        #expect(shown.contains(#""range":300000,"rangeExpr":null"#))
        #expect(shown.contains(#""argTypes":["matrix"]"#))
        #expect(try json("a[10m:]").contains(#""step":0,"stepExpr":null"#))
    }
}

import PromQL
import Testing

@Suite struct WalkingTests {

    private func parse(_ query: String) throws -> Expression {
        try parseExpression(query, options: .everything)
    }

    @Test func visitsOuterNodesFirstInTextualOrder() throws {
        let expression = try parse("topk(scalar(a), sum(rate(b[5m])) + -(c)) or abs(d)")
        var seen: [String] = []
        expression.forEach { seen.append($0.description) }
        #expect(
            seen == [
                expression.description, "topk(scalar(a), sum(rate(b[5m])) + -(c))", "scalar(a)",
                "a",
                "sum(rate(b[5m])) + -(c)", "sum(rate(b[5m]))", "rate(b[5m])", "b[5m]", "b", "-(c)",
                "(c)", "c", "abs(d)", "d",
            ])
    }

    @Test func rewritesSelectorsEverywhere() throws {
        let expression = try parse(
            "topk(scalar(a), sum(rate(b[5m])) + -(c)) or max_over_time(d[5m:] @ 3) == e")
        let renamed = expression.mapSelectors { selector in
            let name = (selector.name ?? "") + "2"
            return VectorSelector(name: name, matchers: [LabelMatcher("__name__", .equal, name)])
        }
        #expect(
            renamed.description
                == "topk(scalar(a2), sum(rate(b2[5m])) + -(c2)) "
                + "or max_over_time(d2[5m:] @ 3.000) == e2"
        )
    }

    @Test func rewritesInnerNodesFirst() throws {
        var order: [String] = []
        let changed = try parse("abs(a + 1)").transformed { node in
            order.append(node.description)
            if case .number = node { return .number(NumberLiteral(2)) }
            return node
        }
        #expect(order == ["a", "1", "a + 2", "abs(a + 2)"])
        #expect(changed.description == "abs(a + 2)")
    }

    @Test func passesErrorsOn() throws {
        struct Refusal: Error {}
        let expression = try parse("a + b")
        #expect(throws: Refusal.self) {
            try expression.transformed { (node) throws(Refusal) -> Expression in
                if case .binary = node { throw Refusal() }
                return node
            }
        }
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func childrenMakeTheNodeAgain(seed: UInt64) {
        var generator = ExpressionGenerator(seed: seed)
        let expression = generator.expression()
        expression.forEach { node in
            #expect(node.replacingChildren(node.children) == node)
        }
        #expect(expression.transformed { $0 } == expression)
    }
}

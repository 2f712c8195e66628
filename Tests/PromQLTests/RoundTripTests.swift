import PromQL
import Testing

@Suite struct RoundTripTests {
    /// Matchers are printed sorted; sorted alike, trees can be compared.
    private func sorted(_ expression: Expression) -> Expression {
        expression.mapSelectors { selector in
            var selector = selector
            selector.matchers.sort { a, b in
                (a.name, a.op.rawValue, a.value) < (b.name, b.op.rawValue, b.value)
            }
            return selector
        }
    }

    /// Without parentheses: the printer adds those that the grouping demands.
    private func bare(_ expression: Expression) -> Expression {
        sorted(expression).transformed { node in
            if case .paren(let paren) = node { paren.expression } else { node }
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func printedTreesParseToEqualTrees(seed: UInt64) throws {
        var generator = ExpressionGenerator(seed: seed)
        for _ in 0..<100 {
            let expression = generator.expression()
            let text = expression.description
            let parsed: Expression
            do {
                parsed = try parseExpression(text, options: .everything)
            } catch {
                Issue.record("\(text)\n\(error)")
                continue
            }
            #expect(bare(parsed) == bare(expression), "\(text)\n\(parsed)")
            #expect(parsed.description == text)
            let pretty = try parseExpression(expression.prettyPrinted, options: .everything)
            #expect(pretty == parsed, "\(text)")
        }
    }

    /// None where the scripts of the Prometheus project do not lie beside the repository.
    @Test(arguments: ConformanceScript.all)
    func queriesOfTheConformanceScriptsRoundTrip(script: ConformanceScript) throws {
        let queries = try script.queries()
        #expect(!queries.isEmpty)
        for query in queries {
            let parsed: Expression
            do {
                parsed = try parseExpression(query, options: .everything)
            } catch {
                Issue.record("\(query)\n\(error)")
                continue
            }
            let again = try parseExpression(parsed.description, options: .everything)
            #expect(sorted(again) == sorted(parsed), "\(query)\n\(parsed)")
            #expect(again.description == parsed.description)
        }
    }
}

import Foundation
import GoText
import PromQL
import Testing

@Suite struct NestingTests {
    /// Runs on a thread with half a megabyte of stack, as some platforms give to workers.
    private func onSmallStack(_ body: @escaping @Sendable () -> Void) {
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            body()
            done.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
        done.wait()
    }

    private static func nested(
        _ opening: String, _ inner: String, _ closing: String, _ levels: Int
    )
        -> String
    {
        String(repeating: opening, count: levels) + inner
            + String(repeating: closing, count: levels)
    }

    private static func queries(_ levels: Int) -> [String] {
        [
            nested("(", "x", ")", levels), nested("abs(", "x", ")", levels),
            nested("sum(", "x", ")", levels), nested("-", "x", "", levels),
            nested("- (", "x", ")", levels / 2), nested("x + ", "x", "", levels),
            nested("x ^ ", "x", "", levels), nested("x ^ (", "x", ")", levels / 2),
            nested("max_over_time(", "x", "[5m:])", levels / 2),
            nested("topk(scalar(", "x", "), x)", levels / 2),
            nested("a or b and ", "x", "", levels / 2),
        ]
    }

    @Test func aThousandLevelsParseOnASmallStack() {
        onSmallStack {
            for query in Self.queries(999) {
                do {
                    let expression = try parseExpression(query, options: .everything)
                    let again = try parseExpression(expression.description, options: .everything)
                    #expect(again.description == expression.description)
                    #expect(!expression.prettyPrinted.isEmpty)
                    #expect(!expression.syntaxTreeJSON.isEmpty)
                    let context = QueryContext(start: 0, end: 0, step: 0)
                    let resolved = try expression.resolved(in: context)
                    #expect(resolved.valueType == expression.valueType)
                    var nodes = 0
                    resolved.forEach { _ in nodes += 1 }
                    #expect(nodes > 499)
                } catch {
                    Issue.record("\(query.prefix(40)): \(error)")
                }
            }
        }
    }

    @Test(arguments: [1001, 20_000])
    func moreLevelsAreRefusedOnASmallStack(levels: Int) {
        onSmallStack {
            for query in Self.queries(2 * levels)
                + Self.queries(2 * levels).map({ String($0.dropLast(5)) })
            {
                do throws(ParseError) {
                    _ = try parseExpression(query, options: .everything)
                    Issue.record("\(query.prefix(40)) parses")
                } catch {
                    #expect(
                        error.description.contains(
                            "parse error: expression nests deeper than 1000 levels"))
                }
            }
        }
    }

    @Test func durationsAreBoundedOnASmallStack() {
        onSmallStack {
            for (opening, closing) in [
                ("(", ")"), ("-", ""), ("1 + ", ""), ("1 ^ ", ""), ("min_of(1, ", ")"),
                ("1 + (", ")"),
            ] {
                let deep = Self.nested(opening, "1", closing, 48)
                let context = QueryContext(start: 0, end: 1000, step: 1000)
                for query in ["x[5m + \(deep)]", "x offset (\(deep))"] {
                    do {
                        let expression = try parseExpression(query)
                        #expect(try !expression.resolved(in: context).description.isEmpty)
                        #expect(try parseExpression(expression.description) == expression)
                    } catch {
                        Issue.record("\(query): \(error)")
                    }
                }
                let tooDeep = Self.nested(opening, "1", closing, 100_000)
                for query in ["x[5m + \(tooDeep)]", "x offset (\(tooDeep))"] {
                    #expect(throws: ParseError.self) { try parseExpression(query) }
                }
            }
        }
    }

    @Test func widthIsNoDepth() throws {
        let arguments = (0..<20_000).map { "'label\($0)'" }.joined(separator: ", ")
        let call = try parseExpression("label_join(x, 'a', 'b', \(arguments))")
        #expect(call.children.count == 20_003)
        let labels = (0..<20_000).map { "label\($0)" }.joined(separator: ", ")
        #expect(try parseExpression("sum by (\(labels)) (x)").children.count == 1)
    }
}

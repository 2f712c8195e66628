import GoText

@testable import PromQL

// Fed by libFuzzer with texts of its own making. What the parser accepts must print, read back as
// the same tree and survive every walk; what it refuses must carry a message.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    ParseProperties.check(text, options: .everything)
    ParseProperties.check(text, options: .production)
    return 0
}

enum ParseProperties {
    static func check(_ text: String, options: ParserOptions) {
        let expression: Expression
        do throws(ParseError) {
            expression = try parseExpression(text, options: options)
        } catch {
            precondition(!error.message.isEmpty)
            precondition(error.range.start >= 0 && error.range.start <= text.utf8.count)
            return
        }
        let printed = expression.description
        expect(sorted(parsed(printed, options)) == sorted(expression), text, printed)
        expect(parsed(printed, options).description == printed, text, printed)
        let pretty = expression.prettyPrinted
        expect(sorted(parsed(pretty, options)) == sorted(expression), text, pretty)
        walk(expression, text)
        selectors(expression)
        resolve(expression, text, options)
    }

    private static func walk(_ expression: Expression, _ text: String) {
        precondition(!expression.syntaxTreeJSON.isEmpty)
        expression.forEach { node in
            let range = node.sourceRange
            precondition(range.start >= 0 && range.start < range.end)
            precondition(range.end <= text.utf8.count)
            precondition(node.replacingChildren(node.children) == node)
        }
    }

    /// Selectors print as what `match[]` takes.
    private static func selectors(_ expression: Expression) {
        expression.forEach { node in
            guard case .vectorSelector(var selector) = node else { return }
            selector.offset = nil
            selector.at = nil
            selector.extended = nil
            let printed = Expression.vectorSelector(selector).description
            guard let again = try? parseSelector(printed) else {
                fatalError("no selector: \(printed)")
            }
            expect(sorted(.vectorSelector(again)) == sorted(.vectorSelector(selector)), printed, "")
        }
    }

    private static func resolve(
        _ expression: Expression, _ text: String, _ options: ParserOptions
    ) {
        let contexts = [
            QueryContext(start: 1_603_774_568_123, end: 1_603_774_568_123, step: 0),
            QueryContext(start: -60_000, end: 3_600_000, step: 15_000),
            QueryContext(start: .min, end: .max, step: .max),
        ]
        for context in contexts {
            guard let resolved = try? expression.resolved(in: context) else { continue }
            let absolute = resolved.withAbsoluteAt(start: context.start, end: context.end)
            expect(absolute.valueType == expression.valueType, text, "\(absolute)")
            // Ranges below a millisecond print as nothing; all others must read back.
            guard context.start != .min, !absolute.description.contains("[0s") else { continue }
            let again = parsed(absolute.description, options)
            expect(bare(again) == bare(absolute), text, absolute.description)
        }
    }

    private static func parsed(_ text: String, _ options: ParserOptions) -> Expression {
        do throws(ParseError) {
            return try parseExpression(text, options: options)
        } catch {
            fatalError("\(text)\n\(error)")
        }
    }

    private static func expect(_ condition: Bool, _ text: String, _ printed: String) {
        if !condition { fatalError("\(text)\n\(printed)") }
    }

    /// Matchers are printed sorted.
    private static func sorted(_ expression: Expression) -> Expression {
        expression.mapSelectors { selector in
            var selector = selector
            selector.matchers.sort { a, b in
                (a.name, a.op.rawValue, a.value) < (b.name, b.op.rawValue, b.value)
            }
            return selector
        }
    }

    /// Without the parentheses that a negative number in place of a call makes necessary, and with
    /// the signs before numbers folded into them.
    private static func bare(_ expression: Expression) -> Expression {
        sorted(expression).transformed { node in
            switch node {
            case .paren(let paren): return paren.expression
            case .unary(let unary):
                guard case .number(var literal) = unary.operand else { return node }
                if unary.op == .minus { literal.value = -literal.value }
                return .number(literal)
            default: return node
            }
        }
    }
}

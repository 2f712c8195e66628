internal import GoText
import PromQL
import RegularExpressions

extension Symbol {
    /// Whether a stage of a pipeline begins so.
    var beginsStage: Bool { self == .pipe || lineOperator != nil }

    var lineOperator: LineFilter.Operator? { LineFilter.Operator(rawValue: rawValue) }
}

extension Parser {
    // MARK: - Selectors

    /// `{app="x", …}`
    mutating func selector() throws(LogQLError) -> [LabelMatcher] {
        try expect(.symbol(.openBrace))
        if try accept(.closeBrace) { return [] }
        guard try peek().kind == .identifier else {
            throw try unexpected([.identifier, .symbol(.closeBrace)])
        }
        var matchers = [try matcher()]
        while true {
            if try accept(.closeBrace) { return matchers }
            try expect(.symbol(.comma), after: .symbol(.closeBrace))
            matchers.append(try matcher())
        }
    }

    /// Takes `kind`; where another word comes, `other` could have come too.
    private mutating func expect(
        _ kind: Token.Kind, after other: Token.Kind
    ) throws(LogQLError) {
        guard try peek().kind == kind else { throw try unexpected([other, kind]) }
        try take()
    }

    private mutating func matcher() throws(LogQLError) -> LabelMatcher {
        let name = try expect(.identifier).text
        guard let op = try matchOperator() else {
            throw try unexpected([
                .symbol(.equal), .symbol(.regexMatch), .symbol(.regexNoMatch), .symbol(.notEqual),
            ])
        }
        return try checked(LabelMatcher(name, op, try expect(.string).text))
    }

    private mutating func matchOperator() throws(LogQLError) -> LabelMatcher.Operator? {
        guard let op = try peekSymbol().flatMap({ LabelMatcher.Operator(rawValue: $0.rawValue) })
        else { return nil }
        try take()
        return op
    }

    private func checked(_ matcher: LabelMatcher) throws(LogQLError) -> LabelMatcher {
        guard matcher.op == .regexMatch || matcher.op == .regexNoMatch else { return matcher }
        do throws(RegularExpressionError) {
            _ = try RegularExpression(matcher.value)
        } catch {
            throw LogQLError(error.description)
        }
        return matcher
    }

    // MARK: - Stages

    /// All stages that follow. `unwrap` ends them, but for filters of labels.
    mutating func pipeline(
        into stages: inout [PipelineStage], unwrap: inout Unwrap?, allowsUnwrap: Bool
    ) throws(LogQLError) {
        while let symbol = try peekSymbol(), symbol.beginsStage {
            if let op = symbol.lineOperator {
                if unwrap != nil { return }
                stages.append(.line(try lineFilter(op)))
                continue
            }
            try take()
            if allowsUnwrap, try peek().kind == .symbol(.unwrap) {
                if unwrap != nil { throw try unexpected() }
                unwrap = try self.unwrap()
            } else if unwrap != nil {
                unwrap?.filters.append(try labelFilter())
            } else {
                stages.append(try stage())
            }
        }
    }

    private mutating func lineFilter(_ op: LineFilter.Operator) throws(LogQLError) -> LineFilter {
        try take()
        var operands = [try lineOperand()]
        while try accept(.or) { operands.append(try lineOperand()) }
        return LineFilter(op, operands)
    }

    private mutating func lineOperand() throws(LogQLError) -> LineFilter.Operand {
        if try accept(.ip) { return LineFilter.Operand(try stringInParentheses(), isAddress: true) }
        return LineFilter.Operand(try expect(.string, or: .symbol(.ip)).text)
    }

    private mutating func stringInParentheses() throws(LogQLError) -> String {
        try expect(.symbol(.openParenthesis))
        let text = try expect(.string).text
        try expect(.symbol(.closeParenthesis))
        return text
    }

    /// What follows a bar.
    private mutating func stage() throws(LogQLError) -> PipelineStage {
        let token = try peek()
        guard case .symbol(let symbol) = token.kind, symbol != .openParenthesis else {
            guard token.kind == .identifier || token.kind == .symbol(.openParenthesis) else {
                throw try unexpected()
            }
            return .label(try labelFilter())
        }
        switch symbol {
        case .json:
            try take()
            return .json(try extractions())
        case .logfmt:
            try take()
            var flags: [String] = []
            while try peek().kind == .flag { flags.append(try take().text) }
            return .logfmt(flags: flags, try extractions())
        case .regexp:
            try take()
            return .regexp(try regexpPattern())
        case .pattern:
            try take()
            return .pattern(try expect(.string).text)
        case .unpack:
            try take()
            return .unpack
        case .lineFormat:
            try take()
            return .lineFormat(try expect(.string).text)
        case .labelFormat:
            try take()
            return .labelFormat(
                try list { parser throws(LogQLError) in try parser.labelFormat() })
        case .decolorize:
            try take()
            return .decolorize
        case .drop:
            try take()
            return .drop(try list { parser throws(LogQLError) in try parser.labelSelection() })
        case .keep:
            try take()
            return .keep(try list { parser throws(LogQLError) in try parser.labelSelection() })
        default: throw try unexpected()
        }
    }

    /// Elements with commas between them, at least one.
    private mutating func list<Element>(
        _ element: (inout Parser) throws(LogQLError) -> Element
    ) throws(LogQLError) -> [Element] {
        var elements = [try element(&self)]
        while try accept(.comma) { elements.append(try element(&self)) }
        return elements
    }

    private mutating func extractions() throws(LogQLError) -> [LabelExtraction] {
        guard try peek().kind == .identifier else { return [] }
        return try list { parser throws(LogQLError) in
            let name = try parser.expect(.identifier).text
            guard try parser.accept(.equal) else { return LabelExtraction(name, name) }
            return LabelExtraction(name, try parser.expect(.string).text)
        }
    }

    private mutating func labelFormat() throws(LogQLError) -> LabelFormat {
        let name = try expect(.identifier).text
        try expect(.symbol(.equal))
        let source = try peek()
        switch source.kind {
        case .identifier: return LabelFormat(name, .label(try take().text))
        case .string: return LabelFormat(name, .template(try take().text))
        default: throw try unexpected([.identifier, .string])
        }
    }

    private mutating func labelSelection() throws(LogQLError) -> LabelSelection {
        let name = try expect(.identifier).text
        guard let op = try matchOperator() else { return .name(name) }
        return .matcher(try checked(LabelMatcher(name, op, try expect(.string).text)))
    }

    private mutating func regexpPattern() throws(LogQLError) -> String {
        let text = try expect(.string).text
        do throws(RegularExpressionError) {
            _ = try RegularExpression(text)
        } catch {
            throw LogQLError("invalid regexp parser: \(error)")
        }
        guard text.contains("(?P<") || text.contains("(?<") else {
            throw LogQLError("invalid regexp parser: at least one named capture must be supplied")
        }
        return text
    }

    private mutating func unwrap() throws(LogQLError) -> Unwrap {
        try take()
        if let word = try peekSymbol(), let conversion = Unwrap.Conversion(rawValue: word.rawValue)
        {
            try take()
            try expect(.symbol(.openParenthesis))
            let label = try expect(.identifier).text
            try expect(.symbol(.closeParenthesis))
            return Unwrap(label, conversion: conversion)
        }
        let label = try expect(
            .identifier, or: .symbol(.bytes), .symbol(.duration), .symbol(.durationSeconds)
        ).text
        return Unwrap(label)
    }

    // MARK: - Faults

    /// What is wrong with a query that is well formed.
    static func fault(of query: LogQuery) -> LogQLError? {
        if query.matchers.allSatisfy(\.acceptsEmpty) { return .acceptsEverything }
        return query.stages.lazy.compactMap(fault(of:)).first
    }

    private static func fault(of stage: PipelineStage) -> LogQLError? {
        switch stage {
        case .line(let filter) where filter.op == .matches || filter.op == .matchesNot:
            for operand in filter.operands where !operand.isAddress {
                do throws(RegularExpressionError) {
                    _ = try RegularExpression(operand.text)
                } catch {
                    return LogQLError(stage: stage.description, error.description)
                }
            }
            return nil
        case .lineFormat(let text):
            guard let line = Template(text).unclosedLine else { return nil }
            return LogQLError(
                stage: stage.description,
                "invalid line template: template: line:\(line): unclosed action")
        case .line, .json, .logfmt, .regexp, .pattern, .unpack, .label, .labelFormat, .decolorize,
            .drop, .keep:
            return nil
        }
    }
}

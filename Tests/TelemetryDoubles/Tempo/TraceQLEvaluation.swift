import RegularExpressions

/// Judges spans of one trace.
struct TraceQLEvaluation {
    let trace: StoredTrace

    /// The places of the spans that a spanset has; empty where the trace does not fit.
    func spans(_ spanset: TraceQLSpanset) -> [Int] {
        switch spanset {
        case .filter(let field):
            return trace.spans.indices.filter { holds(field, trace.spans[$0]) }
        case .both(let left, let right):
            let (first, second) = (spans(left), spans(right))
            return first.isEmpty || second.isEmpty ? [] : Self.together(first, second)
        case .either(let left, let right): return Self.together(spans(left), spans(right))
        case .below(let left, let right, let isDirect):
            let above = Set(spans(left).map { trace.spans[$0].span.spanID })
            return spans(right).filter { place in
                var parent = trace.spans[place].span.parentID
                var steps = 0
                while !parent.isEmpty, steps < trace.spans.count {
                    if above.contains(parent) { return true }
                    if isDirect { return false }
                    parent = trace.spans.first { $0.span.spanID == parent }?.span.parentID ?? []
                    steps += 1
                }
                return false
            }
        }
    }

    /// A real Tempo begins with the side that has fewer spans, and with the right one of equals.
    private static func together(_ left: [Int], _ right: [Int]) -> [Int] {
        let (first, second) = left.count < right.count ? (left, right) : (right, left)
        let known = Set(first)
        return first + second.filter { !known.contains($0) }
    }

    func holds(_ field: TraceQLField, _ span: StoredSpan) -> Bool {
        switch field {
        case .and(let left, let right): return holds(left, span) && holds(right, span)
        case .or(let left, let right): return holds(left, span) || holds(right, span)
        case .not(let inside): return !holds(inside, span)
        case .constant(let constant): return constant == .bool(true)
        case .attribute(let attribute): return values(of: attribute, span).contains(.bool(true))
        case .compare(let sign, let left, let right, let expression):
            let own = values(of: left, span)
            let wanted = values(of: right, span)
            if wanted == [.missing] { return own.isEmpty == (sign == "=") }
            return own.contains { value in
                wanted.contains { Self.compares(sign, value, $0, expression) }
            }
        }
    }

    private func values(of field: TraceQLField, _ span: StoredSpan) -> [TraceQLConstant] {
        switch field {
        case .attribute(let attribute): values(of: attribute, span)
        case .constant(let constant): [constant]
        default: [.bool(holds(field, span))]
        }
    }

    private static func compares(
        _ sign: String, _ a: TraceQLConstant, _ b: TraceQLConstant,
        _ expression: RegularExpression?
    ) -> Bool {
        if let expression {
            guard case .string(let text) = a else { return false }
            return expression.matches(text) == (sign == "=~")
        }
        guard let comparison = Comparison(sign) else { return false }
        if let a = number(a), let b = number(b) { return comparison.holds(a, b) }
        switch (a, b) {
        case (.string(let a), .string(let b)):
            switch comparison {
            case .equal: return a == b
            case .notEqual: return a != b
            case .greater: return a > b
            case .greaterOrEqual: return a >= b
            case .less: return a < b
            case .lessOrEqual: return a <= b
            }
        case (.bool, .bool), (.status, .status), (.kind, .kind):
            return comparison == .equal ? a == b : comparison == .notEqual && a != b
        default: return false
        }
    }

    static func number(_ constant: TraceQLConstant) -> Double? {
        switch constant {
        case .int(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }

    // MARK: Attributes

    /// What a span has under a name: several values where it is a list, or where events have it.
    func values(of attribute: TraceQLAttribute, _ span: StoredSpan) -> [TraceQLConstant] {
        switch attribute.scope {
        case .resource: return Self.constants(span.batch.resource.value(of: attribute.name))
        case .span: return Self.constants(span.span.attributes.value(of: attribute.name))
        case .event:
            return span.span.events.flatMap {
                Self.constants($0.attributes.value(of: attribute.name))
            }
        case .link:
            return span.span.links.flatMap {
                Self.constants($0.attributes.value(of: attribute.name))
            }
        case .any:
            let own = Self.constants(span.span.attributes.value(of: attribute.name))
            return own.isEmpty
                ? Self.constants(span.batch.resource.value(of: attribute.name)) : own
        case .intrinsic: return intrinsic(attribute.name, span)
        }
    }

    private static func constants(_ value: TraceValue?) -> [TraceQLConstant] {
        switch value {
        case nil: []
        case .string(let text): [.string(text)]
        case .bool(let value): [.bool(value)]
        case .int(let number): [.int(number)]
        case .double(let number): [.double(number)]
        case .array(let values): values.flatMap { constants($0) }
        }
    }

    private func intrinsic(_ name: String, _ stored: StoredSpan) -> [TraceQLConstant] {
        let span = stored.span
        switch name {
        case "name": return [.string(span.name)]
        case "duration": return [.int(span.duration)]
        case "status": return [.status(span.status)]
        case "statusMessage": return [.string(span.statusMessage)]
        case "kind": return [.kind(span.kind)]
        case "traceDuration": return [.int(trace.duration)]
        case "rootName": return [.string(trace.root?.span.name ?? "")]
        case "rootServiceName":
            return [.string(trace.root?.service ?? StoredTrace.missingRoot)]
        case "trace:id": return [.string(HexText.text(span.traceID))]
        case "span:id": return [.string(HexText.text(span.spanID))]
        case "span:parentID":
            return span.parentID.isEmpty ? [] : [.string(HexText.text(span.parentID))]
        // Only whether there is a parent is known.
        case "nestedSetParent": return [.int(span.parentID.isEmpty ? -1 : 1)]
        case "event:name": return span.events.map { .string($0.name) }
        case "instrumentation:name": return [.string(stored.batch.scopeName)]
        case "instrumentation:version": return [.string(stored.batch.scopeVersion)]
        default: return []
        }
    }

    /// Attributes that a spanset names, without those that do not have the value asked for: a real
    /// Tempo does not read them.
    func attributes(_ spanset: TraceQLSpanset, _ span: StoredSpan) -> [TraceQLAttribute] {
        switch spanset {
        case .filter(let field): attributes(field, span)
        case .both(let left, let right), .either(let left, let right),
            .below(let left, let right, _):
            attributes(left, span) + attributes(right, span)
        }
    }

    private func attributes(_ field: TraceQLField, _ span: StoredSpan) -> [TraceQLAttribute] {
        switch field {
        case .attribute(let attribute): [attribute]
        case .constant: []
        case .compare(_, .attribute(let attribute), .constant, _),
            .compare(_, .constant, .attribute(let attribute), _):
            holds(field, span) ? [attribute] : []
        case .compare(_, let left, let right, _), .and(let left, let right),
            .or(let left, let right):
            attributes(left, span) + attributes(right, span)
        case .not(let inside): attributes(inside, span)
        }
    }
}

extension StoredTrace {
    static let missingRoot = "<root span not yet received>"
}

extension TraceQLConstant {
    static let kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"]
    static let statuses = ["unset", "ok", "error"]

    /// As an attribute of an answer.
    var value: TraceValue {
        switch self {
        case .string(let text): .string(text)
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let value): .bool(value)
        case .status(let code): .string(Self.statuses[code])
        case .kind(let kind): .string(Self.kinds[kind])
        case .missing: .string("nil")
        }
    }
}

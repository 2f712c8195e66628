import GoText

/// Names of attributes, and their values.
extension TempoAnswers {
    private static let intrinsics = [
        "duration", "event:name", "event:timeSinceStart", "instrumentation:name",
        "instrumentation:version", "kind", "link:spanID", "link:traceID", "name", "rootName",
        "rootServiceName", "span:duration", "span:id", "span:kind", "span:name", "span:parentID",
        "span:status", "span:statusMessage", "status", "statusMessage", "trace:duration",
        "trace:id", "trace:rootName", "trace:rootService", "traceDuration",
    ]
    private static let scopes = [
        "event", "instrumentation", "intrinsic", "link", "resource", "span",
    ]
    /// Attributes with columns of their own, which lists leave out.
    private static let hidden: Set<String> = [
        "http.request.method", "http.response.status_code", "http.route", "k8s.namespace.name",
    ]

    /// The spans that a request chooses: with a query that can be read the spans that fit, else all.
    private func chosenSpans() throws(TempoRefusal) -> [(StoredTrace, StoredSpan)] {
        let window = try self.window()
        let query = request.parameter("q").flatMap { try? TraceQLParser.query($0) }
        return store.traces.filter { $0.isIn(window) }.flatMap { trace in
            let places =
                query.map { TraceQLEvaluation(trace: trace).spans($0.spanset) }
                ?? Array(trace.spans.indices)
            return places.map { (trace, trace.spans[$0]) }
        }
    }

    private static func attributes(
        of span: StoredSpan
    ) -> [(scope: String, attribute: TraceAttribute)] {
        span.batch.resource.map { ("resource", $0) } + span.span.attributes.map { ("span", $0) }
            + span.span.events.flatMap { $0.attributes.map { ("event", $0) } }
            + span.span.links.flatMap { $0.attributes.map { ("link", $0) } }
    }

    func tags(isV2: Bool) throws(TempoRefusal) -> DoubleAnswer {
        let scope = request.parameter("scope") ?? "none"
        guard scope == "none" || Self.scopes.contains(scope) else {
            throw TempoRefusal(text: "invalid scope: \(scope)")
        }
        var names: [String: Set<String>] = [:]
        for (_, span) in try chosenSpans() {
            for (found, attribute) in Self.attributes(of: span)
            where !Self.hidden.contains(attribute.key) && (scope == "none" || scope == found) {
                names[found, default: []].insert(attribute.key)
            }
        }
        guard isV2 else {
            let all = names.values.reduce(into: Set<String>()) { $0.formUnion($1) }
            return answer("tagNames", all.sorted().map(JSONNode.string))
        }
        var lists = names.mapValues { names in names.sorted() }
        if scope == "none" || scope == "intrinsic" { lists["intrinsic"] = Self.intrinsics }
        let limit = Int(try number("limit") ?? 0)
        return answer(
            "scopes",
            lists.sorted { $0.key < $1.key }.map { name, tags -> JSONNode in
                let isCut = limit > 0 && name != "intrinsic"
                return .object([
                    .init("name", .string(name)),
                    .init(
                        "tags", .array(tags.prefix(isCut ? limit : .max).map(JSONNode.string))),
                ])
            })
    }

    private func answer(_ name: String, _ elements: [JSONNode]) -> DoubleAnswer {
        Self.json(
            .object([.init(name, .array(elements)), .init("metrics", .object([]))]))
    }

    // MARK: Values

    func values(of name: String, isV2: Bool) throws(TempoRefusal) -> DoubleAnswer {
        guard isV2 else { return try plainValues(of: name) }
        guard let attribute = TraceQLParser.attribute(name) else {
            let unknown = name.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            throw TempoRefusal(
                text: "please provide a valid tagName: failed to parse identifier \(name): "
                    + "parse error at line 1, col 2: unknown identifier: \(unknown)")
        }
        var found: Set<TraceQLConstant> = []
        for (trace, span) in try chosenSpans() where !Self.hidden.contains(attribute.name) {
            let evaluation = TraceQLEvaluation(trace: trace)
            let scopes: [TraceQLAttribute.Scope] =
                attribute.scope == .any ? [.resource, .span] : [attribute.scope]
            for scope in scopes {
                let scoped = TraceQLAttribute(scope: scope, name: attribute.name)
                found.formUnion(evaluation.values(of: scoped, span))
            }
        }
        let nodes = found.map { Self.typed($0) }.sorted {
            $0.bytes.lexicographicallyPrecedes($1.bytes)
        }
        let limit = Int(try number("limit") ?? 0)
        return answer("tagValues", Array(nodes.prefix(limit > 0 ? limit : .max)))
    }

    private static func typed(_ value: TraceQLConstant) -> JSONNode {
        let (type, text): (String, String) =
            switch value {
            case .string(let text): ("string", text)
            case .int(let number): ("int", String(number))
            case .double(let number): ("float", GoFloat.text(number))
            case .bool(let value): ("bool", value ? "true" : "false")
            case .status(let code): ("int", String(code))
            case .kind(let kind): ("int", String(kind))
            case .missing: ("string", "nil")
            }
        var members: [JSONNode.Member] = [.init("type", .string(type))]
        if !text.isEmpty { members.append(.init("value", .string(text))) }
        return .object(members)
    }

    /// Texts only, of an attribute in any scope.
    private func plainValues(of name: String) throws(TempoRefusal) -> DoubleAnswer {
        var found: Set<String> = []
        let intrinsic = TraceQLParser.attribute(name).flatMap { $0.scope == .intrinsic ? $0 : nil }
        for (trace, span) in try chosenSpans() {
            if let intrinsic {
                for value in TraceQLEvaluation(trace: trace).values(of: intrinsic, span) {
                    if case .string(let text) = value { found.insert(text) }
                }
            }
            for (_, attribute) in Self.attributes(of: span)
            where attribute.key == name && !Self.hidden.contains(name) {
                if case .string(let text) = attribute.value { found.insert(text) }
            }
        }
        return answer("tagValues", found.sorted().map(JSONNode.string))
    }
}

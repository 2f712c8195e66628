import GoText

/// Search, and the names and values that can be searched for.
extension TempoAnswers {
    /// What of a trace fits a query: its spansets.
    private struct Match {
        struct Spanset {
            var places: [Int]
            var attributes: [TraceAttribute] = []
        }

        var trace: StoredTrace
        var spansets: [Spanset]
    }

    func search() throws(TempoRefusal) -> DoubleAnswer {
        let limit = try number("limit") ?? 20
        guard limit > 0 else {
            throw TempoRefusal(text: "invalid limit: must be a positive number")
        }
        guard limit <= 262_144 else {
            throw TempoRefusal(text: "limit \(limit) exceeds max limit 262144")
        }
        var perSpanset = try number("spss") ?? 3
        guard perSpanset <= 100 else {
            throw TempoRefusal(text: "spans per span set exceeds 100. received \(perSpanset)")
        }
        if perSpanset == 0 { perSpanset = 3 }
        let window = try self.window()
        let least = try duration("minDuration")
        let most = try duration("maxDuration")
        let tags = try requestedTags()
        var query: TraceQLQuery?
        if let text = request.parameter("q") {
            do throws(TraceQLParser.Refusal) {
                query = try TraceQLParser.query(text)
            } catch {
                throw TempoRefusal(text: "invalid TraceQL query: \(error.text)")
            }
        }
        var matches: [Match] = []
        for trace in store.traces where trace.isIn(window) {
            if let query {
                let spansets = Self.spansets(of: query, in: trace)
                if !spansets.isEmpty { matches.append(Match(trace: trace, spansets: spansets)) }
            } else if trace.duration >= least ?? 0, trace.duration <= most ?? .max,
                Self.has(trace, tags)
            {
                matches.append(Match(trace: trace, spansets: []))
            }
        }
        let newest = matches.stablySorted { $0.trace.start > $1.trace.start }
        // Without the hint the first that are found, which are the first by ID.
        let isNewest = query?.hints["most_recent"] == "true"
        let chosen = Array((isNewest ? newest : matches).prefix(Int(limit)))
            .stablySorted { $0.trace.start > $1.trace.start }
        return Self.json(
            .object([
                .init(
                    "traces",
                    .array(
                        chosen.map { Self.node($0, query, perSpanset: Int(perSpanset)) })),
                .init("metrics", .object([])),
            ]))
    }

    private func duration(_ name: String) throws(TempoRefusal) -> Int64? {
        guard let text = request.parameter(name) else { return nil }
        guard let length = Quantities.nanoseconds(text) else {
            throw TempoRefusal(
                text: "invalid \(name): time: invalid duration \(GoQuoting.quote(text))")
        }
        return Int64(length)
    }

    private func requestedTags() throws(TempoRefusal) -> [Logfmt.Pair] {
        guard let text = request.parameter("tags") else { return [] }
        let (pairs, isWhole) = Logfmt.pairs(text)
        guard isWhole else {
            throw TempoRefusal(
                text: "invalid tags: unterminated quoted value at pos \(text.utf8.count + 1)")
        }
        return pairs
    }

    private static func has(_ trace: StoredTrace, _ tags: [Logfmt.Pair]) -> Bool {
        tags.allSatisfy { tag in
            trace.spans.contains { span in
                (span.span.attributes + span.batch.resource).contains {
                    $0.key == tag.key && text(of: $0.value) == tag.value
                }
            }
        }
    }

    // MARK: Spansets

    private static func spansets(of query: TraceQLQuery, in trace: StoredTrace) -> [Match.Spanset] {
        let evaluation = TraceQLEvaluation(trace: trace)
        var spansets = [Match.Spanset(places: evaluation.spans(query.spanset))]
        for stage in query.stages {
            switch stage {
            case .select, .metric, .first, .compare: break
            case .filter(let filter):
                let kept = Set(evaluation.spans(filter))
                for index in spansets.indices {
                    spansets[index].places.removeAll { !kept.contains($0) }
                }
            case .by(let attribute):
                spansets = spansets.flatMap { grouped($0, by: attribute, evaluation) }
            case .aggregate(let name, let operand, let sign, let wanted):
                spansets = spansets.compactMap { spanset in
                    guard !spanset.places.isEmpty else { return nil }
                    var spanset = spanset
                    let values = spanset.places.map { place -> Double in
                        guard let operand else { return 1 }
                        return evaluation.values(of: operand, trace.spans[place])
                            .lazy.compactMap { TraceQLEvaluation.number($0) }.first ?? 0
                    }
                    let value = aggregated(name, values)
                    guard let wanted = TraceQLEvaluation.number(wanted),
                        Comparison(sign)?.holds(value, wanted) == true
                    else { return nil }
                    let isDuration = operand?.name.lowercased().hasSuffix("duration") == true
                    spanset.attributes.append(
                        TraceAttribute(
                            "\(name)(\(operand?.text ?? ""))",
                            name == "count"
                                ? .int(Int64(value))
                                : isDuration
                                    ? .string(GoDuration.text(value.rounded(.towardZero)))
                                    : .double(value)))
                    return spanset
                }
            }
        }
        return spansets.filter { !$0.places.isEmpty }
    }

    private static func aggregated(_ name: String, _ values: [Double]) -> Double {
        switch name {
        case "count": Double(values.count)
        case "sum": values.reduce(0, +)
        case "avg": values.reduce(0, +) / Double(values.count)
        case "min": values.min() ?? 0
        default: values.max() ?? 0
        }
    }

    private static func grouped(
        _ spanset: Match.Spanset, by attribute: TraceQLAttribute, _ evaluation: TraceQLEvaluation
    ) -> [Match.Spanset] {
        var groups: [(TraceQLConstant, Match.Spanset)] = []
        for place in spanset.places {
            let value =
                evaluation.values(of: attribute, evaluation.trace.spans[place]).first ?? .missing
            if let index = groups.firstIndex(where: { $0.0 == value }) {
                groups[index].1.places.append(place)
            } else {
                let label = TraceAttribute("by(\(attribute.text))", value.value)
                groups.append(
                    (
                        value,
                        Match.Spanset(places: [place], attributes: spanset.attributes + [label])
                    ))
            }
        }
        return groups.map(\.1)
    }

    /// What answers tell of a span: what a query names, but for what is told elsewhere.
    private static func shownAttributes(
        _ query: TraceQLQuery, _ span: StoredSpan, _ evaluation: TraceQLEvaluation
    ) -> [TraceQLAttribute] {
        var shown = evaluation.attributes(query.spanset, span)
        for stage in query.stages {
            switch stage {
            case .select(let attributes): shown += attributes
            case .by(let attribute): shown.append(attribute)
            case .filter(let filter): shown += evaluation.attributes(filter, span)
            default: break
            }
        }
        var seen: Set<TraceQLAttribute> = []
        let hidden: Set<String> = [
            "duration", "traceDuration", "rootName", "rootServiceName", "trace:id", "span:id",
        ]
        return shown.filter { attribute in
            let isHidden = attribute.scope == .intrinsic && hidden.contains(attribute.name)
            return !isHidden && seen.insert(attribute).inserted
        }
    }

    // MARK: JSON

    private static func node(
        _ match: Match, _ query: TraceQLQuery?, perSpanset: Int
    ) -> JSONNode {
        let trace = match.trace
        var members: [JSONNode.Member] = [
            .init("traceID", .string(HexText.short(trace.id))),
            .init("rootServiceName", .string(trace.root?.service ?? StoredTrace.missingRoot)),
        ]
        if let name = trace.root?.span.name {
            members.append(.init("rootTraceName", .string(name)))
        }
        members.append(.init("startTimeUnixNano", .string(String(trace.start))))
        let milliseconds = trace.duration / 1_000_000
        if milliseconds > 0 { members.append(.init("durationMs", JSONNode(milliseconds))) }
        let spansets = match.spansets.map {
            node($0, in: trace, query, perSpanset: perSpanset)
        }
        if let first = spansets.first {
            members.append(.init("spanSet", first))
            members.append(.init("spanSets", .array(spansets)))
            members.append(.init("serviceStats", statistics(of: trace)))
        }
        return .object(members)
    }

    private static func node(
        _ spanset: Match.Spanset, in trace: StoredTrace, _ query: TraceQLQuery?, perSpanset: Int
    ) -> JSONNode {
        let evaluation = TraceQLEvaluation(trace: trace)
        let spans = spanset.places.prefix(perSpanset).map { place -> JSONNode in
            let stored = trace.spans[place]
            let attributes = query.map { shownAttributes($0, stored, evaluation) } ?? []
            var members: [JSONNode.Member] = [
                .init("spanID", .string(HexText.text(stored.span.spanID)))
            ]
            let name = TraceQLAttribute(scope: .intrinsic, name: "name")
            if attributes.contains(name) {
                members.append(.init("name", .string(stored.span.name)))
            }
            members.append(.init("startTimeUnixNano", .string(String(stored.span.start))))
            members.append(.init("durationNanos", .string(String(stored.span.duration))))
            let shown = attributes.filter { $0 != name }.compactMap { attribute in
                evaluation.values(of: attribute, stored).first.map {
                    TraceAttribute(attribute.name, $0.value)
                }
            }
            if !shown.isEmpty {
                members.append(.init("attributes", TraceEncoding.attributes(shown)))
            }
            return .object(members)
        }
        var members: [JSONNode.Member] = [
            .init("spans", .array(spans)), .init("matched", JSONNode(spanset.places.count)),
        ]
        if !spanset.attributes.isEmpty {
            members.append(.init("attributes", TraceEncoding.attributes(spanset.attributes)))
        }
        return .object(members)
    }

    private static func statistics(of trace: StoredTrace) -> JSONNode {
        let services = Dictionary(grouping: trace.spans, by: \.service)
        return .object(
            services.sorted { $0.key < $1.key }.map { service, spans -> JSONNode.Member in
                var members: [JSONNode.Member] = [.init("spanCount", JSONNode(spans.count))]
                let errors = spans.filter { $0.span.status == 2 }.count
                if errors > 0 { members.append(.init("errorCount", JSONNode(errors))) }
                return .init(service, .object(members))
            })
    }

    static func text(of value: TraceValue) -> String? {
        switch value {
        case .string(let text): text
        case .int(let number): String(number)
        case .double(let number): GoFloat.text(number)
        case .bool(let value): value ? "true" : "false"
        case .array: nil
        }
    }
}

/// Lengths of time as Go prints them.
enum GoDuration {
    static func text(_ nanoseconds: Double) -> String {
        for (unit, size) in [("s", 1e9), ("ms", 1e6), ("µs", 1e3)] where nanoseconds >= size {
            return GoFloat.plain(nanoseconds / size) + unit
        }
        return GoFloat.plain(nanoseconds) + "ns"
    }
}

/// Composes the documents of a text within limits. An alias costs nothing here, however much it
/// repeats, but all that it repeats is counted: a walk through the documents meets no more
/// nodes than the limits allow.
public struct YAMLComposer {
    private let events: YAMLEvents
    private let limits: YAMLLimits
    private var anchors: [String: YAMLNode] = [:]
    /// Anchors of what is being read, which cannot be repeated within itself.
    private var unfinished: Set<String> = []
    private var values = 0
    private var bytes = 0

    /// Every document of a text, in order.
    ///
    /// - Throws: for what is not YAML, for keys that are given twice, for merge keys of what is no
    ///   mapping, and for what is beyond the limits.
    public static func documents(
        of text: String, limits: YAMLLimits = YAMLLimits()
    ) throws(YAMLFailure) -> [YAMLNode] {
        guard text.utf8.count <= limits.bytes else {
            throw YAMLFailure(
                problem: "is too large: \(text.utf8.count) bytes, \(limits.bytes) are allowed")
        }
        var composer = YAMLComposer(events: YAMLEvents(text), limits: limits)
        return try composer.documents()
    }

    private init(events: YAMLEvents, limits: YAMLLimits) {
        self.events = events
        self.limits = limits
    }

    private mutating func documents() throws(YAMLFailure) -> [YAMLNode] {
        var documents: [YAMLNode] = []
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd: return documents
            case .documentStart:
                anchors = [:]
                documents.append(try node(try events.next(), depth: 1))
            case .streamStart, .documentEnd, .listEnd, .mappingEnd, .alias, .scalar, .listStart,
                .mappingStart:
                continue
            }
        }
    }

    private mutating func node(
        _ event: YAMLEvents.Event, depth: Int
    ) throws(YAMLFailure) -> YAMLNode {
        if case .alias(let name) = event.kind { return try repeated(name, event, depth: depth) }
        guard depth <= limits.depth else { throw tooDeep(event) }
        if let anchor = event.anchor { unfinished.insert(anchor) }
        var node = YAMLNode(
            line: event.line, column: event.column, content: .list([]), size: YAMLNode.Size())
        switch event.kind {
        case .scalar(let text, let isPlain, _):
            node.content = .scalar(text, isPlain: isPlain)
            node.size.bytes = text.utf8.count
            try count(node.size, at: event)
        case .listStart:
            try count(node.size, at: event)
            try readList(into: &node, depth: depth)
        case .mappingStart:
            try count(node.size, at: event)
            try readMapping(into: &node, depth: depth)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .listEnd, .mappingEnd, .alias:
            // libyaml tells no such event where a value is due.
            throw YAMLFailure(
                line: event.line, column: event.column, problem: "is not YAML: a value is missing")
        }
        if let anchor = event.anchor {
            unfinished.remove(anchor)
            anchors[anchor] = node
        }
        return node
    }

    private mutating func readList(
        into node: inout YAMLNode, depth: Int
    ) throws(YAMLFailure) {
        var elements: [YAMLNode] = []
        while true {
            let event = try events.next()
            if case .listEnd = event.kind { break }
            let element = try self.node(event, depth: depth + 1)
            node.size.contain(element.size)
            elements.append(element)
        }
        node.content = .list(elements)
    }

    // MARK: Mappings

    private mutating func readMapping(
        into node: inout YAMLNode, depth: Int
    ) throws(YAMLFailure) {
        var pairs: [YAMLNode.Pair] = []
        var lines: [String: Int] = [:]
        var merged: [YAMLNode.Pair] = []
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try key(event, depth: depth + 1)
            node.size.values += 1
            node.size.bytes += key.utf8.count
            if let first = lines[key] {
                throw YAMLFailure(
                    line: event.line, column: event.column,
                    problem:
                        "the key \(YAMLNode.shown(key)) is given twice: line \(first) has it already",
                    mend: key == "<<" ? "write one << with a list" : "keep one of them")
            }
            lines[key] = event.line
            let valueEvent = try events.next()
            let value = try self.node(valueEvent, depth: depth + 1)
            if isMerge(event) {
                merged = try merging(value, valueEvent)
            } else {
                pairs.append(
                    YAMLNode.Pair(
                        key: key, line: event.line, column: event.column, value: value))
            }
        }
        for pair in merged where lines[pair.key] == nil {
            lines[pair.key] = pair.line
            pairs.append(pair)
        }
        for pair in pairs { node.size.contain(pair.value.size) }
        node.content = .mapping(pairs)
    }

    private mutating func key(
        _ event: YAMLEvents.Event, depth: Int
    ) throws(YAMLFailure) -> String {
        switch event.kind {
        case .scalar, .alias:
            if let text = try node(event, depth: depth).text {
                guard text.utf8.count <= limits.keyBytes else {
                    throw YAMLFailure(
                        line: event.line, column: event.column,
                        problem: "the key is longer than \(limits.keyBytes) bytes")
                }
                return text
            }
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .listStart, .listEnd,
            .mappingStart, .mappingEnd:
            break
        }
        throw YAMLFailure(
            line: event.line, column: event.column, problem: "a key must be a single value",
            mend: "write a name before the colon")
    }

    /// As Go's readers of YAML have it: the key in quotes is a key like any other.
    private func isMerge(_ event: YAMLEvents.Event) -> Bool {
        guard case .scalar("<<", let isPlain, let tag) = event.kind else { return false }
        return tag == "tag:yaml.org,2002:merge" || isPlain && (tag == nil || tag == "!")
    }

    /// The pairs that `<<` brings. Of a list, earlier mappings win over later ones.
    private func merging(
        _ value: YAMLNode, _ event: YAMLEvents.Event
    ) throws(YAMLFailure) -> [YAMLNode.Pair] {
        let mappings: [YAMLNode]
        switch value.content {
        case .mapping: mappings = [value]
        case .list(let elements):
            // An alias of a list is refused by Prometheus too.
            if case .alias = event.kind { throw noMapping(event) }
            mappings = elements
        case .scalar: throw noMapping(event)
        }
        var taken: Set<String> = []
        var merged: [YAMLNode.Pair] = []
        for mapping in mappings {
            guard case .mapping(let pairs) = mapping.content else { throw noMapping(event) }
            merged += pairs.filter { taken.insert($0.key).inserted }
        }
        return merged
    }

    private func noMapping(_ event: YAMLEvents.Event) -> YAMLFailure {
        YAMLFailure(
            line: event.line, column: event.column,
            problem: "<< merges a mapping or a list of mappings, and nothing else",
            mend: "write <<: *name, or <<: [*one, *other]")
    }

    // MARK: Limits

    private mutating func repeated(
        _ name: String, _ event: YAMLEvents.Event, depth: Int
    ) throws(YAMLFailure) -> YAMLNode {
        guard !unfinished.contains(name) else {
            throw YAMLFailure(
                line: event.line, column: event.column,
                problem: "the alias *\(name) stands within the value that it repeats",
                mend: "write the value out")
        }
        guard let node = anchors[name] else {
            throw YAMLFailure(
                line: event.line, column: event.column,
                problem: "the alias *\(name) has no anchor",
                mend: "write &\(name) before the value that it repeats, earlier in the document")
        }
        guard depth + node.size.depth - 1 <= limits.depth else { throw tooDeep(event) }
        try count(node.size, at: event)
        return node
    }

    private mutating func count(
        _ size: YAMLNode.Size, at event: YAMLEvents.Event
    ) throws(YAMLFailure) {
        values += size.values
        bytes += size.bytes
        guard values <= limits.values, bytes <= 2 * limits.bytes else {
            var isAlias = false
            if case .alias = event.kind { isAlias = true }
            throw YAMLFailure(
                line: event.line, column: event.column,
                problem: isAlias
                    ? "the aliases repeat too much: more than \(limits.values) values or "
                        + "\(2 * limits.bytes) bytes with every alias written out"
                    : "is too large: more than \(limits.values) values",
                mend: isAlias ? "write fewer aliases of values that hold aliases" : nil)
        }
    }

    private func tooDeep(_ event: YAMLEvents.Event) -> YAMLFailure {
        .tooDeep(line: event.line, column: event.column)
    }
}

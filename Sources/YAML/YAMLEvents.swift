import CYaml

/// The events of a YAML text, as libyaml tells them: in order, with nothing composed yet, so that
/// what becomes of them can be bounded.
final class YAMLEvents {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd, listEnd, mappingEnd
        case alias(String)
        case scalar(text: String, isPlain: Bool, tag: String?)
        case listStart, mappingStart
    }

    struct Event {
        var kind: Kind
        /// The name that the value can be repeated by.
        var anchor: String?
        var line: Int
        var column: Int
    }

    private let bytes: UnsafeMutableBufferPointer<UInt8>
    /// On the heap, since it points to itself.
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    init(_ text: String) {
        let utf8 = Array(text.utf8)
        bytes = .allocate(capacity: utf8.count)
        _ = bytes.initialize(from: utf8)
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        bytes.deallocate()
    }

    func next() throws(YAMLFailure) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        var anchor: String?
        let kind: Kind
        switch event.type {
        case YAML_STREAM_START_EVENT: kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_SEQUENCE_END_EVENT: kind = .listEnd
        case YAML_MAPPING_END_EVENT: kind = .mappingEnd
        case YAML_ALIAS_EVENT: kind = .alias(Self.text(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT:
            anchor = Self.text(event.data.sequence_start.anchor)
            kind = .listStart
        case YAML_MAPPING_START_EVENT:
            anchor = Self.text(event.data.mapping_start.anchor)
            kind = .mappingStart
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            anchor = Self.text(scalar.anchor)
            kind = .scalar(
                text: String(
                    decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length),
                    as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, tag: Self.text(scalar.tag))
        default: kind = .streamEnd
        }
        return Event(
            kind: kind, anchor: anchor, line: event.start_mark.line + 1,
            column: event.start_mark.column + 1)
    }

    private static func text(_ pointer: UnsafePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func failure() -> YAMLFailure {
        let parser = parser.pointee
        let problem = parser.problem.map { String(cString: $0) } ?? "there is no memory for it"
        switch parser.error {
        case YAML_READER_ERROR:
            // A place in bytes, of which libyaml counts no lines.
            let before = bytes.prefix(Int(parser.problem_offset))
            let line = before.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
            return YAMLFailure(line: line, column: 1, problem: "is not YAML: \(problem)")
        case YAML_SCANNER_ERROR, YAML_PARSER_ERROR:
            let context = parser.context.map { " " + String(cString: $0) } ?? ""
            let (line, column) = (parser.problem_mark.line + 1, parser.problem_mark.column + 1)
            // libyaml has a limit of its own, and speaks of it as programmers do.
            if problem.hasPrefix("Maximum nesting") { return .tooDeep(line: line, column: column) }
            return YAMLFailure(
                line: line, column: column, problem: "is not YAML:\(context) \(problem)")
        default: return YAMLFailure(problem: "is not YAML: \(problem)")
        }
    }
}

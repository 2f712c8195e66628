import GoText
import PrometheusServer
import PrometheusWire

/// How requests are recorded.
public enum RecordingFormat: String, Sendable, CaseIterable {
    /// The lines that Prometheus writes to its `query_log_file`, and the gateway to its `query.logFile`.
    case queryLog = "query-log"
    /// What a browser exports of its network traffic.
    case har
    /// A path or URL a line; `#` begins a comment.
    case urls
}

/// Why a recording cannot be replayed.
public struct RecordingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1; nil where it is about the whole.
    public var line: Int?
    public var text: String

    public init(_ text: String, line: Int? = nil) {
        self.text = text
        self.line = line
    }

    public var description: String { line.map { "line \($0): \(text)" } ?? text }
}

/// Why an entry that is well written is not replayed.
public enum LeftOut: String, Sendable, CaseIterable {
    case otherPath = "not of the Prometheus API, or nothing that is read"
    case unknownStep = "range queries whose step is below a second, which the log does not hold"
    case unknownTimes = "range queries whose times the gateway could not read"
    case cutQuery = "queries of which the log holds the beginning alone"
}

/// Reads the requests of a recording in their order. Of logs and lists it keeps one line at a time.
public struct RecordingReader {
    public let format: RecordingFormat
    /// How many entries were left out so far.
    public private(set) var leftOut: [LeftOut: Int] = [:]

    private var lines: LineReader
    private var entries: [RecordedRequest] = []

    /// A HAR file is one document, which is kept as a whole.
    public static let largestDocument = 512 << 20

    enum Entry {
        case request(RecordedRequest)
        case leftOut(LeftOut)
    }

    /// - Parameters:
    ///   - format: nil to find it out.
    ///   - read: the next bytes; nil at the end.
    /// - Throws: where the bytes cannot be read, or a HAR file is none.
    public init(
        format: RecordingFormat? = nil, read: @escaping () throws(RecordingError) -> [UInt8]?
    ) throws(RecordingError) {
        lines = LineReader(read)
        let beginning = try lines.beginning()
        self.format = format ?? Self.format(of: beginning)
        if self.format == .har { try readDocument() }
    }

    /// - Returns: the next request; nil after the last.
    public mutating func next() throws(RecordingError) -> RecordedRequest? {
        if format == .har { return entries.popLast() }
        while let line = try lines.next() {
            guard let entry = try entry(line) else { continue }
            switch entry {
            case .request(let request): return request
            case .leftOut(let reason): leftOut[reason, default: 0] += 1
            }
        }
        return nil
    }

    private static func format(of beginning: [UInt8]) -> RecordingFormat {
        let text = beginning.filter { $0 > 0x20 }
        if text.starts(with: #"{"log":"#.utf8) { return .har }
        return text.first == UInt8(ascii: "{") ? .queryLog : .urls
    }

    /// Nil for an empty line or a comment.
    private func entry(_ line: [UInt8]) throws(RecordingError) -> Entry? {
        guard let first = line.first(where: { $0 > 0x20 }) else { return nil }
        do throws(RecordingError) {
            switch format {
            case .queryLog: return try Self.logged(line)
            case .urls:
                return first == UInt8(ascii: "#") ? nil : try Self.listed(line)
            case .har: return nil
            }
        } catch {
            throw RecordingError(error.text, line: lines.number)
        }
    }
}

// MARK: - The query log of Prometheus

extension RecordingReader {
    private static func logged(_ line: [UInt8]) throws(RecordingError) -> Entry {
        let entry: JSONValue
        do throws(JSONCursor.Failure) {
            var cursor = JSONCursor(line)
            try cursor.skip()
            cursor.skipSpace()
            guard cursor.position == line.count else {
                throw .malformed(cursor.position, "text behind the JSON object")
            }
            entry = try JSONValue(parsing: line)
        } catch {
            throw words(error)
        }
        if let own = try own(entry) { return own }
        guard let parameters = entry["params"], let query = parameters["query"]?.text else {
            throw RecordingError("no params.query, which every line of a query log has")
        }
        let start = try time(parameters, "start")
        let end = try time(parameters, "end")
        let step = parameters["step"]?.integer ?? 0
        guard step >= 0 else { throw RecordingError("params.step is below nothing") }
        // `ts` in 2.x, `time` in 3.x.
        let asked = (entry["ts"] ?? entry["time"])?.text
        let recorded = asked.flatMap { RFC3339.time($0) }
        if let asked, recorded == nil { throw RecordingError("\(asked) is no time") }
        let request = entry["httpRequest"]
        let isRange =
            step > 0 || start != end || request?["path"]?.text?.hasSuffix("/query_range") == true
        let method: RecordedRequest.Method = request?["method"]?.text == "GET" ? .get : .post
        guard isRange else {
            return .request(
                RecordedRequest(
                    method: method, path: "/api/v1/query",
                    parameters: [
                        .init("query", query), .init("time", TimestampText.parameter(start)),
                    ], time: recorded))
        }
        // The log has whole seconds. With one point any step will do.
        guard step > 0 || start == end else { return .leftOut(.unknownStep) }
        return .request(
            RecordedRequest(
                method: method, path: "/api/v1/query_range",
                parameters: [
                    .init("query", query), .init("start", TimestampText.parameter(start)),
                    .init("end", TimestampText.parameter(end)),
                    .init("step", String(max(1, step))),
                ], time: recorded))
    }

    private static func time(
        _ parameters: JSONValue, _ name: String
    ) throws(RecordingError) -> Timestamp {
        guard let text = parameters[name]?.text else {
            throw RecordingError("no params.\(name), which every line of a query log has")
        }
        guard let time = RFC3339.time(text) else {
            throw RecordingError("params.\(name) is no time: \(GoQuoting.quote(text))")
        }
        return time
    }

    fileprivate static func words(_ failure: JSONCursor.Failure) -> RecordingError {
        switch failure {
        case .incomplete: RecordingError("the JSON breaks off")
        case .malformed(let place, let text):
            RecordingError("no JSON: \(text), at byte \(place + 1)")
        case .tooMany(let text): RecordingError("no JSON: too many \(text)")
        case .offGrid: RecordingError("no JSON")
        }
    }
}

// MARK: - Lists of URLs

extension RecordingReader {
    private static func listed(_ line: [UInt8]) throws(RecordingError) -> Entry {
        let isBlank = { (byte: UInt8) in byte <= 0x20 }
        let begun = line.drop(while: isBlank)
        let end = begun.lastIndex { !isBlank($0) } ?? begun.startIndex
        let text = begun[...end]
        let mark = text.firstIndex(of: UInt8(ascii: "?")) ?? text.endIndex
        let url = String(decoding: text[..<mark], as: UTF8.self)
        guard url.hasPrefix("/") || url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw RecordingError("a line is a path or a URL, such as /api/v1/query?query=up")
        }
        if url.utf8.contains(where: isBlank) { throw RecordingError("a blank in the path") }
        guard let path = RecordedRequest.apiPath(in: url) else { return .leftOut(.otherPath) }
        let parameters = try form(text[mark...].dropFirst())
        return .request(RecordedRequest(method: .get, path: path, parameters: parameters))
    }

    private static func form(
        _ text: some Collection<UInt8>
    ) throws(RecordingError) -> [RecordedRequest.Parameter] {
        let (values, error) = FormValues.parse(text.prefix { $0 != UInt8(ascii: "#") })
        if let error { throw RecordingError(error.description) }
        return values.pairs.map { .init($0.name, $0.value) }
    }
}

// MARK: - HAR

extension RecordingReader {
    private mutating func readDocument() throws(RecordingError) {
        let document = try lines.rest(atMost: Self.largestDocument)
        var found: [RecordedRequest] = []
        var number = 0
        var hasEntries = false
        var place = 0
        do throws(RecordingError) {
            var cursor = JSONCursor(document)
            try cursor.object(
                { (key, cursor) throws(RecordingError) in
                    guard key == "log" else { return try Self.pass(&cursor, document) }
                    try cursor.object(
                        { (key, cursor) throws(RecordingError) in
                            guard key == "entries" else { return try Self.pass(&cursor, document) }
                            hasEntries = true
                            try Self.elements(&cursor) { (cursor) throws(RecordingError) in
                                number += 1
                                cursor.skipSpace()
                                place = cursor.position
                                switch try Self.exchange(&cursor, document) {
                                case .request(let request): found.append(request)
                                case .leftOut(let reason): leftOut[reason, default: 0] += 1
                                }
                            }
                        }, wrap: Self.words)
                }, wrap: Self.words)
        } catch {
            let line = document[..<place].count { $0 == UInt8(ascii: "\n") } + 1
            throw RecordingError(
                number == 0 ? error.text : "entry \(number): \(error.text)", line: line)
        }
        guard hasEntries else { throw RecordingError("no log.entries, which a HAR file has") }
        // Browsers write requests in the order of their pages. The last one is next.
        let ordered = found.enumerated().sorted { a, b in
            let (first, second) = (a.element.time ?? .min, b.element.time ?? .min)
            return first == second ? a.offset < b.offset : first < second
        }
        entries = ordered.reversed().map(\.element)
    }

    /// The request of an entry; its headers, cookies and answer are passed over.
    private static func exchange(
        _ cursor: inout JSONCursor, _ document: [UInt8]
    ) throws(RecordingError) -> Entry {
        var time: Timestamp?
        var (method, url, type) = ("", "", "")
        var body: String?
        var fields: [RecordedRequest.Parameter] = []
        try cursor.object(
            { (key, cursor) throws(RecordingError) in
                switch key {
                case "startedDateTime":
                    let text = try string(&cursor)
                    time = RFC3339.time(text)
                    if time == nil { throw RecordingError("\(text) is no time") }
                case "request":
                    try cursor.object(
                        { (key, cursor) throws(RecordingError) in
                            switch key {
                            case "method": method = try string(&cursor)
                            case "url": url = try string(&cursor)
                            case "postData":
                                let data = try value(&cursor)
                                type = data["mimeType"]?.text ?? ""
                                body = data["text"]?.text
                                fields = (data["params"]?.items ?? []).map {
                                    .init($0["name"]?.text ?? "", $0["value"]?.text ?? "")
                                }
                            default: try pass(&cursor, document)
                            }
                        }, wrap: words)
                default: try pass(&cursor, document)
                }
            }, wrap: words)
        let mark = url.firstIndex(of: "?") ?? url.endIndex
        guard let path = RecordedRequest.apiPath(in: url[..<mark].prefix { $0 != "#" }),
            let method = RecordedRequest.Method(rawValue: method),
            method == .get || type.lowercased().hasPrefix("application/x-www-form-urlencoded")
        else { return .leftOut(.otherPath) }
        if let body, method == .post { fields = try form(body.utf8) }
        return .request(
            RecordedRequest(
                method: method, path: path,
                parameters: (method == .post ? fields : [])
                    + (try form(url[mark...].utf8.dropFirst())), time: time))
    }

    private static func string(_ cursor: inout JSONCursor) throws(RecordingError) -> String {
        do throws(JSONCursor.Failure) { return try cursor.text() } catch { throw words(error) }
    }

    private static func value(_ cursor: inout JSONCursor) throws(RecordingError) -> JSONValue {
        var pairs: [(key: String, value: JSONValue)] = []
        try cursor.object(
            { (key, cursor) throws(RecordingError) in
                switch key {
                case "params":
                    var items: [JSONValue] = []
                    try elements(&cursor) { (cursor) throws(RecordingError) in
                        items.append(try value(&cursor))
                    }
                    pairs.append((key, .array(items)))
                default: pairs.append((key, .string(try string(&cursor))))
                }
            }, wrap: words)
        return .object(pairs)
    }

    private static func elements(
        _ cursor: inout JSONCursor,
        _ visit: (inout JSONCursor) throws(RecordingError) -> Void
    ) throws(RecordingError) {
        var wrong: RecordingError?
        do throws(JSONCursor.Failure) {
            try cursor.array { (cursor) throws(JSONCursor.Failure) in
                do throws(RecordingError) {
                    try visit(&cursor)
                } catch {
                    wrong = error
                    throw .incomplete
                }
            }
        } catch {
            throw wrong ?? words(error)
        }
    }

    /// Passes over one value, however deep: browsers write the callers of a request within each
    /// other.
    private static func pass(
        _ cursor: inout JSONCursor, _ document: [UInt8]
    ) throws(RecordingError) {
        do throws(JSONCursor.Failure) {
            let first = try cursor.peek()
            guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
                return try cursor.skip()
            }
        } catch { throw words(error) }
        var (place, depth, isInString) = (cursor.position, 0, false)
        while place < document.count {
            switch document[place] {
            case UInt8(ascii: "\\") where isInString: place += 1
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "{") where !isInString, UInt8(ascii: "[") where !isInString:
                depth += 1
            case UInt8(ascii: "}") where !isInString, UInt8(ascii: "]") where !isInString:
                depth -= 1
                if depth == 0 {
                    cursor = JSONCursor(document, from: place + 1)
                    return
                }
            default: break
            }
            place += 1
        }
        throw words(.incomplete)
    }
}

/// Takes bytes apart into lines.
private struct LineReader {
    /// Of the line that was given last, from 1.
    private(set) var number = 0
    private let read: () throws(RecordingError) -> [UInt8]?
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    private static let longest = 16 << 20

    init(_ read: @escaping () throws(RecordingError) -> [UInt8]?) { self.read = read }

    private mutating func fill() throws(RecordingError) {
        if position > 0 {
            buffer.removeFirst(position)
            position = 0
        }
        guard let bytes = try read(), !bytes.isEmpty else {
            isAtEnd = true
            return
        }
        buffer += bytes
    }

    /// Enough of the beginning to know the format by; without a byte order mark, which is dropped.
    mutating func beginning() throws(RecordingError) -> [UInt8] {
        while !isAtEnd, buffer.count < 4096 { try fill() }
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { buffer.removeFirst(3) }
        return Array(buffer.prefix(4096))
    }

    mutating func next() throws(RecordingError) -> [UInt8]? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                number += 1
                return Array(buffer[position..<end])
            }
            guard !isAtEnd else { break }
            guard buffer.count - position <= Self.longest else {
                throw RecordingError(
                    "longer than \(Self.longest >> 20) MiB", line: number + 1)
            }
            searched = buffer.count - position
            try fill()
        }
        guard position < buffer.count else { return nil }
        defer { position = buffer.count }
        number += 1
        return Array(buffer[position...])
    }

    mutating func rest(atMost limit: Int) throws(RecordingError) -> [UInt8] {
        while !isAtEnd {
            try fill()
            if buffer.count > limit {
                throw RecordingError("larger than \(limit >> 20) MiB, which HAR files may have")
            }
        }
        defer { buffer = [] }
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { return Array(buffer.dropFirst(3)) }
        return buffer
    }
}

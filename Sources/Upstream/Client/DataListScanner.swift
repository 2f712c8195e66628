import PrometheusWire

/// Reads an answer whose `data` is a list, element by element as it arrives: label sets of
/// `series`, names of `labels`. The object of `metadata` is one too.
struct DataListScanner {
    private enum State {
        case head, element(mayEnd: Bool), separator, tail, ended
    }

    private var reader: ListReader
    /// Around the list.
    private let brackets: (opening: UInt8, closing: UInt8)
    private let maximumElement: Int
    private let takesNull: Bool
    /// Bytes that must be there before the next attempt; grows by doubling, so that a large part
    /// that arrives in small chunks is not read anew with every one.
    private var wanted = 0
    /// Data, then the zero bytes that the reader needs.
    private var pending = [UInt8](repeating: 0, count: ListReader.guardCount)
    private var end = 0
    private var position = 0
    private var state = State.head
    private(set) var warnings: [String] = []
    private(set) var infos: [String] = []
    private(set) var isPartial = false
    private var status: String?

    /// - Parameters:
    ///   - maximumElement: bytes of one element, or of what stands around the list.
    ///   - takesNull: whether `null` is a list without elements.
    init(
        _ kind: ListReader.Kind, maximumElement: Int = 16 << 20, takesNull: Bool = false
    ) {
        reader = ListReader(kind)
        brackets = kind.brackets
        self.maximumElement = maximumElement
        self.takesNull = takesNull
    }

    /// Elements that were read.
    var count: Int { reader.count }

    /// Whether they came in order so far.
    var isOrdered: Bool { reader.isOrdered }

    /// Elements, each once, behind which all that are to come belong while they come in order.
    var settled: Int { reader.settled }

    /// What elements take that were not taken yet, in bytes.
    var elementBytes: Int { reader.heldBytes }

    /// What is held of the answer, in bytes.
    var heldBytes: Int { pending.count + reader.heldBytes }

    mutating func append(_ chunk: [UInt8]) throws(ScanError) {
        pending.removeLast(ListReader.guardCount)
        pending.removeSubrange(..<position)
        position = 0
        // Exactly: what doubles is twice as large as is needed.
        pending.reserveCapacity(pending.count + chunk.count + ListReader.guardCount)
        pending += chunk
        end = pending.count
        pending.append(contentsOf: repeatElement(0, count: ListReader.guardCount))
        guard end >= wanted else { return }
        while try step() {}
        let rest = end - position
        guard rest <= maximumElement else {
            throw .tooLarge("a part of the answer is larger than \(maximumElement) bytes")
        }
        wanted = min(2 * rest, maximumElement + 1)
    }

    /// What has been read since the last time, sorted.
    mutating func takeElements() -> ElementList { reader.take() }

    mutating func finish() throws(ScanError) {
        while try step() {}
        switch state {
        case .ended: break
        case .tail, .element, .separator: throw .truncated
        case .head:
            // An error, or no list.
            _ = try UpstreamDocument(Array(pending[..<end]))
            let isObject = brackets.opening == UInt8(ascii: "{")
            throw .malformed("the data is no \(isObject ? "object" : "list")")
        }
    }

    /// False when more bytes are needed.
    private mutating func step() throws(ScanError) -> Bool {
        switch state {
        case .head: return try readHead()
        case .element(let mayEnd): return try readElements(mayEnd)
        case .separator:
            guard let next = try walk({ (cursor) throws(JSONCursor.Failure) in try cursor.peek() })
            else { return false }
            try endOrGoOn(next)
            return true
        case .tail: return try readTail()
        case .ended:
            guard pending[position..<end].allSatisfy({ $0 <= 0x20 }) else {
                throw .malformed("something follows the answer")
            }
            return false
        }
    }

    private mutating func walk<T>(
        _ body: (inout JSONCursor) throws(JSONCursor.Failure) -> T
    ) throws(ScanError) -> T? {
        var cursor = JSONCursor(pending, from: position, to: end)
        do throws(JSONCursor.Failure) {
            let value = try body(&cursor)
            position = cursor.position
            return value
        } catch {
            guard let failure = ScanError(error) else { return nil }
            throw failure
        }
    }

    /// What stands around the list.
    private struct Frame {
        var status: String?
        var errorType = ""
        var text = ""
        var warnings: [String] = []
        var infos: [String] = []
        var isPartial = false

        /// Reads the value of a key other than `data`.
        mutating func read(
            _ key: String, _ cursor: inout JSONCursor
        ) throws(JSONCursor.Failure) {
            switch key {
            case "status" where status == nil: status = try cursor.string()
            case "errorType": errorType = try cursor.text()
            case "error": text = try cursor.text()
            case "warnings": warnings += try cursor.notes()
            case "infos": infos += try cursor.notes()
            case "isPartial": isPartial = try cursor.flag() || isPartial
            case "status", "data": throw .malformed(cursor.position, "\(key) stands twice")
            default: try cursor.skip()
            }
        }
    }

    /// Up to the list's bracket.
    private mutating func readHead() throws(ScanError) -> Bool {
        let start = position
        var frame = Frame()
        let (takesNull, opening) = (takesNull, brackets.opening)
        var isNull = false
        let isList = try walk { (cursor) throws(JSONCursor.Failure) -> Bool in
            try cursor.expect(UInt8(ascii: "{"))
            while try cursor.peek() == UInt8(ascii: "\"") {
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                if key == "data" {
                    if takesNull, try cursor.peek() == UInt8(ascii: "n"), frame.status != "error" {
                        try cursor.skip()
                        isNull = true
                        return true
                    }
                    guard try cursor.peek() == opening, frame.status != "error" else {
                        return false
                    }
                    try cursor.expect(opening)
                    return true
                }
                try frame.read(key, &cursor)
                guard try cursor.peek() == UInt8(ascii: ",") else { return false }
                try cursor.expect(UInt8(ascii: ","))
            }
            return false
        }
        guard isList == true else {
            position = start
            return false
        }
        status = frame.status
        take(frame)
        state = isNull ? .tail : .element(mayEnd: true)
        return true
    }

    private mutating func take(_ frame: Frame) {
        warnings += frame.warnings
        infos += frame.infos
        isPartial = isPartial || frame.isPartial
    }

    /// Reads the elements that are here.
    private mutating func readElements(_ mayEnd: Bool) throws(ScanError) -> Bool {
        let next = try walk { (cursor) throws(JSONCursor.Failure) in try cursor.peek() }
        guard let next else { return false }
        if mayEnd, next == brackets.closing {
            try endOrGoOn(next)
            return true
        }
        let stop = try reader.read(pending, from: position, to: end)
        if stop.position > position { state = .element(mayEnd: false) }
        position = stop.position
        if stop.isIncomplete { return false }
        state = .separator
        return true
    }

    private mutating func endOrGoOn(_ byte: UInt8) throws(ScanError) {
        switch byte {
        case UInt8(ascii: ","): state = .element(mayEnd: false)
        case brackets.closing: state = .tail
        default:
            let closing = Character(UnicodeScalar(brackets.closing))
            throw .malformed("expected ',' or '\(closing)' in a list")
        }
        position += 1
    }

    private mutating func readTail() throws(ScanError) -> Bool {
        var frame = Frame()
        frame.status = status
        let done = try walk { (cursor) throws(JSONCursor.Failure) in
            while try cursor.peek() == UInt8(ascii: ",") {
                try cursor.expect(UInt8(ascii: ","))
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                try frame.read(key, &cursor)
            }
            try cursor.expect(UInt8(ascii: "}"))
            return true
        }
        guard done == true else { return false }
        switch frame.status {
        case "success"?: break
        case "error"?: throw .refused(errorType: frame.errorType, error: frame.text)
        default: throw .malformed("no status")
        }
        take(frame)
        state = .ended
        return true
    }
}

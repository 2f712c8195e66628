import PrometheusAPI

/// Reads an answer whose `data` is a list, element by element as it arrives: label sets of
/// `series`, names of `labels`. Spellings that name other things before `data` are read wholly.
struct DataListScanner<Element: Sendable> {
    typealias Read = @Sendable (inout JSONCursor) throws(JSONCursor.Failure) -> Element

    private enum State {
        case head, element(mayEnd: Bool), separator, tail, ended
    }

    private let read: Read
    private let maximumElement: Int
    private var pending: [UInt8] = []
    private var position = 0
    private var state = State.head
    private var ready: [Element] = []
    private(set) var warnings: [String] = []
    private(set) var infos: [String] = []

    /// - Parameter maximumElement: bytes of one element, or of what stands around the list.
    init(maximumElement: Int = 16 << 20, read: @escaping Read) {
        self.maximumElement = maximumElement
        self.read = read
    }

    mutating func append(_ chunk: [UInt8]) throws(ScanError) {
        pending.removeSubrange(..<position)
        position = 0
        pending += chunk
        while try step() {}
        guard pending.count - position <= maximumElement else {
            throw .tooLarge("a part of the answer is larger than \(maximumElement) bytes")
        }
    }

    /// What has been read since the last time.
    mutating func takeElements() -> [Element] {
        defer { ready = [] }
        return ready
    }

    mutating func finish() throws(ScanError) {
        switch state {
        case .ended: break
        case .tail, .element, .separator: throw .truncated
        case .head:
            // An error, or a list that never began.
            let document = try MemberDocument(pending)
            guard document.data == Array("null".utf8) || document.data == Array("[]".utf8) else {
                throw .malformed("the data is no list")
            }
            warnings = document.warnings
            infos = document.infos
        }
    }

    /// False when more bytes are needed.
    private mutating func step() throws(ScanError) -> Bool {
        switch state {
        case .head: return try readHead()
        case .element(let mayEnd): return try readElement(mayEnd)
        case .separator:
            guard let next = try walk({ (cursor) throws(JSONCursor.Failure) in try cursor.peek() })
            else { return false }
            try endOrGoOn(next)
            return true
        case .tail: return try readTail()
        case .ended:
            guard pending[position...].allSatisfy({ $0 <= 0x20 }) else {
                throw .malformed("something follows the answer")
            }
            return false
        }
    }

    private mutating func walk<T>(
        _ body: (inout JSONCursor) throws(JSONCursor.Failure) -> T
    ) throws(ScanError) -> T? {
        var cursor = JSONCursor(pending, from: position)
        do throws(JSONCursor.Failure) {
            let value = try body(&cursor)
            position = cursor.position
            return value
        } catch {
            switch error {
            case .incomplete: return nil
            case .malformed(_, let reason): throw .malformed(reason)
            case .tooMany(let reason): throw .tooLarge(reason)
            }
        }
    }

    /// Up to the list's bracket.
    private mutating func readHead() throws(ScanError) -> Bool {
        let start = position
        let found = try walk { (cursor) throws(JSONCursor.Failure) -> Bool in
            try cursor.expect(UInt8(ascii: "{"))
            while try cursor.peek() == UInt8(ascii: "\"") {
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                if key == "data" {
                    guard try cursor.peek() == UInt8(ascii: "[") else { return false }
                    try cursor.expect(UInt8(ascii: "["))
                    return true
                }
                if key == "status" {
                    guard try cursor.string() == "success" else { return false }
                } else {
                    return false
                }
                guard try cursor.peek() == UInt8(ascii: ",") else { return false }
                try cursor.expect(UInt8(ascii: ","))
            }
            return false
        }
        guard found == true else {
            position = start
            return false
        }
        state = .element(mayEnd: true)
        return true
    }

    private mutating func readElement(_ mayEnd: Bool) throws(ScanError) -> Bool {
        let next = try walk { (cursor) throws(JSONCursor.Failure) in try cursor.peek() }
        guard let next else { return false }
        if mayEnd, next == UInt8(ascii: "]") {
            try endOrGoOn(next)
            return true
        }
        guard let element = try walk(read) else { return false }
        ready.append(element)
        state = .separator
        return true
    }

    private mutating func endOrGoOn(_ byte: UInt8) throws(ScanError) {
        switch byte {
        case UInt8(ascii: ","): state = .element(mayEnd: false)
        case UInt8(ascii: "]"): state = .tail
        default: throw .malformed("expected ',' or ']' in a list")
        }
        position += 1
    }

    private mutating func readTail() throws(ScanError) -> Bool {
        var warnings: [String] = []
        var infos: [String] = []
        let done = try walk { (cursor) throws(JSONCursor.Failure) in
            while try cursor.peek() == UInt8(ascii: ",") {
                try cursor.expect(UInt8(ascii: ","))
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                switch key {
                case "warnings": warnings = try cursor.strings()
                case "infos": infos = try cursor.strings()
                default: try cursor.skip()
                }
            }
            try cursor.expect(UInt8(ascii: "}"))
            return true
        }
        guard done == true else { return false }
        self.warnings = warnings
        self.infos = infos
        state = .ended
        return true
    }
}

import Synchronization

/// An answer whose head has arrived and whose body is read as it comes.
public struct TransferResponse: Sendable {
    /// Such as 200; never of an interim answer.
    public let status: Int
    /// The protocol that was spoken: `HTTP/1.1` or `HTTP/2`.
    public let version: String
    /// Of the final head; interim answers are passed over.
    public let headers: HeaderFields
    /// To be read once. When the response and its iterators are dropped, the transfer ends.
    public let body: TransferBody
}

/// Status and header fields.
struct TransferHead: Sendable {
    var status: Int
    var version: String
    var headers: HeaderFields
}

/// What is known once a body has ended.
public struct TransferSummary: Sendable, Equatable {
    /// Bytes of body as they came over the wire.
    public var wireBytes: Int
    /// From the first byte to the last, without the time it was not read.
    public var activeTime: Duration
    /// Fields that came after the body.
    public var trailers: HeaderFields
}

/// A body: chunks of some hundred kilobytes at most, in order. Not reading makes the server wait.
public struct TransferBody: AsyncSequence, Sendable {
    public typealias Element = [UInt8]

    let handle: TransferHandle

    /// - Returns: an iterator of the one reader that a body has.
    public func makeAsyncIterator() -> Iterator { Iterator(handle: handle) }

    public struct Iterator: AsyncIteratorProtocol {
        let handle: TransferHandle
        /// The last one is next, so that what was read is kept no longer.
        private var chunks: [[UInt8]] = []
        /// Nil until `next` has returned nil.
        public private(set) var summary: TransferSummary?

        init(handle: TransferHandle) { self.handle = handle }

        /// - Returns: the next bytes, never none; nil after the last.
        /// - Throws: `TransferError`; nothing follows an error. A cancelled task throws `.cancelled`.
        public mutating func next() async throws(TransferError) -> [UInt8]? {
            try await next(isolation: nil)
        }

        /// As `next()`, on the actor of its caller.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(TransferError) -> [UInt8]? {
            if let chunk = chunks.popLast() { return chunk }
            if summary != nil { return nil }
            switch try await handle.read().get() {
            case .bytes(let all):
                chunks = all.reversed()
                return chunks.popLast()
            case .end(let summary):
                self.summary = summary
                return nil
            }
        }
    }
}

/// Holds a transfer: when its last holder is gone, it ends.
final class TransferHandle: Sendable {
    private let id: UInt64
    private let multi: MultiHandle
    /// The transfer's end was read, so that there is nothing to end.
    private let isOver = Atomic(false)

    init(id: UInt64, multi: MultiHandle) {
        self.id = id
        self.multi = multi
    }

    deinit {
        if !isOver.load(ordering: .relaxed) { multi.loop.abandon(id) }
    }

    func read() async -> Result<BodyPart, TransferError> {
        if Task.isCancelled {
            multi.loop.abandon(id)
            return .failure(.cancelled)
        }
        let part = await withTaskCancellationHandler {
            await multi.read(id)
        } onCancel: {
            multi.loop.abandon(id)
        }
        if case .success(.end) = part { isOver.store(true, ordering: .relaxed) }
        return part
    }
}

/// Reads an answer's header lines one by one: interim answers (1xx) are passed over, what follows
/// the final head is trailers.
struct ResponseHeadParser {
    enum Event: Equatable {
        case more
        /// The empty line after the final head.
        case headEnded
        case tooLarge
    }

    static let maximumBytes = 128 * 1024

    private(set) var status = 0
    /// As the status line has it, such as `HTTP/1.1`.
    private(set) var version = ""
    private(set) var headers = HeaderFields()
    private(set) var trailers = HeaderFields()
    private(set) var isComplete = false
    private var bytes = 0

    /// Takes one line with its line end.
    mutating func feed(_ line: UnsafeBufferPointer<UInt8>) -> Event {
        bytes += line.count
        if bytes > Self.maximumBytes { return .tooLarge }
        var end = line.count
        while end > 0, line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
        let content = line[..<end]
        if content.isEmpty {
            guard !isComplete, status >= 200 else { return .more }
            isComplete = true
            return .headEnded
        }
        if !isComplete, content.starts(with: "HTTP/".utf8) {
            status = Self.status(of: content)
            version = Self.text(content.prefix { $0 != 0x20 })
            headers = HeaderFields()
        } else if content.first == 0x20 || content.first == 0x09 {
            extend(with: Self.text(content))
        } else if let colon = content.firstIndex(of: UInt8(ascii: ":")) {
            append(Self.text(content[..<colon]), Self.text(content[(colon + 1)...]))
        }
        return .more
    }

    private mutating func append(_ name: String, _ value: String) {
        if isComplete {
            trailers.append(name: name, value: value)
        } else {
            headers.append(name: name, value: value)
        }
    }

    private mutating func extend(with text: String) {
        if isComplete { trailers.extendLast(with: text) } else { headers.extendLast(with: text) }
    }

    /// The number after the first blank; 0 without one.
    private static func status(of line: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        guard let blank = line.firstIndex(of: 0x20) else { return 0 }
        var number = 0
        for byte in line[(blank + 1)...].prefix(3) {
            guard (48...57).contains(byte) else { return 0 }
            number = number * 10 + Int(byte - 48)
        }
        return number
    }

    private static func text(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var bytes = bytes
        while let first = bytes.first, isBlank(first) { bytes = bytes.dropFirst() }
        while let last = bytes.last, isBlank(last) { bytes = bytes.dropLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Header fields in the order of arrival. Names are compared without regard to ASCII case; a name
/// may occur more than once.
public struct HeaderFields: Sendable, Equatable {
    /// One name and one value, as they came.
    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// In the order of arrival.
    public private(set) var fields: [Field]

    public init(_ fields: [Field] = []) { self.fields = fields }

    /// Adds a field behind the others; one of the same name stays.
    public mutating func append(name: String, value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Continues the value of the last field; folded lines are old, but not gone.
    mutating func extendLast(with text: String) {
        guard let last = fields.indices.last else { return }
        if !fields[last].value.isEmpty { fields[last].value += " " }
        fields[last].value += text
    }

    /// The first value of a name; nil where there is none.
    public subscript(name: String) -> String? {
        fields.first { Self.areEqual($0.name, name) }?.value
    }

    /// All values of a name, in the order of arrival.
    public func values(of name: String) -> [String] {
        fields.filter { Self.areEqual($0.name, name) }.map(\.value)
    }

    static func areEqual(_ a: String, _ b: String) -> Bool {
        a.utf8.elementsEqual(b.utf8) { lowercased($0) == lowercased($1) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (65...90).contains(byte) ? byte | 0x20 : byte
    }
}

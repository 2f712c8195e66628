import NIOHTTP1
import NIOWebSocket

/// What a connection's bytes are read as.
enum RequestPart: Equatable, Sendable {
    case head(RequestHead)
    case body([UInt8])
    case end
    /// Nothing comes after it.
    case malformed(MalformedRequest)
    /// Of a connection that speaks WebSocket.
    case frame(WebSocketFrame)
}

/// What goes out over a connection.
enum ResponsePart: Sendable {
    case http(HTTPServerResponsePart)
    /// Of a connection that speaks WebSocket.
    case frame(WebSocketFrame)
}

/// Divides the bytes of a connection into requests, however they are split on their way. It alone
/// knows where a request begins, so that nothing in a body can be taken for one.
struct RequestDecoder {
    private enum State: Equatable {
        /// Before the first byte of a head, or within one.
        case head
        case body(left: Int)
        case chunkSize
        case chunk(left: Int)
        /// The line end after a chunk's data.
        case chunkEnd
        case trailers
        /// Behind what is malformed.
        case ended
    }

    /// Bytes of a chunk's size with its extensions.
    private static let chunkLineBytes = 4096
    private static let mostChunkDigits = 15

    /// Bytes of a head, of the trailers of a body, or of all the extensions of its chunks.
    private let maximumHeadBytes: Int
    private let maximumFields: Int
    private var state = State.head
    /// The line being read, so far.
    private var line: [UInt8] = []
    private var head: RequestHead?
    /// Of head, trailers or extensions.
    private var readBytes = 0
    private var fieldCount = 0

    init(maximumHeadBytes: Int, maximumFields: Int) {
        self.maximumHeadBytes = maximumHeadBytes
        self.maximumFields = maximumFields
    }

    /// True between two requests.
    var isIdle: Bool { state == .head && head == nil && line.isEmpty }

    /// True once nothing more can be read.
    var hasEnded: Bool { state == .ended }

    /// Reads on. What is malformed is the last part that is ever emitted.
    mutating func feed(_ bytes: [UInt8], _ emit: (RequestPart) -> Void) {
        var input = bytes[...]
        do throws(MalformedRequest) {
            while try step(&input, emit) {}
        } catch {
            state = .ended
            line = []
            emit(.malformed(error))
        }
    }

    /// - Returns: false when more bytes are needed.
    private mutating func step(
        _ input: inout ArraySlice<UInt8>, _ emit: (RequestPart) -> Void
    ) throws(MalformedRequest) -> Bool {
        switch state {
        case .ended:
            return false
        case .head:
            guard let line = try nextLine(&input, limit: headBytesLeft) else { return false }
            try readHeadLine(line, emit)
        case .body(let left):
            guard let rest = take(left, of: &input, emit) else { return false }
            state = .body(left: rest)
            if rest == 0 { finish(emit) }
        case .chunkSize:
            guard let line = try nextLine(&input, limit: Self.chunkLineBytes) else { return false }
            try readChunkSize(line)
        case .chunk(let left):
            guard let rest = take(left, of: &input, emit) else { return false }
            state = rest == 0 ? .chunkEnd : .chunk(left: rest)
        case .chunkEnd:
            guard let line = try nextLine(&input, limit: 2) else { return false }
            guard line.isEmpty else { throw Self.malformedChunk }
            state = .chunkSize
        case .trailers:
            guard let line = try nextLine(&input, limit: headBytesLeft) else { return false }
            if line.isEmpty {
                finish(emit)
            } else {
                try countField(line)
                _ = try RequestHead.field(line)
            }
        }
        return true
    }

    private var headBytesLeft: Int { maximumHeadBytes - readBytes }

    private static let malformedChunk = MalformedRequest("malformed chunked encoding")

    private mutating func readHeadLine(
        _ line: [UInt8], _ emit: (RequestPart) -> Void
    ) throws(MalformedRequest) {
        guard var head else {
            readBytes = line.count + 2
            fieldCount = 0
            self.head = try RequestHead(requestLine: line)
            return
        }
        guard line.isEmpty else {
            try countField(line)
            self.head = nil
            try head.addField(line: line)
            self.head = head
            return
        }
        try head.finish()
        self.head = nil
        readBytes = 0
        emit(.head(head))
        switch head.framing {
        case .length(0): finish(emit)
        case .length(let length): state = .body(left: length)
        case .chunked: state = .chunkSize
        }
    }

    private mutating func countField(_ line: [UInt8]) throws(MalformedRequest) {
        readBytes += line.count + 2
        fieldCount += 1
        guard fieldCount <= maximumFields else { throw .tooManyFields(limit: maximumFields) }
    }

    private mutating func readChunkSize(_ line: [UInt8]) throws(MalformedRequest) {
        let digits = line.prefix { $0 != UInt8(ascii: ";") }
        let text = String(decoding: digits, as: UTF8.self)
        guard !digits.isEmpty, digits.count <= Self.mostChunkDigits,
            digits.allSatisfy(Bytes.isLetterOrDigit), let size = Int(text, radix: 16),
            line.allSatisfy(Bytes.isFieldContent)
        else { throw Self.malformedChunk }
        readBytes += line.count - digits.count
        guard readBytes <= maximumHeadBytes else { throw .headTooLarge(limit: maximumHeadBytes) }
        if size == 0 {
            fieldCount = 0
            state = .trailers
        } else {
            state = .chunk(left: size)
        }
    }

    private mutating func finish(_ emit: (RequestPart) -> Void) {
        state = .head
        readBytes = 0
        emit(.end)
    }

    /// Emits as much of `count` bytes of body as there is.
    ///
    /// - Returns: how many are still to come; nil when there was nothing.
    private func take(
        _ count: Int, of input: inout ArraySlice<UInt8>, _ emit: (RequestPart) -> Void
    ) -> Int? {
        guard !input.isEmpty else { return nil }
        let piece = input.prefix(count)
        input = input.dropFirst(piece.count)
        emit(.body(Array(piece)))
        return count - piece.count
    }

    /// The next line without its CRLF; nil when it has not come wholly.
    ///
    /// - Parameter limit: bytes of the line and its end.
    private mutating func nextLine(
        _ input: inout ArraySlice<UInt8>, limit: Int
    ) throws(MalformedRequest) -> [UInt8]? {
        let end = input.firstIndex(of: UInt8(ascii: "\n"))
        let piece = input[..<(end.map { $0 + 1 } ?? input.endIndex)]
        guard line.count + piece.count <= limit else {
            switch state {
            case .head, .trailers: throw .headTooLarge(limit: maximumHeadBytes)
            case .body, .chunkSize, .chunk, .chunkEnd, .ended: throw Self.malformedChunk
            }
        }
        input = input.dropFirst(piece.count)
        line.append(contentsOf: piece)
        guard end != nil else { return nil }
        defer { line.removeAll(keepingCapacity: line.capacity <= Self.chunkLineBytes) }
        // A reader in front of this one may not take a single LF for the end of a line.
        guard line.count >= 2, line[line.count - 2] == UInt8(ascii: "\r") else {
            throw MalformedRequest("a line of the request does not end with CRLF")
        }
        return Array(line.dropLast(2))
    }
}

/// Why what came over a connection is no request that can be answered. The connection ends with
/// the answer, for where the next request would begin is not known.
struct MalformedRequest: Error, Equatable {
    /// Of the answer, as Go's server chooses it.
    var status = 400
    var message: String

    init(_ message: String, status: Int = 400) {
        self.message = message
        self.status = status
    }

    static let unsupportedVersion = MalformedRequest("unsupported protocol version", status: 505)
    static let unsupportedTransferEncoding = MalformedRequest(
        "unsupported transfer encoding", status: 501)
    static let timedOut = MalformedRequest("the request did not come in time", status: 408)
    static let endedEarly = MalformedRequest("the request ended before it was whole")

    static func headTooLarge(limit: Int) -> MalformedRequest {
        MalformedRequest("the head of the request exceeds \(limit) bytes", status: 431)
    }

    static func tooManyFields(limit: Int) -> MalformedRequest {
        MalformedRequest("the request has more than \(limit) header fields", status: 431)
    }

    static let noMemory = MalformedRequest(
        "no memory for the body beside those of other requests (limits.maxRequestMemory, "
            + "limits.maxMemory); try again later",
        status: 503)

    static func bodyTooLarge(limit: Int) -> MalformedRequest {
        MalformedRequest("the body of the request exceeds \(limit) bytes", status: 413)
    }
}

import NIOCore
import NIOHTTP1

/// Where a handler writes its answer's body. `write` waits while the client is slow, so that an
/// answer never piles up here; it throws when the client has gone.
public struct BodyWriter: ~Copyable {
    /// Pieces below this size (bytes) are gathered before they are sent.
    private static let pieceSize = 64 * 1024

    private var head: HTTPResponseHead
    private var framing: AnswerFraming
    /// nil when collecting.
    private let output: WatchedConnection.Output?
    /// True once the head was sent: from then on an error can only break off.
    private(set) var hasBegun = false
    private var compressor: BodyCompressor?
    private var pending: [UInt8] = []
    private(set) var collectedBytes: [UInt8] = []
    /// Bytes of body handed on, after compression.
    private(set) var sentCount = 0

    init(
        for response: PrometheusResponse, _ framing: AnswerFraming,
        to output: WatchedConnection.Output
    ) throws {
        head = Self.head(of: response, minorVersion: framing.minorVersion)
        self.framing = framing
        self.output = output
        if let coding = response.coding { compressor = try BodyCompressor(coding) }
    }

    init(collectingFor response: PrometheusResponse) throws {
        head = Self.head(of: response, minorVersion: 1)
        framing = AnswerFraming(lastOfHTTP1: 1)
        output = nil
        if let coding = response.coding { compressor = try BodyCompressor(coding) }
    }

    /// Whether the end of the connection is all that shows the end of a body under way.
    var endsWithConnection: Bool {
        hasBegun && framing.minorVersion == 0 && !head.headers.contains(name: "Content-Length")
    }

    /// Whether the connection ends with this answer. Known once it was sent.
    var isLast: Bool { !framing.keepsAlive }

    /// Appends bytes to the body.
    public mutating func write(_ bytes: some Sequence<UInt8>) async throws {
        append(bytes)
        if compressor != nil, !staged.isEmpty { try compressStaged(.none) }
        if pending.count >= Self.pieceSize { try await send() }
    }

    /// As above. A long piece with nothing gathered before it is sent as it is.
    public mutating func write(_ bytes: [UInt8]) async throws {
        guard compressor == nil, pending.isEmpty, output != nil, bytes.count >= Self.pieceSize
        else {
            append(bytes)
            if compressor != nil, !staged.isEmpty { try compressStaged(.none) }
            if pending.count >= Self.pieceSize { try await send() }
            return
        }
        try await send(bytes)
    }

    /// Sends what was gathered, without waiting for more; for streams of events.
    public mutating func flush() async throws {
        if compressor != nil { try compressStaged(.sync) }
        if !pending.isEmpty { try await send() }
    }

    // MARK: Use by the server

    mutating func run(_ content: PrometheusResponse.Body) async throws {
        switch content {
        case .empty, .socket:
            compressor = nil
        case .bytes(let bytes):
            try await write(whole: bytes)
        case .stream(let produce):
            try await produce(&self)
        }
        try await finish()
    }

    /// A whole body. A long one is sent in pieces, so that it is not here a second time.
    private mutating func write(whole bytes: [UInt8]) async throws {
        guard output != nil, bytes.count > Self.longBody else { return append(bytes) }
        if compressor == nil, !head.headers.contains(name: "Content-Length") {
            head.headers.add(name: "Content-Length", value: String(bytes.count))
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            try await write(rest.prefix(2 * Self.pieceSize))
            rest = rest.dropFirst(2 * Self.pieceSize)
        }
    }

    private static let longBody = 1 << 20

    private mutating func finish() async throws {
        if compressor != nil { try compressStaged(.finish) }
        guard let output, !hasBegun else {
            if !pending.isEmpty { try await send() }
            if hasBegun, let output { try await output.write(.http(.end(nil))) }
            return
        }
        // The whole body is here: its length is known and one write carries everything.
        if Self.mayHaveBody(head), !head.headers.contains(name: "Content-Length") {
            head.headers.add(name: "Content-Length", value: String(pending.count))
        }
        framing.announce(in: &head, lengthIsKnown: true)
        hasBegun = true
        sentCount += pending.count
        var parts: [ResponsePart] = [.http(.head(head))]
        if !pending.isEmpty {
            parts.append(.http(.body(.byteBuffer(ByteBuffer(bytes: pending)))))
        }
        parts.append(.http(.end(nil)))
        try await output.write(contentsOf: parts)
    }

    private mutating func send() async throws {
        if output == nil {
            collectedBytes.append(contentsOf: pending)
        } else {
            try await send(pending)
        }
        pending.removeAll(keepingCapacity: true)
    }

    private mutating func send(_ bytes: [UInt8]) async throws {
        guard let output else { return }
        if !hasBegun {
            let isKnown = head.headers.contains(name: "Content-Length")
            framing.announce(in: &head, lengthIsKnown: isKnown)
            hasBegun = true
            try await output.write(.http(.head(head)))
        }
        let piece = ByteBuffer(bytes: bytes)
        sentCount += piece.readableBytes
        try await output.write(.http(.body(.byteBuffer(piece))))
    }

    // MARK: Compression

    /// What was written but not compressed yet.
    private var staged: [UInt8] = []

    private mutating func append(_ bytes: some Sequence<UInt8>) {
        if compressor != nil {
            staged.append(contentsOf: bytes)
        } else {
            pending.append(contentsOf: bytes)
        }
    }

    private mutating func compressStaged(_ flush: Deflater.Flush) throws {
        guard let taken = compressor.take() else { return }
        compressor = try taken.compressing(staged, flush: flush, into: &pending)
        staged.removeAll(keepingCapacity: true)
    }

    // MARK: Head

    private static func head(
        of response: PrometheusResponse, minorVersion: Int
    ) -> HTTPResponseHead {
        var headers = NIOHTTP1.HTTPHeaders()
        for field in response.headers.fields {
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(Bytes.isToken) else { continue }
            // No value can end its line.
            let value = field.value.utf8.map { Bytes.isFieldContent($0) ? $0 : Bytes.space }
            headers.add(name: field.name, value: String(decoding: value, as: UTF8.self))
        }
        // A known status brings words of its own, which are not always Go's.
        let known = HTTPResponseStatus(statusCode: response.status)
        let status =
            known.mayHaveResponseBody
            ? .custom(code: known.code, reasonPhrase: ReasonPhrase.of(response.status)) : known
        return HTTPResponseHead(
            version: HTTPVersion(major: 1, minor: minorVersion), status: status, headers: headers)
    }

    private static func mayHaveBody(_ head: HTTPResponseHead) -> Bool {
        head.status.code >= 200 && head.status.code != 204 && head.status.code != 304
    }
}

/// What an answer tells its client about the connection.
struct AnswerFraming {
    /// Of HTTP/1; 1.0 knows no chunks.
    var minorVersion: Int
    var keepsAlive: Bool

    init(of head: RequestHead) {
        minorVersion = head.isHTTP10 ? 0 : 1
        keepsAlive = head.keepsAlive
    }

    init(lastOfHTTP1 minorVersion: Int) {
        self.minorVersion = minorVersion
        keepsAlive = false
    }

    /// Says in the head what becomes of the connection. Where neither a length nor chunks show the
    /// end of the body, the end of the connection does.
    mutating func announce(in head: inout HTTPResponseHead, lengthIsKnown: Bool) {
        if minorVersion == 0 && !lengthIsKnown { keepsAlive = false }
        if !keepsAlive {
            head.headers.replaceOrAdd(name: "Connection", value: "close")
        } else if minorVersion == 0 {
            head.headers.replaceOrAdd(name: "Connection", value: "keep-alive")
        }
    }
}

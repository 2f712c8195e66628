import HTTPTypes
import HummingbirdCore
import NIOCore

/// Where a handler writes its answer's body. `write` waits while the client is slow, so that an
/// answer never piles up here; it throws when the client has gone.
public struct BodyWriter: ~Copyable {
    /// Pieces below this size (bytes) are gathered before they are sent.
    private static let pieceSize = 64 * 1024

    private let head: HTTPResponse
    /// nil once the head was sent, and when collecting.
    private var unsent: ResponseWriter?
    private var body: (any ResponseBodyWriter)?
    private var compressor: BodyCompressor?
    private var pending: [UInt8] = []
    private let isCollecting: Bool
    private(set) var collectedBytes: [UInt8] = []
    /// Bytes of body handed on, after compression.
    private(set) var sentCount = 0

    init(for response: PrometheusResponse, to writer: consuming ResponseWriter) throws {
        head = Self.head(of: response)
        unsent = consume writer
        isCollecting = false
        if let coding = response.coding { compressor = try BodyCompressor(coding) }
    }

    init(collectingFor response: PrometheusResponse) throws {
        head = Self.head(of: response)
        unsent = nil
        isCollecting = true
        if let coding = response.coding { compressor = try BodyCompressor(coding) }
    }

    /// True once anything reached the client: from then on an error can only break off.
    var hasBegun: Bool { sentCount > 0 || body != nil }

    /// Appends bytes to the body.
    public mutating func write(_ bytes: some Sequence<UInt8>) async throws {
        append(bytes)
        if compressor != nil, !staged.isEmpty { try compressStaged(.none) }
        if pending.count >= Self.pieceSize { try await send() }
    }

    /// Sends what was gathered, without waiting for more; for streams of events.
    public mutating func flush() async throws {
        if compressor != nil { try compressStaged(.sync) }
        if !pending.isEmpty { try await send() }
    }

    // MARK: Use by the server

    mutating func run(_ content: PrometheusResponse.Body) async throws {
        switch content {
        case .empty:
            compressor = nil
        case .bytes(let bytes):
            append(bytes)
        case .stream(let produce):
            try await produce(&self)
        }
        try await finish()
    }

    /// Gives up on this answer and hands the connection on to another; nil once it has begun.
    mutating func takeUnsent() -> ResponseWriter? {
        hasBegun ? nil : unsent.take()
    }

    private mutating func finish() async throws {
        if compressor != nil { try compressStaged(.finish) }
        if isCollecting {
            try await send()
            return
        }
        if let writer = unsent.take() {
            // The whole body is here: its length is known and one write carries everything.
            var head = head
            if Self.mayHaveBody(head) && head.headerFields[.contentLength] == nil {
                head.headerFields[.contentLength] = String(pending.count)
            }
            sentCount += pending.count
            let whole = ResponseBody(byteBuffer: ByteBuffer(bytes: pending))
            try await writer.write(response: head, body: pending.isEmpty ? ResponseBody() : whole)
            return
        }
        if !pending.isEmpty { try await send() }
        if let body { try await body.finish(nil) }
    }

    private mutating func send() async throws {
        if isCollecting {
            collectedBytes.append(contentsOf: pending)
            pending.removeAll(keepingCapacity: true)
            return
        }
        if let writer = unsent.take() { body = try await writer.writeHead(head) }
        guard var open = body else { return }
        let piece = ByteBuffer(bytes: pending)
        pending.removeAll(keepingCapacity: true)
        sentCount += piece.readableBytes
        try await open.write(piece)
        body = open
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

    private static func head(of response: PrometheusResponse) -> HTTPResponse {
        var fields = HTTPFields()
        for field in response.headers.fields {
            guard let name = HTTPField.Name(field.name) else { continue }
            fields.append(HTTPField(name: name, value: field.value))
        }
        return HTTPResponse(
            status: HTTPResponse.Status(
                code: response.status, reasonPhrase: ReasonPhrase.of(response.status)),
            headerFields: fields)
    }

    private static func mayHaveBody(_ head: HTTPResponse) -> Bool {
        head.status.code >= 200 && head.status.code != 204 && head.status.code != 304
    }
}

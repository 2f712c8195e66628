import CCurl
import GoText

/// One transfer on its way. It belongs to the loop's thread: to the actor and to libcurl's
/// callbacks, which run there too. Never sent anywhere; the world knows it by its number.
final class Transfer {
    enum Phase {
        case waiting
        case running
        case ended(TransferError?)
    }

    typealias HeadContinuation = CheckedContinuation<Result<TransferHead, TransferError>, Never>
    typealias BodyContinuation = CheckedContinuation<Result<BodyPart, TransferError>, Never>

    static let slabBytes = 256 * 1024

    let id: UInt64
    let request: TransferRequest
    var phase = Phase.waiting
    /// Set while the transfer is in libcurl's hands.
    var easy: EasyHandle?
    /// Likewise: where its connection comes from and goes back to.
    var connections: ConnectionCache?
    var head = ResponseHeadParser()
    var headWaiter: HeadContinuation?
    var bodyWaiter: BodyContinuation?
    /// A verdict of ours on a transfer that libcurl ends because of it.
    var verdict: TransferError?
    var deadline: MonotonicInstant

    private let notices: TransferNotices
    /// Whether it is one of those its lane counts.
    var holdsPermit = false
    private(set) var received = 0
    private(set) var pausedAt: MonotonicInstant?
    private var slabs: [[UInt8]] = []
    private var buffered = 0
    private var firstByteAt: MonotonicInstant?
    private var pausedTime = Duration.zero

    init(id: UInt64, request: TransferRequest, notices: TransferNotices) {
        self.id = id
        self.request = request
        self.notices = notices
        deadline = request.timeout.map { .now.advanced(by: $0) } ?? .never
    }

    deinit { notices.share.buffered -= buffered }

    var isPaused: Bool { pausedAt != nil }

    var headResult: TransferHead {
        TransferHead(status: head.status, version: head.version, headers: head.headers)
    }

    // MARK: - From libcurl

    /// One header line; false to end the transfer.
    func receiveHeader(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        switch head.feed(line) {
        case .more: return true
        case .headEnded:
            headWaiter?.resume(returning: .success(headResult))
            headWaiter = nil
            return true
        case .tooLarge:
            verdict = TransferError(.tooLarge, "the answer's header fields are too large")
            return false
        }
    }

    enum Receipt { case taken, pause, refused }

    func receive(_ bytes: UnsafeBufferPointer<UInt8>) -> Receipt {
        if buffered >= request.window || notices.share.isFull(beside: buffered) {
            pausedAt = .now
            notices.paused.append(self)
            return .pause
        }
        let (total, overflow) = received.addingReportingOverflow(bytes.count)
        if overflow || total > request.maximumBytes {
            verdict = TransferError(
                .tooLarge, "the answer is larger than \(request.maximumBytes) bytes")
            return .refused
        }
        if firstByteAt == nil { firstByteAt = .now }
        received = total
        if bodyWaiter != nil, buffered == 0 { notices.readable.append(self) }
        store(bytes)
        return .taken
    }

    private func store(_ bytes: UnsafeBufferPointer<UInt8>) {
        buffered += bytes.count
        notices.share.buffered += bytes.count
        if let last = slabs.indices.last, slabs[last].count + bytes.count <= slabs[last].capacity {
            slabs[last].append(contentsOf: bytes)
            return
        }
        var slab: [UInt8] = []
        // A small answer gets the room it needs, a large one whole slabs.
        let room =
            received > 2 * ReceiveShare.leastWindow
            ? min(Self.slabBytes, notices.share.slabBytes) : 0
        slab.reserveCapacity(max(room, bytes.count))
        slab.append(contentsOf: bytes)
        slabs.append(slab)
    }

    // MARK: - To the reader

    /// Gives a waiting reader what has arrived.
    func answerReader() {
        guard buffered > 0, let waiter = bodyWaiter else { return }
        bodyWaiter = nil
        waiter.resume(returning: .success(.bytes(takeSlabs())))
    }

    /// The next of what has arrived, if anything: not more than some hundred kilobytes, as a reader
    /// may be slow with them.
    func takeSlabs() -> [[UInt8]] {
        var count = 0
        var bytes = 0
        while count < slabs.count, count == 0 || bytes + slabs[count].count <= Self.slabBytes {
            bytes += slabs[count].count
            count += 1
        }
        notices.share.buffered -= bytes
        buffered -= bytes
        defer { slabs.removeFirst(count) }
        return Array(slabs.prefix(count))
    }

    /// The pause is over; the deadline moves along where pauses do not count.
    func endPause() {
        guard let began = pausedAt else { return }
        let length = Duration.since(began)
        pausedAt = nil
        pausedTime += length
        if !request.timeoutCountsPauses { deadline = deadline.advanced(by: length) }
    }

    /// Nothing more will come; what has arrived can be read unless somebody gave up.
    func dropBytes() {
        slabs = []
        notices.share.buffered -= buffered
        buffered = 0
    }

    func summary() -> TransferSummary {
        let active = firstByteAt.map { Duration.since($0) - pausedTime } ?? .zero
        return TransferSummary(
            wireBytes: received, activeTime: max(.zero, active), trailers: head.trailers)
    }
}

/// What the reader of a body gets at once.
enum BodyPart: Sendable {
    case bytes([[UInt8]])
    case end(TransferSummary)
}

/// The transfers of one lane: so many at once, the others wait in the order of arrival.
struct HostConnectionLimiter {
    private(set) var running = 0
    private var waiting: [UInt64] = []

    var isIdle: Bool { running == 0 && waiting.isEmpty }

    /// Whether the transfer may begin now; else it waits.
    mutating func enter(_ id: UInt64, width: Int) -> Bool {
        guard running < max(1, width) else {
            waiting.append(id)
            return false
        }
        running += 1
        return true
    }

    /// A running transfer has ended; the one that may begin in its place.
    mutating func leave() -> UInt64? {
        guard !waiting.isEmpty else {
            running -= 1
            return nil
        }
        return waiting.removeFirst()
    }

    /// A waiting transfer has ended.
    mutating func forget(_ id: UInt64) {
        waiting.removeAll { $0 == id }
    }
}

/// How much each transfer may receive ahead of its reader, as all transfers share what there is for
/// that.
struct ReceiveShare {
    /// Bytes that every transfer may have.
    static let leastWindow = 32 * 1024
    static let usualBuffer = 256 * 1024
    private static let leastBuffer = 16 * 1024

    let total: Int
    /// Under way.
    var transfers = 0
    /// Bytes that were received and not read yet.
    var buffered = 0

    init(total: Int) { self.total = total }

    private var each: Int { total / max(1, transfers) }

    /// Whether a transfer that keeps so many bytes must wait for its reader.
    func isFull(beside own: Int) -> Bool { own >= Self.leastWindow && buffered >= total }

    /// What is kept in one piece.
    var slabBytes: Int { max(Self.leastWindow, each) }

    /// What libcurl receives at once, of which it has a buffer for each transfer.
    var bufferBytes: Int { min(Self.usualBuffer, max(Self.leastBuffer, each / 4)) }
}

/// What libcurl's callbacks have seen and cannot act upon, as nothing may be started from within
/// one. Belongs to the loop's thread.
final class TransferNotices {
    /// Their readers wait no longer. libcurl hands out bytes in small pieces; readers are woken
    /// when it has nothing more to hand out for now, not for every piece.
    var readable: [Transfer] = []
    /// They wait for their readers.
    var paused: [Transfer] = []
    var share: ReceiveShare

    init(_ share: ReceiveShare) { self.share = share }

    func takeReadable() -> [Transfer] {
        defer { readable = [] }
        return readable
    }

    func takePaused() -> [Transfer] {
        defer { paused = [] }
        return paused
    }
}

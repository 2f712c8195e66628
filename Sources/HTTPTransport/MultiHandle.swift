import CCurl
import GoText

/// libcurl's multi handle and its transfers, on one epoll thread which is also this actor's
/// executor.
///
/// The loop holds it until `shutdown`, which `CurlMulti` sees to.
actor MultiHandle {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        loop.asUnownedSerialExecutor()
    }

    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    private static let idleHandles = 256

    private nonisolated let ids = LockedValue<UInt64>(0)
    private var multi: UnsafeMutableRawPointer?
    /// Everything somebody may still ask about.
    private var transfers: [UInt64: Transfer] = [:]
    /// Those in libcurl's hands, by easy handle.
    private var running: [UnsafeMutableRawPointer: Transfer] = [:]
    private var lanes: [String: HostConnectionLimiter] = [:]
    private let notices: TransferNotices
    private var deadlines = DeadlineQueue()
    private var idle: [EasyHandle] = []
    private let connections: ConnectionCaches

    init(keptConnections: Int, receiveBytes: Int) throws(TransferError) {
        notices = TransferNotices(ReceiveShare(total: receiveBytes))
        guard Self.isLibraryReady, let multi = curl_multi_init() else {
            throw TransferError(.noResources, "cannot initialise libcurl")
        }
        loop = try EventLoop()
        connections = ConnectionCaches(loop: loop, kept: keptConnections)
        self.multi = multi
        _ = ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, keptConnections)
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 1000)
        let context = Unmanaged.passUnretained(loop).toOpaque()
        _ = ccurl_multi_set_pointer(
            multi, CURLMOPT_SOCKETDATA, Unmanaged.passUnretained(connections).toOpaque())
        _ = ccurl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, context)
        _ = ccurl_multi_set_socket_function(multi, ConnectionCaches.socketChanged)
        _ = ccurl_multi_set_timer_function(multi, Self.timerChanged)
        do throws(TransferError) { try loop.start(LoopClient(self)) } catch {
            curl_multi_cleanup(multi)
            throw error
        }
    }

    nonisolated func shutdown() async {
        await close()
        loop.stop()
    }

    private func close() {
        for transfer in Array(transfers.values) { end(transfer, with: .shutDown) }
        idle = []
        connections.closeAll()
        if let multi { curl_multi_cleanup(multi) }
        multi = nil
        loop.curlDeadline = .never
        loop.transferDeadline = .never
    }

    // MARK: - Requests

    nonisolated func execute(
        _ request: TransferRequest
    ) async throws(TransferError) -> TransferResponse {
        if let problem = request.problem { throw TransferError(.invalidRequest, problem) }
        let id = ids.withLock { last in
            last += 1
            return last
        }
        // From here on the transfer ends when the handle goes.
        let handle = TransferHandle(id: id, multi: self)
        let result = await withTaskCancellationHandler {
            await begun(id, request)
        } onCancel: {
            loop.abandon(id)
        }
        let head = try result.get()
        return TransferResponse(
            status: head.status, version: head.version, headers: head.headers,
            body: TransferBody(handle: handle))
    }

    private nonisolated func begun(
        _ id: UInt64, _ request: TransferRequest
    ) async -> Result<TransferHead, TransferError> {
        guard loop.isOnThread else { return await begunElsewhere(id, request) }
        return await withCheckedContinuation { waiter in
            assumeIsolated { $0.begin(id, request, waiter) }
        }
    }

    private func begunElsewhere(
        _ id: UInt64, _ request: TransferRequest
    ) async -> Result<TransferHead, TransferError> {
        await withCheckedContinuation { begin(id, request, $0) }
    }

    private func begin(
        _ id: UInt64, _ request: TransferRequest, _ waiter: Transfer.HeadContinuation
    ) {
        guard multi != nil else { return waiter.resume(returning: .failure(.shutDown)) }
        let transfer = Transfer(id: id, request: request, notices: notices)
        // The cancellation may have been told to the loop before there was anything to cancel.
        if Task.isCancelled { return waiter.resume(returning: .failure(.cancelled)) }
        transfers[id] = transfer
        addDeadline(of: transfer)
        if lanes[request.lane, default: HostConnectionLimiter()].enter(id, width: request.laneWidth)
        {
            start(transfer)
        }
        if case .ended(let failure) = transfer.phase {
            transfers[id] = nil
            return waiter.resume(returning: .failure(failure ?? .cancelled))
        }
        transfer.headWaiter = waiter
    }

    private func start(_ transfer: Transfer) {
        transfer.phase = .running
        transfer.holdsPermit = true
        notices.share.transfers = running.count + 1
        let bufferBytes = notices.share.bufferBytes
        let isUsual = bufferBytes == ReceiveShare.usualBuffer
        guard let multi,
            let easy = (isUsual ? idle.popLast() : nil) ?? EasyHandle(bufferBytes: bufferBytes),
            let cache = connections.started(by: transfer.request.owner)
        else {
            return end(transfer, with: TransferError(.noResources, "cannot make a transfer"))
        }
        transfer.connections = cache
        easy.configure(
            for: transfer.request.sent(
                remaining: MonotonicInstant.now.duration(to: transfer.deadline)))
        // `running` keeps the transfer for as long as libcurl has this pointer.
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        easy.set(CURLOPT_HEADERFUNCTION, function: Self.headerArrived)
        easy.set(CURLOPT_HEADERDATA, pointer: context)
        easy.set(CURLOPT_WRITEFUNCTION, function: Self.bytesArrived)
        easy.set(CURLOPT_WRITEDATA, pointer: context)
        easy.use(cache, of: connections)
        transfer.easy = easy
        running[easy.raw] = transfer
        let code = curl_multi_add_handle(multi, easy.raw)
        if code != CURLM_OK {
            end(transfer, with: TransferError(.noResources, "cannot start a transfer"))
        }
    }

    /// The next part of a body; waits for it.
    nonisolated func read(_ id: UInt64) async -> Result<BodyPart, TransferError> {
        guard loop.isOnThread else { return await readElsewhere(id) }
        if let part = availableHere(id) { return part }
        return await withCheckedContinuation { waiter in
            assumeIsolated { $0.transfers[id]?.bodyWaiter = waiter }
        }
    }

    /// On the loop's thread.
    private nonisolated func availableHere(_ id: UInt64) -> Result<BodyPart, TransferError>? {
        assumeIsolated { $0.available(id) }
    }

    private func readElsewhere(_ id: UInt64) async -> Result<BodyPart, TransferError> {
        if let part = available(id) { return part }
        return await withCheckedContinuation { transfers[id]?.bodyWaiter = $0 }
    }

    /// What is to be read now; nil where a transfer has nothing yet.
    private func available(_ id: UInt64) -> Result<BodyPart, TransferError>? {
        guard let transfer = transfers[id] else { return .failure(.cancelled) }
        guard transfer.bodyWaiter == nil else {
            return .failure(TransferError(.invalidRequest, "a body has one reader"))
        }
        var slabs = transfer.takeSlabs()
        unpause(transfer)
        if slabs.isEmpty { slabs = transfer.takeSlabs() }
        if !slabs.isEmpty { return .success(.bytes(slabs)) }
        guard case .ended(let failure) = transfer.phase else { return nil }
        transfers[id] = nil
        if let failure { return .failure(failure) }
        return .success(.end(transfer.summary()))
    }

    /// May call back with bytes at once.
    private func unpause(_ transfer: Transfer) {
        guard transfer.isPaused, let easy = transfer.easy else { return }
        transfer.endPause()
        addDeadline(of: transfer)
        let code = curl_easy_pause(easy.raw, CURLPAUSE_CONT)
        if code != CURLE_OK { end(transfer, with: easy.failure(code)) }
        givePlacesAway()
    }

    // MARK: - Ends

    /// Takes the transfer out of libcurl's hands and tells its waiter.
    private func end(_ transfer: Transfer, with failure: TransferError?) {
        if case .ended = transfer.phase { return }
        let failure = transfer.verdict ?? failure
        let wasWaiting = if case .waiting = transfer.phase { true } else { false }
        transfer.phase = .ended(failure)
        if let easy = transfer.easy {
            transfer.easy = nil
            if failure == nil, let cache = transfer.connections, let socket = easy.socket {
                connections.used(
                    socket, of: cache, isHTTP1: transfer.head.version.hasPrefix("HTTP/1"))
            }
            if let multi { curl_multi_remove_handle(multi, easy.raw) }
            running[easy.raw] = nil
            notices.share.transfers = running.count
            easy.reset()
            if let cache = transfer.connections { connections.ended(cache) }
            transfer.connections = nil
            if easy.bufferBytes == ReceiveShare.usualBuffer, idle.count < Self.idleHandles {
                idle.append(easy)
            }
        }
        answerWaiters(of: transfer, failure)
        if wasWaiting { lanes[transfer.request.lane]?.forget(transfer.id) }
        givePlaceAway(transfer)
    }

    /// Lets the next one of the lane begin.
    private func givePlaceAway(_ transfer: Transfer) {
        let lane = transfer.request.lane
        if transfer.holdsPermit {
            transfer.holdsPermit = false
            if let next = lanes[lane]?.leave().flatMap({ transfers[$0] }) { start(next) }
        }
        if lanes[lane]?.isIdle == true { lanes[lane] = nil }
    }

    /// A transfer that waits for its reader keeps no other waiting: a reader of several
    /// answers of one server side by side would wait for ever.
    private func givePlacesAway() {
        for transfer in notices.takePaused() { givePlaceAway(transfer) }
    }

    private func answerWaiters(of transfer: Transfer, _ failure: TransferError?) {
        if let waiter = transfer.headWaiter {
            transfer.headWaiter = nil
            if let failure {
                transfers[transfer.id] = nil
                waiter.resume(returning: .failure(failure))
            } else if transfer.head.isComplete {
                waiter.resume(returning: .success(transfer.headResult))
            } else {
                transfers[transfer.id] = nil
                waiter.resume(
                    returning: .failure(TransferError(.broken, "the answer has no head")))
            }
        }
        // A waiting reader has read everything before.
        if let waiter = transfer.bodyWaiter {
            transfer.bodyWaiter = nil
            transfers[transfer.id] = nil
            waiter.resume(
                returning: failure.map { .failure($0) } ?? .success(.end(transfer.summary())))
        }
    }

    fileprivate func abandoned(_ ids: [UInt64]) {
        for id in ids {
            guard let transfer = transfers.removeValue(forKey: id) else { continue }
            transfer.dropBytes()
            end(transfer, with: .cancelled)
        }
    }

    // MARK: - The loop

    fileprivate func ready(_ descriptor: Int32, _ events: UInt32) {
        var mask: Int32 = 0
        if events & EPOLLIN.rawValue != 0 { mask |= CURL_CSELECT_IN }
        if events & EPOLLOUT.rawValue != 0 { mask |= CURL_CSELECT_OUT }
        if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { mask |= CURL_CSELECT_ERR }
        act(on: descriptor, mask)
    }

    fileprivate func timePassed() {
        let now = MonotonicInstant.now
        if loop.curlDeadline <= now {
            loop.curlDeadline = .never
            act(on: CURL_SOCKET_TIMEOUT, 0)
        }
        while let id = deadlines.popPassed(at: now) {
            guard let transfer = transfers[id] else { continue }
            if transfer.deadline <= now {
                // A pause that does not count moves the deadline when it ends.
                if transfer.isPaused, !transfer.request.timeoutCountsPauses { continue }
                let isWaiting = if case .waiting = transfer.phase { true } else { false }
                end(
                    transfer,
                    with: isWaiting
                        ? TransferError(.laneTimeout, "timed out while waiting for its turn")
                        : TransferError(.timeout, "timed out"))
            } else {
                deadlines.add(id, at: transfer.deadline)
            }
        }
        loop.transferDeadline = deadlines.nearest
    }

    private func addDeadline(of transfer: Transfer) {
        deadlines.add(transfer.id, at: transfer.deadline)
        loop.transferDeadline = deadlines.nearest
    }

    private func act(on descriptor: Int32, _ mask: Int32) {
        guard let multi else { return }
        var count: Int32 = 0
        curl_multi_socket_action(multi, descriptor, mask, &count)
        // Before the ends: a reader gets everything that came before one.
        for transfer in notices.takeReadable() { transfer.answerReader() }
        givePlacesAway()
        while let message = curl_multi_info_read(multi, &count) {
            guard message.pointee.msg == CURLMSG_DONE, let raw = message.pointee.easy_handle,
                let transfer = running[raw], let easy = transfer.easy
            else { continue }
            end(transfer, with: easy.failure(message.pointee.data.result))
        }
    }

    // MARK: - Callbacks: C functions, called on the loop's thread

    private static let timerChanged: ccurl_timer_function = { _, milliseconds, context in
        guard let context else { return 0 }
        let loop = Unmanaged<EventLoop>.fromOpaque(context).takeUnretainedValue()
        loop.curlDeadline =
            milliseconds < 0 ? .never : .now.advanced(by: .milliseconds(milliseconds))
        return 0
    }

    private static let headerArrived: ccurl_data_function = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
        return line.withMemoryRebound(to: UInt8.self) { transfer.receiveHeader($0) }
            ? size * count : 0
    }

    private static let bytesArrived: ccurl_data_function = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        let chunk = UnsafeRawBufferPointer(start: bytes, count: size * count)
        switch chunk.withMemoryRebound(to: UInt8.self, { transfer.receive($0) }) {
        case .taken: return size * count
        case .pause: return Int(CURL_WRITEFUNC_PAUSE)
        case .refused: return 0
        }
    }
}

/// The actor as its loop sees it: every call is on the loop's thread, hence isolated.
private final class LoopClient: EventLoopClient {
    private let multi: MultiHandle

    init(_ multi: MultiHandle) { self.multi = multi }

    func ready(descriptor: Int32, events: UInt32) {
        multi.assumeIsolated { $0.ready(descriptor, events) }
    }

    func timePassed() {
        multi.assumeIsolated { $0.timePassed() }
    }

    func abandoned(_ ids: [UInt64]) {
        multi.assumeIsolated { $0.abandoned(ids) }
    }
}

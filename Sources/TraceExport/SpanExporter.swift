public import GatewayConfiguration
import GoText
public import HTTPTransport
public import Logging
public import ServiceLifecycle
import Synchronization
import UpstreamSettings

/// Sends spans to a collector, some hundred at a time, over OTLP/HTTP as JSON. What does not fit into
/// its queue, or is not taken in a few attempts, is dropped and counted: a collector that is away
/// costs a query nothing.
public final class SpanExporter: Service {
    /// Spans that wait at most, and those of one export.
    static let mostWaiting = 8192
    static let batch = 512
    /// How often one batch is sent at most, while the collector says that it may be sent again.
    static let mostAttempts = 5

    private struct State {
        var waiting: [FinishedSpan] = []
        var exported = 0
        var dropped = 0
        /// Why the newest export failed; nil where it did not.
        var problem: String?
    }

    private enum Outcome {
        case taken(rejected: Int)
        case again(String)
        case refused(String)
        case cancelled
    }

    private let settings: TracingSettings
    private let transport: CurlMulti
    private let logger: Logger
    private let interval: Duration
    private let state = Mutex(State())
    private let owner = ConnectionOwner()

    /// - Parameters:
    ///   - transport: belongs to the caller, who shuts it down after this service.
    ///   - interval: Between two exports.
    public init(
        _ settings: TracingSettings, transport: CurlMulti, logger: Logger,
        interval: Duration = .seconds(1)
    ) {
        self.settings = settings
        self.transport = transport
        self.logger = logger
        self.interval = interval
    }

    /// How many spans the collector took, and how many were dropped.
    public var counts: (exported: Int, dropped: Int) {
        state.withLock { ($0.exported, $0.dropped) }
    }

    func add(_ span: FinishedSpan) {
        state.withLock { state in
            if state.waiting.count < Self.mostWaiting {
                state.waiting.append(span)
            } else {
                state.dropped += 1
            }
        }
    }

    /// Exports until the service group stops it, and then what is left, for a short time.
    public func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: self.interval)
                await self.exportAll()
            }
        }
        await exportAll(attempts: 1)
    }

    /// Exports everything that waits.
    ///
    /// - Parameter attempts: How often each batch is sent at most.
    func exportAll(attempts: Int = SpanExporter.mostAttempts) async {
        while true {
            let batch = state.withLock { state in
                let batch = Array(state.waiting.prefix(Self.batch))
                state.waiting.removeFirst(batch.count)
                return batch
            }
            if batch.isEmpty { return }
            guard await export(batch, attempts: attempts) else { return }
        }
    }

    /// - Returns: Whether the next batch is worth an attempt.
    private func export(_ batch: [FinishedSpan], attempts: Int) async -> Bool {
        let body = TraceDocument.bytes(of: batch)
        var pause = Duration.seconds(1)
        for attempt in 1...max(1, attempts) {
            switch await send(body) {
            case .taken(let rejected):
                note(nil, exported: batch.count - rejected, dropped: rejected)
                return true
            case .refused(let problem):
                note(problem, dropped: batch.count)
                return true
            case .again(let problem):
                if attempt == max(1, attempts) {
                    note(problem, dropped: batch.count)
                    return false
                }
                note(problem)
                do {
                    try await Task.sleep(for: pause)
                } catch {
                    giveBack(batch)
                    return false
                }
                pause = min(pause * 2, .seconds(30))
            case .cancelled:
                giveBack(batch)
                return false
            }
        }
        return false
    }

    private func giveBack(_ batch: [FinishedSpan]) {
        state.withLock { state in
            let room = max(0, Self.mostWaiting - state.waiting.count)
            state.dropped += max(0, batch.count - room)
            state.waiting = batch.prefix(room) + state.waiting
        }
    }

    /// Says it once where exports begin to fail, and once where they work again.
    private func note(_ problem: String?, exported: Int = 0, dropped: Int = 0) {
        let (former, all) = state.withLock { state in
            let former = state.problem
            state.problem = problem
            state.exported += exported
            state.dropped += dropped
            return (former, state.dropped)
        }
        switch (former, problem) {
        case (nil, let problem?):
            logger.warning(
                "spans cannot be exported",
                metadata: ["endpoint": "\(settings.endpoint)", "cause": "\(problem)"])
        case (_?, nil):
            logger.notice(
                "spans are exported again",
                metadata: ["endpoint": "\(settings.endpoint)", "dropped": "\(all)"])
        case (nil, nil), (_?, _?): break
        }
    }

    private func send(_ body: [UInt8]) async -> Outcome {
        var fields = HeaderFields()
        for header in settings.headers {
            fields.append(name: header.name, value: header.value.exposed)
        }
        let request = TransferRequest(
            url: settings.tracesURL, method: .send(body: body, type: "application/json"),
            headers: fields, timeout: .seconds(10), maximumBytes: 1 << 20, lane: "tracing",
            laneWidth: 1, owner: owner)
        do throws(TransferError) {
            let response = try await transport.execute(request)
            var bytes: [UInt8] = []
            var iterator = response.body.makeAsyncIterator()
            while let piece = try await iterator.next() { bytes += piece }
            switch response.status {
            case 200..<300: return .taken(rejected: TraceAnswer.rejected(in: bytes))
            case 429, 502, 503, 504: return .again("status \(response.status)")
            default: return .refused("status \(response.status)")
            }
        } catch {
            return error.kind == .cancelled ? .cancelled : .again("\(error)")
        }
    }
}

extension TracingSettings {
    /// Where exports go: the standard's path below an endpoint that has none.
    var tracesURL: String {
        endpoint.pathPrefix.isEmpty ? "\(endpoint)/v1/traces" : "\(endpoint)"
    }
}

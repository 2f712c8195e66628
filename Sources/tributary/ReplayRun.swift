import Foundation
import GoText
import HTTPTransport
import Replay
import Synchronization
import UpstreamSettings

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A server that requests are sent to.
struct ReplayTarget: Sendable {
    var server: ServerURL
    var token: Secret?
    /// Each target has connections, and a thread for them, of its own.
    private let owner = ConnectionOwner()

    init(server: ServerURL, token: Secret?) {
        self.server = server
        self.token = token
    }

    func transfer(_ request: RecordedRequest, timeout: Duration) -> TransferRequest {
        var headers = HeaderFields()
        headers.append(name: "Accept", value: "application/json")
        if let token { headers.append(name: "Authorization", value: "Bearer \(token.exposed)") }
        let method: TransferRequest.Method
        var url = "\(server)\(request.path)"
        switch request.method {
        case .get:
            url = "\(server)\(request.line)"
            method = .get
        case .post:
            headers.append(name: "Content-Type", value: "application/x-www-form-urlencoded")
            method = .post(form: request.form)
        }
        return TransferRequest(
            url: url, method: method, headers: headers, timeout: timeout,
            window: ReplayRun.window, owner: owner)
    }
}

/// Sends the requests of a recording and notes how they end.
struct ReplayRun: Sendable {
    var recording: RecordingFile
    var format: RecordingFormat
    var pace: Pace
    var selection: Selection
    /// The one that is tried, then the reference if there is one.
    var targets: [ReplayTarget]
    /// What to begin the comparison with; nil for none.
    var comparison: ComparisonFigures?
    var timeout: Duration
    var mostAtOnce: Int
    /// No request begins later; nil for no such end.
    var longest: Duration?

    /// Bytes of an answer that may wait to be read.
    static let window = 64 << 10
    /// Bytes that all transfers together may keep so.
    private static let received = 64 << 20

    /// Replays to the end, or until the task is cancelled.
    ///
    /// - Returns: the figures, and what went wrong with the recording on the way.
    /// - Throws: where there is no transport.
    func report() async throws(TransferError) -> ReplayOutcome {
        let transport = try CurlMulti(
            threads: targets.count, receiveBytes: Self.received)
        let feed = RequestFeed(recording, selection)
        let tally = ReplayTally(targets: targets.count, comparison: comparison)
        let start = MonotonicInstant.now
        let progress = Task { await tally.showProgress(since: start) }
        switch pace {
        case .rate, .speed: await playOpen(feed, tally, transport, start)
        case .clients(let count):
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<count {
                    group.addTask { await playOne(feed, tally, transport, start) }
                }
            }
        }
        let elapsed = Duration.since(start)
        let wasInterrupted = Task.isCancelled
        progress.cancel()
        await progress.value
        await transport.shutdown()
        var report = ReplayReport(
            recording: recording.path, format: format, pace: pace, elapsed: elapsed,
            targets: zip(targets, tally.figures).map {
                .init(url: "\($0.server)", figures: $1)
            })
        report.leftOut = await feed.leftOut
        report.wasInterrupted = wasInterrupted
        report.comparison = tally.comparison
        return ReplayOutcome(report: report, problem: await feed.problem)
    }

    private func isOver(_ start: MonotonicInstant) -> Bool {
        Task.isCancelled || longest.map { Duration.since(start) >= $0 } ?? false
    }

    private func playOpen(
        _ feed: RequestFeed, _ tally: ReplayTally, _ transport: CurlMulti,
        _ start: MonotonicInstant
    ) async {
        var schedule = Schedule(pace)
        await withTaskGroup(of: Void.self) { group in
            // Those that ended and were not looked at count too, until there is need of places.
            var underWay = 0
            while !isOver(start), let next = await feed.next() {
                let after = schedule.due(next.request, pass: next.pass) ?? .zero
                if let longest, after >= longest { return }
                let due = start.advanced(by: after)
                let wait = MonotonicInstant.now.duration(to: due)
                if wait > .zero {
                    guard (try? await Task.sleep(for: wait, tolerance: .zero)) != nil else {
                        return
                    }
                }
                if underWay >= mostAtOnce {
                    await group.next()
                    underWay -= 1
                }
                underWay += 1
                group.addTask { await ask(next.request, due: due, tally, transport) }
            }
        }
    }

    private func playOne(
        _ feed: RequestFeed, _ tally: ReplayTally, _ transport: CurlMulti,
        _ start: MonotonicInstant
    ) async {
        while !isOver(start), let next = await feed.next() {
            await ask(next.request, due: nil, tally, transport)
        }
    }

    /// Sends one request to every target at once.
    private func ask(
        _ recorded: RecordedRequest, due: MonotonicInstant?, _ tally: ReplayTally,
        _ transport: CurlMulti
    ) async {
        let request = selection.sent(recorded, now: WallClock.now())
        let sent = MonotonicInstant.now
        let exchanges = await withTaskGroup(of: Exchange.self) { group in
            for index in targets.indices {
                group.addTask {
                    await exchange(
                        targets[index].transfer(request, timeout: timeout), index, tally, transport)
                }
            }
            var all: [Exchange] = []
            for await one in group { all.append(one) }
            return all.sorted { $0.target < $1.target }
        }
        for one in exchanges { tally.note(one, due: due ?? sent, sent: sent) }
        if exchanges.count == 2 { await tally.compare(request, exchanges[0], exchanges[1]) }
    }

    private func exchange(
        _ request: TransferRequest, _ target: Int, _ tally: ReplayTally, _ transport: CurlMulti
    ) async -> Exchange {
        var exchange = Exchange(target: target, keeps: comparison != nil)
        do throws(TransferError) {
            let response = try await transport.execute(request)
            var chunks = response.body.makeAsyncIterator()
            while let chunk = try await chunks.next() { tally.receive(chunk, of: &exchange) }
            exchange.ending = .answer(status: response.status, bytes: exchange.bytes)
        } catch {
            tally.drop(&exchange)
            switch error.kind {
            case .cancelled, .shutDown: exchange.ending = .brokenOff
            case .timeout, .laneTimeout, .connectTimeout:
                exchange.ending = .failure(kind: "\(error.kind)", isTimeout: true)
            case .invalidRequest, .resolve, .connect, .tls, .broken, .notHTTP, .tooLarge,
                .noResources:
                exchange.ending = .failure(kind: "\(error.kind)", isTimeout: false)
            }
        }
        exchange.ended = .now
        return exchange
    }
}

/// What a replay came to, and what went wrong with the recording on the way.
struct ReplayOutcome: Sendable {
    var report: ReplayReport
    var problem: RecordingError?
}

/// One request to one target.
struct Exchange: Sendable {
    var target: Int
    /// Whether the body is kept to be compared.
    var keeps: Bool
    var body: [UInt8] = []
    var bytes = 0
    var ending = TargetFigures.Ending.brokenOff
    var ended = MonotonicInstant.now
}

/// Gives out the requests of a recording to those that send them.
actor RequestFeed {
    struct Next: Sendable {
        var request: RecordedRequest
        /// How often the recording was played before.
        var pass: Int
    }

    private let recording: RecordingFile
    private let selection: Selection
    private var reader: RecordingReader?
    private var pass = 0
    private var count = 0
    /// Entries that the recording has and that are not sent.
    private(set) var leftOut: [LeftOut: Int] = [:]
    /// What ended it early.
    private(set) var problem: RecordingError?

    init(_ recording: RecordingFile, _ selection: Selection) {
        self.recording = recording
        self.selection = selection
    }

    /// Nil after the last.
    func next() -> Next? {
        if problem != nil || selection.limit.map({ count >= $0 }) ?? false { return nil }
        do throws(RecordingError) {
            while selection.passes.map({ pass < $0 }) ?? true {
                var reader: RecordingReader
                if let begun = self.reader {
                    reader = begun
                } else {
                    reader = try recording.reader()
                }
                let request = try reader.next()
                self.reader = reader
                if pass == 0 { leftOut = reader.leftOut }
                if let request {
                    count += 1
                    return Next(request: request, pass: pass)
                }
                self.reader = nil
                pass += 1
                // It was checked, but may have been emptied since.
                if count == 0 { throw RecordingError("has no requests to replay any more") }
            }
        } catch {
            problem = error
        }
        return nil
    }
}

/// The figures while they grow.
final class ReplayTally: Sendable {
    private struct Counts {
        var figures: [TargetFigures]
        /// Bytes of answers that are kept to be compared.
        var kept = 0
    }

    private let counts: Mutex<Counts>
    private let comparing: Mutex<ComparisonFigures?>
    /// Compares one pair at a time, as a pair is several times as large once it is read.
    private let line = ComparisonLine()

    /// Bytes that all answers together may have that wait to be compared.
    private static let mostKept = 512 << 20
    private static let progressInterval = Duration.seconds(1)

    init(targets: Int, comparison: ComparisonFigures?) {
        counts = Mutex(Counts(figures: Array(repeating: TargetFigures(), count: targets)))
        comparing = Mutex(comparison)
    }

    var figures: [TargetFigures] { counts.withLock { $0.figures } }
    var comparison: ComparisonFigures? { comparing.withLock { $0 } }

    /// Keeps bytes of a body if it is compared and there is room for them, else drops them.
    func receive(_ chunk: [UInt8], of exchange: inout Exchange) {
        exchange.bytes += chunk.count
        guard exchange.keeps else { return }
        let hasRoom = counts.withLock { counts in
            guard counts.kept + chunk.count <= Self.mostKept else { return false }
            counts.kept += chunk.count
            return true
        }
        if hasRoom { exchange.body += chunk } else { drop(&exchange) }
    }

    /// Keeps nothing of a body any more.
    func drop(_ exchange: inout Exchange) {
        let size = exchange.body.count
        counts.withLock { $0.kept -= size }
        exchange.body = []
        exchange.keeps = false
    }

    func note(_ exchange: Exchange, due: MonotonicInstant, sent: MonotonicInstant) {
        counts.withLock {
            $0.figures[exchange.target].note(
                exchange.ending, latency: due.duration(to: exchange.ended),
                service: sent.duration(to: exchange.ended))
        }
    }

    /// Compares two answers to one request and lets them go.
    func compare(_ request: RecordedRequest, _ answer: Exchange, _ reference: Exchange) async {
        defer {
            counts.withLock { $0.kept -= answer.body.count + reference.body.count }
        }
        guard case .answer(let status, _) = answer.ending,
            case .answer(let wanted, _) = reference.ending
        else {
            if answer.ending != .brokenOff, reference.ending != .brokenOff {
                comparing.withLock { $0?.noteNotCompared("a request got no answer") }
            }
            return
        }
        guard answer.keeps, reference.keeps else {
            comparing.withLock {
                $0?.noteNotCompared(
                    "answers of more than \(Self.mostKept >> 20) MiB in all were under way")
            }
            return
        }
        let difference = await line.difference(
            of: request, (status, answer.body), from: (wanted, reference.body))
        comparing.withLock { $0?.note(difference, of: request) }
    }

    /// Says each second how far it is, if somebody looks, until the task is cancelled.
    func showProgress(since start: MonotonicInstant) async {
        guard isatty(STDERR_FILENO) == 1 else { return }
        while (try? await Task.sleep(for: Self.progressInterval)) != nil {
            let (figures, different) = (figures[0], comparison?.different)
            let seconds = Int(Duration.since(start) / .seconds(1))
            let differences = different.map { ", \($0) different" } ?? ""
            Self.show(
                "\(seconds) s: \(figures.answered) answers, \(figures.failed) failed" + differences)
        }
        Self.show("")
    }

    /// In the place of what was shown before.
    private static func show(_ text: String) {
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
    }
}

/// Compares answers one after the other.
private actor ComparisonLine {
    func difference(
        of request: RecordedRequest, _ answer: (status: Int, body: [UInt8]),
        from reference: (status: Int, body: [UInt8])
    ) -> AnswerDifference? {
        request.difference(answer, from: reference)
    }
}

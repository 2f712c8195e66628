import PrometheusWire
import Synchronization
import Upstream

/// What reading a long answer takes besides the pages that are kept: those that are received,
/// inflated, scanned and decoded at the time. Short ones are part of what every query costs.
struct LongAnswer {
    /// Bytes of the pages that scanners make, with the room for the series that fills one.
    static let pageBytes = 320 << 10
    /// What one stream has of them at a time: one that is made, one that is read ahead and one that
    /// is used.
    static let perStream = 3 * pageBytes

    /// Whether more pages are to be expected behind the first one.
    static func isPart(_ page: SeriesPage) -> Bool {
        page.bytes.count >= ResponseScanner.Limits.firstPage
    }

    private let turn: QueryTurn
    private var lent = 0

    init(_ turn: QueryTurn) { self.turn = turn }

    /// Asks for what is needed to go on after a page.
    mutating func read(_ page: SeriesPage) async throws(UpstreamError) {
        guard Self.isPart(page) else { return }
        let needed = max(Self.perStream, 3 * page.heldBytes)
        guard needed > lent else { return }
        try await turn.hold(needed - lent)
        lent = needed
    }
}

/// What an answer takes that is merged from streams while it is sent. It is asked for once, for all
/// streams and for what is written: a client may be slow, and answers that each held a part of what
/// they need would wait for each other as long as their clients like.
final class MergedAnswer: Sendable {
    private typealias Grant = Task<Result<Void, UpstreamError>, Never>

    private let turn: QueryTurn
    private let bytes: Int
    private let grant = Mutex<Grant?>(nil)

    /// - Parameters:
    ///   - heldBytes: of what is read before the answer begins.
    ///   - writtenBytes: of what is gathered, compressed and not yet sent.
    init(_ turn: QueryTurn, streams: Int, heldBytes: Int, writtenBytes: Int) {
        self.turn = turn
        bytes = streams * LongAnswer.perStream + heldBytes + writtenBytes
    }

    /// Returns once there is memory for it; whichever stream asks first, asks for all.
    func begin() async throws(UpstreamError) {
        let (turn, bytes) = (turn, bytes)
        let task = grant.withLock { grant in
            let task =
                grant
                ?? Grant {
                    do throws(UpstreamError) {
                        return .success(try await turn.holdAtOnce(bytes))
                    } catch {
                        return .failure(error)
                    }
                }
            grant = task
            return task
        }
        // The streams of a query are cancelled together.
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        try result.get()
    }
}

extension SeriesPage {
    /// About what it takes while it is kept, in bytes.
    var heldBytes: Int {
        bytes.count + keys.count + series.count * MemoryLayout<Extent>.stride
    }
}

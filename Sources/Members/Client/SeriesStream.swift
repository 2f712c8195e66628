public import PrometheusAPI

/// The series of one answer, in pages, as they arrive. An actor, so that inflating and scanning run
/// on the pool and never on the loop. Not reading makes the member wait; dropping the stream ends
/// the transfer.
public actor SeriesStream {
    /// What the pages go through on their way.
    enum Shape: Sendable {
        case asAnswered
        /// A matrix of one step, to be given as a vector at that time.
        case vector(at: Int64)
    }

    private let call: MemberCall
    private let body: MemberBody
    private var scanner: ResponseScanner
    private let shape: Shape
    private var pages: ArraySlice<SeriesPage> = []
    private var failure: MemberFailure?

    /// Set when `next` has returned nil.
    public private(set) var trailer: ResponseScanner.Trailer?

    init(
        _ answer: sending MemberClient.Answer, scanner: sending ResponseScanner, shape: Shape
    ) {
        call = answer.call
        body = answer.body
        self.scanner = scanner
        self.shape = shape
    }

    /// The next page, nil at the end of a whole answer.
    ///
    /// - Throws: `MemberFailure`, on every later call too. Pages handed out before are of a member
    ///   that has failed.
    public func next() async throws(MemberFailure) -> SeriesPage? {
        if let failure { throw failure }
        do throws(MemberFailure.Kind) {
            return try await read()
        } catch {
            let failure = call.failed(error)
            self.failure = failure
            throw failure
        }
    }

    private func read() async throws(MemberFailure.Kind) -> SeriesPage? {
        while true {
            if let page = pages.popFirst() { return page }
            if trailer != nil { return nil }
            let bytes = try await body.next()
            do throws(ScanError) {
                if let bytes {
                    try scanner.append(bytes)
                    pages = try shaped(scanner.takePages())[...]
                } else {
                    var trailer = try scanner.finish()
                    pages = try shaped(scanner.takePages())[...]
                    if case .vector = shape { trailer.resultType = "vector" }
                    self.trailer = trailer
                    call.succeeded(body)
                }
            } catch {
                throw MemberFailure.Kind(error)
            }
        }
    }

    private func shaped(_ pages: [SeriesPage]) throws(ScanError) -> [SeriesPage] {
        guard case .vector(let time) = shape else { return pages }
        var all: [SeriesPage] = []
        for page in pages { all.append(try InstantPages.vector(page, at: time)) }
        return all
    }
}

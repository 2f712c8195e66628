import PrometheusWire
import Upstream

/// Reads a stream of pages ahead of its consumer, by one page or a few: inflating and scanning
/// then run beside the merge, and the member is made to wait when the client is slow.
actor ReadAhead: FragmentStream {
    private var depth = 1
    /// Whether a long answer is read beyond its first page.
    private var goesOn = false
    private var pages: [SeriesPage] = []
    private var end: Result<ResponseScanner.Trailer, UpstreamError>?
    private var consumer: CheckedContinuation<Void, Never>?
    private var producer: CheckedContinuation<Void, Never>?
    private var task: Task<Void, Never>?

    /// Begins to read; the question is opened in the task too.
    func start(_ open: @escaping @Sendable () async throws(UpstreamError) -> any FragmentStream) {
        task = Task {
            do throws(UpstreamError) {
                let stream = try await open()
                while let page = try await stream.next() { await self.push(page) }
                self.finish(.success(await stream.trailer()))
            } catch {
                self.finish(.failure(error))
            }
        }
    }

    /// Ends the transfer; what was not read is lost.
    func cancel() {
        task?.cancel()
        finish(.failure(.cancelled))
        producer?.resume()
        producer = nil
    }

    func next() async throws(UpstreamError) -> SeriesPage? {
        while pages.isEmpty {
            if let end {
                switch end {
                case .success: return nil
                case .failure(let failure): throw failure
                }
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { consumer = $0 }
            } onCancel: {
                Task { await self.cancel() }
            }
        }
        let page = pages.removeFirst()
        // Until then a long answer waits for `goOn`.
        if goesOn || !LongAnswer.isPart(page) {
            producer?.resume()
            producer = nil
        }
        return page
    }

    func trailer() async -> ResponseScanner.Trailer {
        if case .success(let trailer)? = end { return trailer }
        return ResponseScanner.Trailer()
    }

    /// Reads a long answer beyond its first page, as there is memory for it.
    ///
    /// - Parameter depth: Pages that are read ahead.
    func goOn(depth: Int) {
        goesOn = true
        self.depth = depth
        producer?.resume()
        producer = nil
    }

    /// Pages that are read ahead where there is memory for them.
    static let deep = 3

    private func push(_ page: SeriesPage) async {
        pages.append(page)
        consumer?.resume()
        consumer = nil
        while pages.count >= depth || (!goesOn && LongAnswer.isPart(page)), end == nil {
            await withCheckedContinuation { producer = $0 }
        }
    }

    private func finish(_ result: Result<ResponseScanner.Trailer, UpstreamError>) {
        if end == nil { end = result }
        consumer?.resume()
        consumer = nil
    }
}

import PrometheusWire
import Upstream

/// Reads a stream of pages ahead of its consumer, by one page or a few: inflating and scanning
/// then run beside the merge, and the member is made to wait when the client is slow.
actor ReadAhead: FragmentStream {
    private let depth: Int
    private var pages: [SeriesPage] = []
    private var end: Result<ResponseScanner.Trailer, UpstreamError>?
    private var consumer: CheckedContinuation<Void, Never>?
    private var producer: CheckedContinuation<Void, Never>?
    private var task: Task<Void, Never>?

    /// - Parameter depth: Pages that are read ahead.
    init(depth: Int) { self.depth = depth }

    /// Begins to read.
    func start(_ stream: any FragmentStream) {
        task = Task {
            do throws(UpstreamError) {
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
        producer?.resume()
        producer = nil
        return page
    }

    func trailer() async -> ResponseScanner.Trailer {
        if case .success(let trailer)? = end { return trailer }
        return ResponseScanner.Trailer()
    }

    /// Pages that are read ahead where there is memory for them.
    static let deep = 3

    private func push(_ page: SeriesPage) async {
        pages.append(page)
        consumer?.resume()
        consumer = nil
        while pages.count >= depth, end == nil {
            await withCheckedContinuation { producer = $0 }
        }
    }

    private func finish(_ result: Result<ResponseScanner.Trailer, UpstreamError>) {
        if end == nil { end = result }
        consumer?.resume()
        consumer = nil
    }
}

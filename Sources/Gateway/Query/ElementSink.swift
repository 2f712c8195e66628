import PrometheusAPI

/// Collects the elements of a result, up to the request's limit.
struct ElementSink {
    private let limit: Int
    private(set) var count = 0
    private(set) var buffer: [UInt8]
    /// Whether the limit left something out.
    private(set) var isTruncated = false

    /// `limit` 0 is none.
    init(limit: Int, buffer: [UInt8]) {
        self.limit = limit
        self.buffer = buffer
    }

    /// False when the limit is met and nothing more is wanted.
    mutating func append(_ element: SeriesElement) -> Bool {
        guard limit == 0 || count < limit else {
            isTruncated = true
            return false
        }
        if count > 0 { buffer.append(UInt8(ascii: ",")) }
        count += 1
        element.append(to: &buffer)
        return true
    }

    /// What was collected since the last call.
    mutating func take() -> [UInt8] {
        defer { buffer = [] }
        return buffer
    }
}

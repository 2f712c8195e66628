/// Merges the series of several members into one sequence in label order, holding one page a
/// member.
public struct SeriesMerge {
    /// Gives a member's next page, nil behind the last.
    public typealias Source = @Sendable () async throws -> SeriesPage?

    private struct Stream {
        var source: Source
        var restorer: OrderRestorer
        var head: OrderRestorer.Item?
        var isDone = false
    }
    private var streams: [Stream]

    /// `partition` is the name of the label that tells the members apart.
    public init(_ sources: [Source], partition: String) {
        streams = sources.map {
            Stream(source: $0, restorer: OrderRestorer(partition: partition))
        }
    }

    /// Series of members that came out of order; the merged sequence then is not in order either.
    public var disorder: Int { streams.reduce(0) { $0 + $1.restorer.disorder } }

    /// The next series in label order, nil behind the last.
    public mutating func next() async throws -> SeriesElement? {
        guard let index = try await least() else { return nil }
        defer { streams[index].head = nil }
        return streams[index].head
    }

    /// The stream whose head is the least; every stream has its head after this, or is done.
    private mutating func least() async throws -> Int? {
        var least: Int?
        for index in streams.indices {
            if streams[index].head == nil { try await fill(index) }
            guard let item = streams[index].head else { continue }
            if let known = least, let head = streams[known].head,
                !item.key.lexicographicallyPrecedes(head.key)
            {
                continue
            }
            least = index
        }
        return least
    }

    private mutating func fill(_ index: Int) async throws {
        while true {
            if let item = streams[index].restorer.pop() {
                streams[index].head = item
                return
            }
            if streams[index].isDone { return }
            if let page = try await streams[index].source() {
                for series in page.series.indices {
                    streams[index].restorer.push(OrderRestorer.Item(page: page, index: series))
                }
            } else {
                streams[index].restorer.finish()
                streams[index].isDone = true
            }
        }
    }
}

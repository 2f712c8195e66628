import TimeSeries

/// Merges the series of several members into one sequence in label order, holding one page a
/// member.
///
/// A member whose series turn out not to be in order is read to its end and sorted; what was given
/// out before that was seen stays where it is, and `disorder` tells.
public struct SeriesMerge {
    /// Gives a member's next page, nil behind the last.
    public typealias Source = @Sendable () async throws -> SeriesPage?

    private struct Stream {
        var source: Source
        var restorer: PartitionOrderBuffer
        /// The rest of a member that does not sort, greatest first.
        var sorted: [SeriesElement]?
        var head: SeriesElement?
        var isDone = false
    }
    private var streams: [Stream]
    /// The streams that have a head, as a heap: the least is first.
    private var heap: [Int] = []
    private var isBegun = false
    private var last: SeriesElement?
    /// Sources known not to be in order that were not read yet.
    private var uncollected: Set<Int>

    /// `partition` is the name of the label that tells the members apart; the sources at `unsorted`
    /// are known not to be in order.
    public init(_ sources: [Source], partition: String, unsorted: Set<Int> = []) {
        streams = sources.map {
            Stream(source: $0, restorer: PartitionOrderBuffer(partition: partition))
        }
        uncollected = unsorted
    }

    /// Series that were given out before others that belong before them.
    public private(set) var disorder = 0

    /// The sources that were not in order, known beforehand or seen while reading.
    public private(set) var unsorted: Set<Int> = []

    /// The next series in label order, nil behind the last.
    ///
    /// - Throws: `ScanError` when two series have the same labels; what a source throws.
    public mutating func next() async throws -> SeriesElement? {
        if !isBegun {
            isBegun = true
            for index in streams.indices {
                try await fill(index)
                if streams[index].head != nil { push(index) }
            }
        }
        guard let least = heap.first, let element = streams[least].head else { return nil }
        try await fill(least)
        if streams[least].head == nil {
            heap[0] = heap[heap.count - 1]
            heap.removeLast()
        }
        sink()
        if let last {
            if last.key.elementsEqual(element.key) {
                throw ScanError.duplicate(LabelSet(key: Array(element.key)))
            }
            if element.key.lexicographicallyPrecedes(last.key) { disorder += 1 }
        }
        last = element
        return element
    }

    // MARK: - Streams

    /// Makes the stream's next series its head; none behind the last.
    private mutating func fill(_ index: Int) async throws {
        streams[index].head = nil
        if uncollected.remove(index) != nil { try await collect(index) }
        while true {
            if let rest = streams[index].sorted {
                streams[index].head = rest.last
                if !rest.isEmpty { streams[index].sorted?.removeLast() }
                return
            }
            if let element = streams[index].restorer.pop() {
                streams[index].head = element
                return
            }
            if streams[index].isDone { return }
            if let page = try await streams[index].source() {
                for series in page.series.indices {
                    streams[index].restorer.push(SeriesElement(page: page, index: series))
                }
            } else {
                streams[index].restorer.finish()
                streams[index].isDone = true
            }
            if streams[index].restorer.disorder > 0 { try await collect(index) }
        }
    }

    /// Reads the rest of a member that does not sort, and sorts it.
    private mutating func collect(_ index: Int) async throws {
        unsorted.insert(index)
        var all = streams[index].restorer.takeAll()
        while !streams[index].isDone {
            guard let page = try await streams[index].source() else {
                streams[index].isDone = true
                break
            }
            for series in page.series.indices {
                all.append(SeriesElement(page: page, index: series))
            }
        }
        all.sort { $1.key.lexicographicallyPrecedes($0.key) }
        streams[index].sorted = all
    }

    // MARK: - The heap

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        guard let first = streams[a].head, let second = streams[b].head else { return false }
        return first.key.lexicographicallyPrecedes(second.key)
    }

    private mutating func push(_ index: Int) {
        heap.append(index)
        var place = heap.count - 1
        while place > 0, precedes(heap[place], heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// Lets the first of the heap sink to its place.
    private mutating func sink() {
        var place = 0
        while true {
            var least = place
            for child in (2 * place + 1)..<(2 * place + 3) where child < heap.count {
                if precedes(heap[child], heap[least]) { least = child }
            }
            if least == place { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}

/// One series of a page, as it goes to the client.
public struct SeriesElement: Sendable {
    var page: SeriesPage
    var index: Int

    public init(page: SeriesPage, index: Int) {
        self.page = page
        self.index = index
    }

    /// The ordered key of its label set.
    public var key: ArraySlice<UInt8> { page.keys[page.series[index].key] }

    /// Appends the JSON object.
    public func append(to out: inout [UInt8]) {
        page.bytes.withUnsafeBufferPointer {
            out.append(
                contentsOf: UnsafeBufferPointer(rebasing: $0[page.series[index].element]))
        }
    }
}

/// Brings the series of one member into the order they have with the partition label.
///
/// A member sends its series in label order; adding a label changes that order in one case only:
/// where a label set B is a strict prefix of A, and A's next name sorts before the added one. B
/// came first and must come after A. All such A follow B as one run, so it is enough to hold B
/// back until the run ends; runs nest, so what is held is a stack, its top the least. It is never
/// deeper than a label set has labels, whatever the member sends.
///
/// Series that are not in order nevertheless (the member does not sort, or the partition label was
/// its own and renaming moved it) are counted; then the caller must collect and sort.
struct PartitionOrderBuffer {
    private struct Held {
        var element: SeriesElement
        /// The length of its key without the added pair.
        var prefix: Int
    }

    private var held: [Held] = []
    private var ready: [SeriesElement] = []
    private var readyAt = 0
    private var last: SeriesElement?
    /// Series that came out of order nevertheless.
    private(set) var disorder = 0
    private let partition: [UInt8]

    /// `partition` is the name of the added label.
    init(partition: String) { self.partition = Array(partition.utf8) + [0] }

    /// Takes the member's next series.
    mutating func push(_ element: SeriesElement) {
        while let top = held.last, !isInRun(element, of: top) {
            emit(top.element)
            held.removeLast()
        }
        if let prefix = prefixBeforePartition(element.key) {
            held.append(Held(element: element, prefix: prefix))
        } else {
            emit(element)
        }
    }

    /// Ends the member's answer.
    mutating func finish() {
        while let top = held.popLast() { emit(top.element) }
    }

    /// The next series in order, if it is known.
    mutating func pop() -> SeriesElement? {
        guard readyAt < ready.count else {
            ready.removeAll(keepingCapacity: true)
            readyAt = 0
            return nil
        }
        defer { readyAt += 1 }
        return ready[readyAt]
    }

    /// Everything that was pushed and not popped, in no order.
    mutating func takeAll() -> [SeriesElement] {
        defer {
            ready = []
            readyAt = 0
            held = []
        }
        return Array(ready[readyAt...]) + held.map(\.element)
    }

    private mutating func emit(_ element: SeriesElement) {
        if let last, element.key.lexicographicallyPrecedes(last.key) { disorder += 1 }
        last = element
        ready.append(element)
    }

    /// Whether a series belongs before a held one: it has all its labels and goes on with a name
    /// that sorts before the added one.
    private func isInRun(_ element: SeriesElement, of top: Held) -> Bool {
        let (key, other) = (element.key, top.element.key)
        return key.count > top.prefix && key.lexicographicallyPrecedes(other)
            && key.prefix(top.prefix).elementsEqual(other.prefix(top.prefix))
    }

    /// The length of a key before the added label if that is the last of the set, so that a longer
    /// set may belong before it; else nil.
    private func prefixBeforePartition(_ key: ArraySlice<UInt8>) -> Int? {
        // Names and values hold no terminator, so the last pair begins behind the third from the
        // end, or where the key does.
        guard !key.isEmpty else { return nil }
        var index = key.endIndex - 1
        var terminators = 0
        while index > key.startIndex {
            index -= 1
            guard key[index] == 0 else { continue }
            terminators += 1
            if terminators == 2 {
                index += 1
                break
            }
        }
        guard key[index...].starts(with: partition) else { return nil }
        return index - key.startIndex
    }
}

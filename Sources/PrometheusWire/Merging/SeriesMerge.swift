import TimeSeries

/// Merges the series of several members into one sequence in label order, holding one page a
/// member.
///
/// A member whose series turn out not to be in order is read to its end and sorted; what was given
/// out before that was seen stays where it is, and `disorder` tells.
public struct SeriesMerge {
    /// Gives a member's next page, nil behind the last.
    public typealias Source = @Sendable () async throws -> SeriesPage?

    /// What a merge comes to without waiting.
    public enum Step {
        case element(SeriesElement)
        /// Goes on once it was given the next page of this source.
        case needsPage(of: Int)
        case end
    }

    private struct Stream {
        var source: Source
        var restorer: PartitionOrderBuffer
        /// What was read of a member that does not sort.
        var collected: [SeriesElement]?
        /// The rest of a member that does not sort, greatest first.
        var sorted: [SeriesElement]?
        var head: SeriesElement?
        var isDone = false
    }

    private enum Phase {
        /// The streams before this one have their heads.
        case beginning(Int)
        case ready
        /// The element that is next; its stream, the first of the heap, needs another head.
        case following(SeriesElement, of: Int)
    }

    private var streams: [Stream]
    /// The streams that have a head, as a heap: the least is first.
    private var heap: [Int] = []
    private var phase = Phase.beginning(0)
    private var last: SeriesElement?

    /// `added` are the names of the labels that the members' series got; the sources at `unsorted`
    /// are known not to be in order.
    public init(_ sources: [Source], added: [String], unsorted: Set<Int> = []) {
        streams = sources.map {
            Stream(source: $0, restorer: PartitionOrderBuffer(added: added))
        }
        self.unsorted = unsorted
        for index in unsorted { streams[index].collected = [] }
    }

    /// Series that were given out before others that belong before them.
    public private(set) var disorder = 0

    /// The sources that were not in order, known beforehand or seen while reading.
    public private(set) var unsorted: Set<Int>

    /// The next series in label order, nil behind the last.
    ///
    /// - Throws: `ScanError` when two series have the same labels; what a source throws.
    public mutating func next() async throws -> SeriesElement? {
        while true {
            switch try step() {
            case .element(let element): return element
            case .needsPage(let index): try await readPage(of: index)
            case .end: return nil
            }
        }
    }

    /// Waits for the page that a step needs.
    public mutating func readPage(of index: Int) async throws {
        take(try await streams[index].source(), of: index)
    }

    /// As `next`, as far as that is possible with what has been read.
    public mutating func step() throws(ScanError) -> Step {
        while true {
            switch phase {
            case .beginning(let index):
                guard index < streams.count else {
                    phase = .ready
                    continue
                }
                guard fill(index) else { return .needsPage(of: index) }
                if streams[index].head != nil { push(index) }
                phase = .beginning(index + 1)
            case .ready:
                guard let least = heap.first, let element = streams[least].head else {
                    return .end
                }
                streams[least].head = nil
                phase = .following(element, of: least)
            case .following(let element, let least):
                guard fill(least) else { return .needsPage(of: least) }
                if streams[least].head == nil {
                    heap[0] = heap[heap.count - 1]
                    heap.removeLast()
                }
                sink()
                phase = .ready
                try note(element)
                return .element(element)
            }
        }
    }

    private mutating func note(_ element: SeriesElement) throws(ScanError) {
        if let last {
            let order = element.order(to: last)
            if order == 0 { throw .duplicate(LabelSet(key: Array(element.key))) }
            if order < 0 { disorder += 1 }
        }
        last = element
    }

    // MARK: - Streams

    /// Makes the stream's next series its head; none behind the last. False where a page must be
    /// read first.
    private mutating func fill(_ index: Int) -> Bool {
        if streams[index].isDone, var all = streams[index].collected {
            streams[index].collected = nil
            all.sort { $1.order(to: $0) < 0 }
            streams[index].sorted = all
        }
        if streams[index].sorted != nil {
            streams[index].head = streams[index].sorted?.popLast()
            return true
        }
        streams[index].head = streams[index].collected == nil ? streams[index].restorer.pop() : nil
        return streams[index].head != nil || streams[index].isDone
    }

    /// Takes a source's next page, or its end. The rest of a member that turns out not to sort is
    /// collected.
    private mutating func take(_ page: SeriesPage?, of index: Int) {
        let elements = page.map { page in
            page.series.indices.map { SeriesElement(page: page, index: $0) }
        }
        if page == nil { streams[index].isDone = true }
        if streams[index].collected != nil {
            streams[index].collected?.append(contentsOf: elements ?? [])
            return
        }
        if let elements {
            for element in elements { streams[index].restorer.push(element) }
        } else {
            streams[index].restorer.finish()
        }
        if streams[index].restorer.disorder > 0 {
            unsorted.insert(index)
            streams[index].collected = streams[index].restorer.takeAll()
        }
    }

    // MARK: - The heap

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        guard let first = streams[a].head, let second = streams[b].head else { return false }
        return first.order(to: second) < 0
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

    /// Below zero where its labels come before another's, zero for the same labels.
    func order(to other: SeriesElement) -> Int {
        page.keyOrder(of: index, to: other.index, in: other.page)
    }

    /// Appends the JSON object.
    public func append(to out: inout [UInt8]) {
        page.bytes.withUnsafeBufferPointer {
            out.append(
                contentsOf: UnsafeBufferPointer(rebasing: $0[page.series[index].element]))
        }
    }
}

/// Brings the series of one member into the order they have with the labels that are added.
///
/// A member sends its series in label order; adding labels that are the same for all changes that
/// order in one case only: where a label set B is a strict prefix of A, and A's next name sorts
/// before an added one. B came first and must come after A. All such A follow B as one run, so it is
/// enough to hold B back until the run ends; runs nest, so what is held is a stack, its top the
/// least. It is never deeper than a label set has labels, whatever the member sends. A series that
/// has an added name of its own may be held too, and leaves before its successor.
///
/// Series that are not in order nevertheless (the member does not sort, or an added label was its
/// own and renaming moved it) are counted; then the caller must collect and sort.
struct PartitionOrderBuffer {
    private struct Held {
        var element: SeriesElement
        /// The length of its key without the added pairs at its end.
        var prefix: Int
    }

    private var held: [Held] = []
    private var ready: [SeriesElement] = []
    private var readyAt = 0
    private var last: SeriesElement?
    /// Series that came out of order nevertheless.
    private(set) var disorder = 0
    private let added: [[UInt8]]

    /// `added` are the names of the added labels.
    init(added: [String]) { self.added = added.map { Array($0.utf8) + [0] } }

    /// Takes the member's next series.
    mutating func push(_ element: SeriesElement) {
        while let top = held.last, !isInRun(element, of: top) {
            emit(top.element)
            held.removeLast()
        }
        if let prefix = Self.count(of: element.key, before: added) {
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
        if let last, element.order(to: last) < 0 { disorder += 1 }
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

    /// The length of a key before the added labels if some are the last of the set, so that a
    /// longer set may belong before it; else nil.
    ///
    /// - Parameter added: Their names, each with the zero behind it.
    static func count(of key: ArraySlice<UInt8>, before added: [[UInt8]]) -> Int? {
        var rest = key
        while let index = lastPair(of: rest),
            added.contains(where: { key[index..<rest.endIndex].starts(with: $0) })
        {
            rest = key[..<index]
        }
        return rest.endIndex == key.endIndex ? nil : rest.count
    }

    /// Where the last pair of a key begins; nil of an empty one.
    private static func lastPair(of key: ArraySlice<UInt8>) -> Int? {
        // Names and values hold no terminator, so the last pair begins behind the third from the
        // end, or where the key does.
        guard !key.isEmpty else { return nil }
        var index = key.endIndex - 1
        var terminators = 0
        while index > key.startIndex {
            index -= 1
            guard key[index] == 0 else { continue }
            terminators += 1
            if terminators == 2 { return index + 1 }
        }
        return index
    }
}

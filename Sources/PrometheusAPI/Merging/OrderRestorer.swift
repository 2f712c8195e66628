/// Brings the series of one member into the order they have with the partition label.
///
/// A member sends its series in label order; adding a label changes that order in one case only:
/// where a label set B is a strict prefix of A, and A's next name sorts before the added one. B
/// came first and must come after A. All such A follow B as one run, so it is enough to hold B
/// back until the run ends; runs nest, so what is held is a stack, its top the least.
struct OrderRestorer {
    typealias Item = SeriesElement

    private var held: [Item] = []
    private var ready: [Item] = []
    private var readyAt = 0
    private var last: [UInt8] = []
    /// Series that came out of order nevertheless: the member's answer was not sorted.
    private(set) var disorder = 0
    private let partition: [UInt8]

    /// `partition` is the name of the added label.
    init(partition: String) { self.partition = Array(partition.utf8) + [0] }

    /// Takes the member's next series.
    mutating func push(_ item: Item) {
        while let top = held.last, top.key.lexicographicallyPrecedes(item.key) {
            emit(top)
            held.removeLast()
        }
        if endsWithPartition(item.key) { held.append(item) } else { emit(item) }
    }

    /// Ends the member's answer.
    mutating func finish() {
        while let top = held.popLast() { emit(top) }
    }

    /// The next series in order, if it is known.
    mutating func pop() -> Item? {
        guard readyAt < ready.count else {
            ready.removeAll(keepingCapacity: true)
            readyAt = 0
            return nil
        }
        defer { readyAt += 1 }
        return ready[readyAt]
    }

    private mutating func emit(_ item: Item) {
        if item.key.lexicographicallyPrecedes(last) { disorder += 1 }
        last = Array(item.key)
        ready.append(item)
    }

    /// Whether the added label is the last of the set, so that a longer set may belong before it.
    private func endsWithPartition(_ key: ArraySlice<UInt8>) -> Bool {
        var lastName: Range<Int>?
        var start = key.startIndex
        while start < key.endIndex {
            guard let nameEnd = key[start...].firstIndex(of: 0) else { return false }
            guard let valueEnd = key[(nameEnd + 1)...].firstIndex(of: 0) else { return false }
            lastName = start..<(nameEnd + 1)
            start = valueEnd + 1
        }
        return lastName.map { key[$0].elementsEqual(partition) } ?? false
    }
}

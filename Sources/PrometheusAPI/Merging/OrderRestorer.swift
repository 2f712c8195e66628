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
struct OrderRestorer {
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

/// Judges whether the elements of a list come in the order of a member that sorts.
///
/// That is the byte order of their keys, but for what adding labels does to it: a label set comes
/// before those that begin with it, and may belong behind them once labels were added at its end
/// (`PartitionOrderBuffer`). So sets that belong before the last one are in order where they begin
/// with its own labels.
struct ArrivalOrder {
    /// The names of the labels that are added, each with what ends it in a key.
    private let added: [[UInt8]]
    /// The last key that came, on top of those that it belongs before.
    private var run: [[UInt8]] = []
    /// The greatest of those that none of the run belongs before.
    private var before: [UInt8] = []
    /// Whether all that came was in order.
    private(set) var isKept = true
    /// Elements that came, without those that have the key of the one before.
    private(set) var different = 0

    /// Elements, each once, that those to come belong behind: all but the last one, and those behind it.
    var settled: Int { different - run.count }

    /// So much of the last key, in bytes, none that is to come belongs before: what begins with its own
    /// labels may belong before all of it.
    var boundOfLast: Int {
        let last = run.last ?? []
        if added.isEmpty { return last.count }
        return PartitionOrderBuffer.count(of: last[...], before: added) ?? last.count
    }

    /// Whether the last key that came belongs before another one.
    func isLastBefore(_ key: [UInt8]) -> Bool {
        run.last?.lexicographicallyPrecedes(key) ?? true
    }

    /// - Parameter added: Names of the labels that label sets get; none of other lists.
    init(added: [String] = []) { self.added = added.map { Array($0.utf8) + [0] } }

    /// Takes the key of the next element; false where it belongs before the last one.
    mutating func note(_ key: UnsafeRawBufferPointer) -> Bool {
        guard let last = run.last else {
            run = [Array(key)]
            different = 1
            return true
        }
        let order = last.withUnsafeBytes { ByteOrder.compare(key, $0) }
        if order == 0 { return true }
        different += 1
        if order > 0 {
            while run.count > 1, Self.follows(key, run[run.count - 2]) { run.removeLast() }
            if run.count > 1 { isKept = isKept && isInRun(key, of: run[run.count - 2]) }
            swap(&before, &run[run.count - 1])
        } else {
            isKept = isKept && isInRun(key, of: last) && Self.follows(key, before)
            if isKept { run.append([]) }
        }
        run[run.count - 1].removeAll(keepingCapacity: true)
        run[run.count - 1].append(contentsOf: key)
        return order > 0
    }

    private static func follows(_ key: UnsafeRawBufferPointer, _ other: [UInt8]) -> Bool {
        other.withUnsafeBytes { ByteOrder.compare(key, $0) >= 0 }
    }

    /// Whether a key that belongs before another one begins with that one's own labels.
    private func isInRun(_ key: UnsafeRawBufferPointer, of other: [UInt8]) -> Bool {
        guard !added.isEmpty,
            let count = PartitionOrderBuffer.count(of: other[...], before: added)
        else { return false }
        return key.count > count && key.prefix(count).elementsEqual(other.prefix(count))
    }
}

/// The transfers to one member: so many at once, the others wait in the order of arrival.
struct TransferLane {
    private(set) var running = 0
    private var waiting: [UInt64] = []

    var isIdle: Bool { running == 0 && waiting.isEmpty }

    /// Whether the transfer may begin now; else it waits.
    mutating func enter(_ id: UInt64, width: Int) -> Bool {
        guard running < max(1, width) else {
            waiting.append(id)
            return false
        }
        running += 1
        return true
    }

    /// A running transfer has ended; the one that may begin in its place.
    mutating func leave() -> UInt64? {
        guard !waiting.isEmpty else {
            running -= 1
            return nil
        }
        return waiting.removeFirst()
    }

    /// A waiting transfer has ended.
    mutating func forget(_ id: UInt64) {
        waiting.removeAll { $0 == id }
    }
}

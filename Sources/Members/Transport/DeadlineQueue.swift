/// The deadlines of many transfers, the nearest first. A deadline is never taken out before its
/// time: the code that one wakes asks whether it still stands.
struct DeadlineQueue {
    private struct Entry {
        var time: Int64
        var id: UInt64
    }

    private var heap: [Entry] = []

    /// `Int64.max` when there is none.
    var nearest: Int64 { heap.first?.time ?? .max }

    mutating func add(_ id: UInt64, at time: Int64) {
        if time == .max { return }
        heap.append(Entry(time: time, id: id))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent].time <= heap[child].time { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    /// Takes out one deadline that has passed.
    mutating func popPassed(at now: Int64) -> UInt64? {
        guard let first = heap.first, first.time <= now else { return nil }
        let last = heap.removeLast()
        if heap.isEmpty { return first.id }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].time < heap[least].time {
                least = child
            }
            if least == parent { return first.id }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

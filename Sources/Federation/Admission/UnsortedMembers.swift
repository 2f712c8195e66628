import Synchronization

/// Members whose answers were not in label order: from the next answer on, theirs are read wholly
/// and sorted.
final class UnsortedMembers: Sendable {
    private let names = Mutex<Set<String>>([])

    func add(_ name: String) { names.withLock { _ = $0.insert(name) } }
    func contains(_ name: String) -> Bool { names.withLock { $0.contains(name) } }
}

/// Members whose lists turned out not to be in order after a part of them was given: from the next
/// answer on, theirs are read wholly and sorted.
public final class UnsortedLists: Sendable {
    let series = UnsortedMembers()
    let names = UnsortedMembers()
    let values = UnsortedMembers()
    let families = UnsortedMembers()

    public init() {}
}

/// Runs the same work on several elements at once, so many at a time.
enum BoundedFanOut {
    /// A type of its own: the optimiser of Swift 6.3 loses the numbers of tuples in task groups.
    private struct Ended<Result: Sendable>: Sendable {
        var index: Int
        var result: Result
    }

    /// The results, in the order of the elements.
    static func results<Element: Sendable, Result: Sendable>(
        of elements: [Element], width: Int,
        _ work: @escaping @Sendable (Element) async -> Result
    ) async -> [Result] {
        var results: [Ended<Result>] = []
        await withTaskGroup(of: Ended<Result>.self) { group in
            var rest = elements.enumerated().makeIterator()
            for _ in 0..<max(1, width) {
                guard let (index, element) = rest.next() else { break }
                group.addTask { Ended(index: index, result: await work(element)) }
            }
            while let ended = await group.next() {
                results.append(ended)
                if let (index, element) = rest.next() {
                    group.addTask { Ended(index: index, result: await work(element)) }
                }
            }
        }
        return results.sorted { $0.index < $1.index }.map(\.result)
    }
}

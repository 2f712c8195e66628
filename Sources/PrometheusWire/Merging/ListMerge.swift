/// What writing a merged list comes to without waiting.
public enum ListProgress: Sendable, Equatable {
    /// There are as many bytes as were wanted.
    case full
    /// Goes on once it was given the next part of this list, or told its end.
    case needs(Int)
    /// Nothing more is left or wanted.
    case end
}

/// Merges lists, which may arrive in parts, and writes the merged one piece by piece.
public protocol ListWriter {
    /// What stands around the list.
    var brackets: (opening: UInt8, closing: UInt8) { get }
    /// Whether a limit left something out; known at the end.
    var isTruncated: Bool { get }
    /// The lists that turned out not to be in order.
    var unsorted: Set<Int> { get }
    /// What it takes, in bytes.
    var heldBytes: Int { get }
    /// Takes what came next of a list.
    ///
    /// - Parameter isOrdered: whether the list was in order until now (`ListReader.isOrdered`).
    /// - Returns: false where the list is refused; then its end is to be told.
    @discardableResult
    mutating func add(_ list: ElementList, to index: Int, isOrdered: Bool) -> Bool
    /// Takes the end of a list.
    mutating func end(_ index: Int)
    /// Appends elements, with commas between them, until so many bytes are there.
    mutating func write(to out: inout [UInt8], upTo size: Int) -> ListProgress
}

extension ListWriter {
    /// Takes a list for each index, wholly.
    public mutating func add(_ lists: [ElementList]) {
        for (index, list) in lists.enumerated() {
            add(list, to: index, isOrdered: true)
            end(index)
        }
    }
}

/// Merges the lists of several members into one, in byte order, that holds every element once. Bytes
/// are compared, and copied into the answer alone.
///
/// Lists may be here wholly, or arrive in parts. Of a list in order, all but what its last element may
/// still be followed by is given before the next part is here, and its pages are let go: what a merge
/// holds does not grow with the lists. A label set comes behind those that begin with it once labels are
/// added at its end. So one that came last has the place in the merge of the least that may follow it,
/// until more of its list is here.
///
/// Of a list that turns out not to be in order after elements were given, the rest is read to its end
/// and sorted. Where its elements are in no other list, those that belong before what was given come
/// behind it: nothing is lost, and nothing given twice. Where others may have had them, they cannot be
/// told from those that were given, and the list is refused.
///
/// A list of names may have one further on that is shown under an earlier one. Until it has passed these,
/// nothing is given from the first name on that one may be shown under (`ElementList.floor`).
public struct ListMerge: ListWriter {
    enum Step {
        case element(UnsafeRawBufferPointer)
        case needs(Int)
        case end
    }

    /// Elements that came together, sorted.
    private struct Part {
        var list: Int
        /// nil where its elements were given.
        var pages: [ListPage?]
        var views: [ListPage.View]
        var order: [ElementList.Place]?
        /// Elements that can be given before the next part is here.
        var free: Int
        /// So much of the key of the one behind them, in bytes, nothing of the next parts belongs
        /// before.
        var bound: Int
    }

    /// Where a part has got to.
    private struct Cursor {
        var part: Int
        var page = 0
        /// In the page, or in the order of a part that has one.
        var index = 0
        /// Elements that were given.
        var given = 0
        /// Of the page, where elements are read as they stand.
        var view: ListPage.View?
        var key = UnsafeRawBufferPointer(start: nil, count: 0)
        /// By which the heap is ordered: the key, or as much of it as nothing that is to come belongs
        /// before.
        var rank = UnsafeRawBufferPointer(start: nil, count: 0)
        var text = UnsafeRawBufferPointer(start: nil, count: 0)

        init(part: Int) { self.part = part }
    }

    private struct Source {
        /// Whether another list may have the same element.
        let isShared: Bool
        /// The part that came last, until elements behind it are collected. It cannot be given wholly
        /// before the next one is here.
        var newest: Int?
        var isEnded = false
        /// What came of one that is not in order.
        var collected: ElementList?
        /// What is to come may belong before elements that came, and never before this.
        var floor: [UInt8]?

        /// Whether nothing can be given without more of it.
        var isAwaited: Bool { !isEnded && (newest == nil || collected != nil) }
    }

    private let limit: Int
    private var sources: [Source]
    private var parts: [Part] = []
    /// Places of parts that were given.
    private var unused: [Int] = []
    /// A list without which nothing can be given.
    private var awaited: Int?
    /// The least floor, and a list that has it.
    private var barrier: (list: Int, key: [UInt8])?
    /// The cursors that have an element, as a heap: the least is first.
    private var heap: [Cursor] = []
    /// Pages whose elements were given, of which `last` may be one.
    private var given: [ListPage] = []
    private var last: UnsafeRawBufferPointer?
    /// In the place of `last` once its page is gone.
    private var lastKey: [UInt8]?
    /// The greatest key that was given before a list came behind what it belongs before.
    private var highest: [UInt8]?
    public private(set) var count = 0
    /// Whether the limit left something out.
    public private(set) var isTruncated = false
    /// The lists that turned out not to be in order.
    public private(set) var unsorted: Set<Int> = []
    /// What it takes, in bytes.
    public private(set) var heldBytes = 0

    /// - Parameters:
    ///   - isShared: Of each list, whether another one may have the same element.
    ///   - limit: of elements; 0 is none.
    public init(isShared: [Bool], limit: Int = 0) {
        sources = isShared.map { Source(isShared: $0) }
        awaited = isShared.isEmpty ? nil : 0
        self.limit = limit
    }

    /// A merge of lists that are here.
    ///
    /// - Parameter limit: of elements; 0 is none.
    public init(_ lists: [ElementList], limit: Int = 0) {
        self.init(isShared: lists.map { _ in true }, limit: limit)
        add(lists)
    }

    public var brackets: (opening: UInt8, closing: UInt8) { (UInt8(ascii: "["), UInt8(ascii: "]")) }

    // MARK: - Taking

    @discardableResult
    public mutating func add(_ list: ElementList, to index: Int, isOrdered: Bool) -> Bool {
        guard !list.isEmpty else { return true }
        let isLate = belongsBeforeGiven(list)
        if isLate || !isOrdered { unsorted.insert(index) }
        if isLate, sources[index].isShared { return false }
        freeNewest(of: index)
        heldBytes += list.heldBytes
        sources[index].floor = list.floor
        if sources[index].collected != nil || !isOrdered || isLate {
            sources[index].newest = nil
            sources[index].collected = sources[index].collected ?? ElementList()
            sources[index].collected?.add(list)
        } else {
            sources[index].newest = push(
                list, of: index, free: list.placeOfLast, bound: list.boundOfLast)
        }
        findAwaited()
        return true
    }

    public mutating func end(_ index: Int) {
        freeNewest(of: index)
        sources[index].isEnded = true
        sources[index].newest = nil
        sources[index].floor = nil
        if var list = sources[index].collected {
            sources[index].collected = nil
            list.sort()
            if belongsBeforeGiven(list) { keepHighest() }
            _ = push(list, of: index, free: .max, bound: 0)
        }
        findAwaited()
    }

    /// Finds what nothing can be given without.
    private mutating func findAwaited() {
        awaited = sources.firstIndex(where: \.isAwaited)
        barrier = nil
        for (index, source) in sources.enumerated() {
            guard let floor = source.floor else { continue }
            if let barrier, !floor.lexicographicallyPrecedes(barrier.key) { continue }
            barrier = (index, floor)
        }
    }

    private mutating func freeNewest(of index: Int) {
        guard let newest = sources[index].newest else { return }
        parts[newest].free = .max
        guard let place = heap.firstIndex(where: { $0.part == newest }) else { return }
        // From now on the whole of its key counts.
        var cursor = heap[place]
        show(&cursor)
        heap[place] = cursor
        sink(from: place)
    }

    /// - Returns: where the part is.
    private mutating func push(
        _ list: ElementList, of index: Int, free: Int, bound: Int
    ) -> Int {
        let part = Part(
            list: index, pages: list.pages, views: list.pages.map(\.view), order: list.order,
            free: free, bound: bound)
        let number = unused.popLast() ?? parts.count
        if number < parts.count { parts[number] = part } else { parts.append(part) }
        var cursor = Cursor(part: number)
        guard place(&cursor) else { return number }
        heap.append(cursor)
        var place = heap.count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard ByteOrder.compare(heap[place].rank, heap[parent].rank) < 0 else { break }
            heap.swapAt(place, parent)
            place = parent
        }
        return number
    }

    /// Whether the least element of a list belongs before what was given.
    private func belongsBeforeGiven(_ list: ElementList) -> Bool {
        guard let page = list.pages.first else { return false }
        return withExtendedLifetime(list) {
            guard let place = list.order?.first else { return isBeforeGiven(page.view.key(0)) }
            return isBeforeGiven(list.pages[Int(place.page)].view.key(Int(place.index)))
        }
    }

    private func isBeforeGiven(_ key: UnsafeRawBufferPointer) -> Bool {
        if toLast(key) < 0 { return true }
        return highest?.withUnsafeBytes { ByteOrder.compare(key, $0) < 0 } ?? false
    }

    /// Notes the greatest key that was given, as lesser ones follow.
    private mutating func keepHighest() {
        guard let last = last.map(Array.init) ?? lastKey else { return }
        if let highest, last.lexicographicallyPrecedes(highest) { return }
        highest = last
    }

    /// Below zero for a key that belongs before what was given last, zero for its own.
    private func toLast(_ key: UnsafeRawBufferPointer) -> Int {
        if let last { return ByteOrder.compare(key, last) }
        return lastKey?.withUnsafeBytes { ByteOrder.compare(key, $0) } ?? 1
    }

    // MARK: - Giving

    public mutating func write(to out: inout [UInt8], upTo size: Int) -> ListProgress {
        defer { letGivenGo() }
        while out.count < size {
            switch step() {
            case .element(let text):
                if count > 1 { out.append(UInt8(ascii: ",")) }
                out.append(contentsOf: text)
            case .needs(let list): return .needs(list)
            case .end: return .end
            }
        }
        return .full
    }

    /// The text of the next element that is another than the last, where nothing must be waited for. Of
    /// use until the next call of any other function.
    mutating func step() -> Step {
        while var least = heap.first {
            let (key, text) = (least.key, least.text)
            let isTwice = toLast(key) == 0
            // Whatever comes before it, there is more than is wanted.
            if !isTwice, limit > 0, count == limit {
                isTruncated = true
                heap = []
                (awaited, barrier) = (nil, nil)
                return .end
            }
            if let awaited { return .needs(awaited) }
            if let barrier, isAtOrBehind(barrier.key, key) { return .needs(barrier.list) }
            guard least.given < parts[least.part].free else {
                return .needs(parts[least.part].list)
            }
            least.index += 1
            least.given += 1
            if place(&least) {
                heap[0] = least
            } else {
                heap[0] = heap[heap.count - 1]
                heap.removeLast()
            }
            sink(from: 0)
            if isTwice { continue }
            count += 1
            last = key
            return .element(text)
        }
        return awaited.map(Step.needs) ?? .end
    }

    private func isAtOrBehind(_ floor: [UInt8], _ key: UnsafeRawBufferPointer) -> Bool {
        floor.withUnsafeBytes { ByteOrder.compare(key, $0) >= 0 }
    }

    /// Lets the pages go whose elements were given.
    mutating func letGivenGo() {
        guard !given.isEmpty else { return }
        if let last { lastKey = Array(last) }
        last = nil
        heldBytes -= given.reduce(0) { $0 + $1.heldBytes }
        given = []
    }

    /// Lets a cursor show the element that it has got to; false behind the last, where the part is
    /// not used any more.
    private mutating func place(_ cursor: inout Cursor) -> Bool {
        if let view = cursor.view {
            if cursor.index == view.count {
                leave(cursor.page, of: cursor.part)
                (cursor.page, cursor.index, cursor.view) = (cursor.page + 1, 0, nil)
            }
        } else if let order = parts[cursor.part].order, cursor.index == order.count {
            for page in parts[cursor.part].pages.indices { leave(page, of: cursor.part) }
            return leave(cursor.part)
        }
        if cursor.view == nil, parts[cursor.part].order == nil {
            guard cursor.page < parts[cursor.part].views.count else { return leave(cursor.part) }
            // No page is empty.
            cursor.view = parts[cursor.part].views[cursor.page]
        }
        show(&cursor)
        return true
    }

    private func show(_ cursor: inout Cursor) {
        if let view = cursor.view {
            (cursor.key, cursor.text) = (view.key(cursor.index), view.text(cursor.index))
        } else if let place = parts[cursor.part].order?[cursor.index] {
            let view = parts[cursor.part].views[Int(place.page)]
            let index = Int(place.index)
            (cursor.key, cursor.text) = (view.key(index), view.text(index))
        }
        cursor.rank = cursor.key
        if cursor.given == parts[cursor.part].free {
            cursor.rank = UnsafeRawBufferPointer(
                rebasing: cursor.key.prefix(parts[cursor.part].bound))
        }
    }

    private mutating func leave(_ page: Int, of part: Int) {
        if let left = parts[part].pages[page] { given.append(left) }
        parts[part].pages[page] = nil
    }

    /// - Returns: false.
    private mutating func leave(_ part: Int) -> Bool {
        (parts[part].pages, parts[part].views, parts[part].order) = ([], [], nil)
        unused.append(part)
        return false
    }

    private mutating func sink(from start: Int) {
        var place = start
        while true {
            var least = place
            for child in (2 * place + 1)..<(2 * place + 3) where child < heap.count {
                if ByteOrder.compare(heap[child].rank, heap[least].rank) < 0 { least = child }
            }
            if least == place { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}

public import TimeSeries

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Elements of a list as they go to the client, each with the key that orders it: one block of
/// memory.
final class ListPage: @unchecked Sendable {  // Proof: `init` alone writes to the block.
    /// Where the text and the key of an element end.
    struct Ends {
        var text: UInt32
        var key: UInt32
    }

    /// Where its elements are. Of use as long as the page lives.
    struct View {
        let count: Int
        fileprivate let ends: UnsafePointer<Ends>
        fileprivate let texts: UnsafeRawPointer
        fileprivate let keys: UnsafeRawPointer

        func text(_ index: Int) -> UnsafeRawBufferPointer {
            let start = index == 0 ? 0 : Int(ends[index - 1].text)
            return UnsafeRawBufferPointer(
                start: texts + start, count: Int(ends[index].text) - start)
        }

        func key(_ index: Int) -> UnsafeRawBufferPointer {
            let start = index == 0 ? 0 : Int(ends[index - 1].key)
            return UnsafeRawBufferPointer(start: keys + start, count: Int(ends[index].key) - start)
        }
    }

    let byteCount: Int
    private let block: UnsafeMutableRawPointer
    private let count: Int
    private let textsStart: Int
    private let keysStart: Int

    init(ends: [Ends], texts: [UInt8], keys: [UInt8]) {
        count = ends.count
        textsStart = ends.count * MemoryLayout<Ends>.stride
        keysStart = textsStart + texts.count
        byteCount = keysStart + keys.count
        block = .allocate(byteCount: max(1, byteCount), alignment: MemoryLayout<Ends>.alignment)
        _ = ends.withUnsafeBufferPointer {
            UnsafeMutableRawBufferPointer(start: block, count: textsStart)
                .initializeMemory(as: Ends.self, from: $0)
        }
        texts.withUnsafeBytes { Self.copy($0, to: block + textsStart) }
        keys.withUnsafeBytes { Self.copy($0, to: block + keysStart) }
    }

    deinit { block.deallocate() }

    /// With the places of its elements in an order, in bytes.
    var heldBytes: Int { byteCount + count * MemoryLayout<ElementList.Place>.stride }

    private static func copy(_ bytes: UnsafeRawBufferPointer, to place: UnsafeMutableRawPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        place.copyMemory(from: start, byteCount: bytes.count)
    }

    var view: View {
        View(
            count: count, ends: UnsafePointer(block.assumingMemoryBound(to: Ends.self)),
            texts: UnsafeRawPointer(block + textsStart), keys: UnsafeRawPointer(block + keysStart))
    }
}

/// The elements of one member's list, in byte order of their keys: label sets of `series`, names or
/// values of labels. An element that the member sent twice is in it twice.
public struct ElementList: Sendable {
    /// Where an element stands.
    struct Place {
        var page: UInt32
        var index: UInt32
    }

    /// Bytes of texts in a page.
    private static let pageBytes = 128 << 10

    private(set) var pages: [ListPage] = []
    /// The order, where it is not the one of arrival.
    private(set) var order: [Place]?
    public private(set) var count = 0
    /// So much of the key that came last no element belongs before that came or comes later.
    var boundOfLast = 0
    /// Whether the name that came last is shown under another one, so that it tells nothing of those to
    /// come.
    var isLastMoved = false
    /// What is to come of names may be shown under ones that belong before elements that came, but not
    /// before this; nil where none may.
    var floor: [UInt8]?
    private var isSorted = true
    private var sealedBytes = 0

    // The page that is being filled.
    var texts: [UInt8] = []
    var keys: [UInt8] = []
    private var ends: [ListPage.Ends] = []
    /// Of the last element in the page before it.
    private var lastKey: [UInt8] = []

    init() {}

    /// Names or values of labels, in any order.
    public init(_ names: some Sequence<String>) {
        for name in names {
            append(text: name)
            close()
        }
        finish()
    }

    public var isEmpty: Bool { count == 0 }

    /// What it takes, in bytes.
    public var heldBytes: Int {
        let open = texts.count + keys.count + ends.count * MemoryLayout<ListPage.Ends>.stride
        return sealedBytes + open + count * MemoryLayout<Place>.stride
    }

    /// Whether a name or a value of a label is in it.
    public func contains(_ name: String) -> Bool {
        var found = false
        forEachKey { found = found || $0.elementsEqual(name.utf8) }
        return found
    }

    /// The labels of `series`, in the order of arrival.
    public func forEachLabelSet(_ body: (LabelSet) -> Void) {
        forEachKey { body(LabelSet(key: Array($0))) }
    }

    private func forEachKey(_ body: (UnsafeRawBufferPointer) -> Void) {
        for page in pages {
            withExtendedLifetime(page) {
                let view = page.view
                for index in 0..<view.count { body(view.key(index)) }
            }
        }
    }

    // MARK: - Filling

    /// Appends a name or a value of a label, as the element to be closed next.
    mutating func append(text: String) {
        JSONText.append(text, to: &texts)
        keys.append(contentsOf: text.utf8)
    }

    /// Ends the element whose text and key were appended.
    mutating func close() { close(isAscending: !isSorted || count == 0 || isAscending()) }

    /// As `close`; the key is shown to what judges the whole list.
    mutating func close(noting order: inout ArrivalOrder) {
        let start = Int(ends.last?.key ?? 0)
        let isAscending = keys.withUnsafeBytes { all in
            order.note(UnsafeRawBufferPointer(rebasing: all[start...]))
        }
        close(isAscending: isAscending || count == 0)
    }

    private mutating func close(isAscending: Bool) {
        isSorted = isSorted && isAscending
        ends.append(ListPage.Ends(text: UInt32(texts.count), key: UInt32(keys.count)))
        count += 1
        if texts.count >= Self.pageBytes { seal() }
    }

    /// Whether the key that was appended does not belong before the one that came before it.
    private func isAscending() -> Bool {
        keys.withUnsafeBytes { all in
            guard let last = ends.last else {
                return lastKey.withUnsafeBytes { ByteOrder.compare(all, $0) >= 0 }
            }
            let start = ends.count > 1 ? Int(ends[ends.count - 2].key) : 0
            let before = UnsafeRawBufferPointer(rebasing: all[start..<Int(last.key)])
            let key = UnsafeRawBufferPointer(rebasing: all[Int(last.key)...])
            return ByteOrder.compare(key, before) >= 0
        }
    }

    private mutating func seal() {
        guard let last = ends.last else { return }
        let start = ends.count > 1 ? Int(ends[ends.count - 2].key) : 0
        lastKey = Array(keys[start..<Int(last.key)])
        let page = ListPage(ends: ends, texts: texts, keys: keys)
        pages.append(page)
        sealedBytes += page.byteCount
        ends.removeAll(keepingCapacity: true)
        texts.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
    }

    /// Ends the list, and sorts it if it is not.
    mutating func finish() {
        seal()
        (ends, texts, keys, lastKey) = ([], [], [], [])
        if !isSorted { sort() }
    }

    /// Adds another list, which may be of any order; `sort` is to follow.
    mutating func add(_ other: ElementList) {
        pages += other.pages
        count += other.count
        sealedBytes += other.sealedBytes
        (order, isSorted) = (nil, false)
    }

    /// The place of the newest element in the sorted order; of one that is moved, that of the first.
    var placeOfLast: Int {
        if isLastMoved { return 0 }
        guard let order, let page = pages.last else { return count - 1 }
        let index = page.view.count - 1
        return order.lastIndex { Int($0.page) == pages.count - 1 && Int($0.index) == index } ?? 0
    }

    // MARK: - Sorting

    private struct Sortable {
        /// What follows what all keys begin with.
        var word: UInt64
        var place: Place
    }

    mutating func sort() {
        let pages = pages
        withExtendedLifetime(pages) {
            let views = pages.map(\.view)
            let shared = Self.sharedCount(views)
            var all: [Sortable] = []
            all.reserveCapacity(count)
            for (page, view) in views.enumerated() {
                for index in 0..<view.count {
                    all.append(
                        Sortable(
                            word: ByteOrder.word(of: view.key(index), from: shared),
                            place: Place(page: UInt32(page), index: UInt32(index))))
                }
            }
            all.sort { a, b in
                if a.word != b.word { return a.word < b.word }
                return ByteOrder.compare(
                    views[Int(a.place.page)].key(Int(a.place.index)),
                    views[Int(b.place.page)].key(Int(b.place.index))) < 0
            }
            order = all.map(\.place)
        }
        isSorted = true
    }

    /// Bytes that all keys begin with.
    private static func sharedCount(_ views: [ListPage.View]) -> Int {
        guard let first = views.first?.key(0) else { return 0 }
        var shared = first.count
        for view in views {
            for index in 0..<view.count {
                let key = view.key(index)
                shared = min(shared, key.count)
                while shared > 0,
                    ByteOrder.compare(
                        UnsafeRawBufferPointer(rebasing: key.prefix(shared)),
                        UnsafeRawBufferPointer(rebasing: first.prefix(shared))) != 0
                {
                    // Halving finds it soon, and what is shared besides is compared once more.
                    shared /= 2
                }
            }
        }
        return shared
    }
}

/// Order by bytes; what others begin with comes first.
enum ByteOrder {
    /// Below zero where `a` comes first, zero for equal bytes.
    static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let common = min(a.count, b.count)
        if common > 0, let first = a.baseAddress, let second = b.baseAddress {
            let order = memcmp(first, second, common)
            if order != 0 { return Int(order) }
        }
        return a.count - b.count
    }

    /// Eight bytes as a number of the same order, zeros in the place of those behind the end.
    static func word(of bytes: UnsafeRawBufferPointer, from start: Int) -> UInt64 {
        if start + 8 <= bytes.count {
            return UInt64(
                bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
        var word: UInt64 = 0
        for index in start..<(start + 8) {
            word = word << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0)
        }
        return word
    }
}

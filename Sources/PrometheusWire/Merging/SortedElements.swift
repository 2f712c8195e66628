/// The series of pages in label order.
public struct SortedElements: Sequence, IteratorProtocol, Sendable {
    /// Where one series is. Places are moved while they are sorted, and not what they tell of.
    private struct Place {
        var page: Int
        var series: Int
    }

    private let pages: [SeriesPage]
    private var places: ArraySlice<Place>

    public init(_ pages: [SeriesPage]) {
        self.init(asGiven: pages)
        // One member's series are in order as a rule, and so are those of members by their names.
        guard !isSorted else { return }
        var sorted = Array(places)
        sorted.sort { Self.order($0, $1, pages) < 0 }
        places = sorted[...]
    }

    /// In the order of the pages.
    public init(asGiven pages: [SeriesPage]) {
        self.pages = pages
        places = ArraySlice(
            pages.indices.flatMap { page in
                pages[page].series.indices.map { Place(page: page, series: $0) }
            })
    }

    public mutating func next() -> SeriesElement? { places.popFirst().map(element) }

    /// The first of the elements that has the labels of the one before it.
    public var firstTwice: SeriesElement? {
        for (place, next) in zip(places, places.dropFirst())
        where Self.order(place, next, pages) == 0 {
            return element(at: next)
        }
        return nil
    }

    private var isSorted: Bool {
        for (place, next) in zip(places, places.dropFirst())
        where Self.order(place, next, pages) > 0 {
            return false
        }
        return true
    }

    private func element(at place: Place) -> SeriesElement {
        SeriesElement(page: pages[place.page], index: place.series)
    }

    private static func order(_ a: Place, _ b: Place, _ pages: [SeriesPage]) -> Int {
        pages[a.page].keyOrder(of: a.series, to: b.series, in: pages[b.page])
    }
}

extension SeriesPage {
    /// Below zero where the key of a series comes before the key of one of another page, zero for
    /// equal ones.
    func keyOrder(of index: Int, to otherIndex: Int, in other: SeriesPage) -> Int {
        keys.withUnsafeBytes { mine in
            other.keys.withUnsafeBytes { theirs in
                ByteOrder.compare(
                    UnsafeRawBufferPointer(rebasing: mine[series[index].key]),
                    UnsafeRawBufferPointer(rebasing: theirs[other.series[otherIndex].key]))
            }
        }
    }
}

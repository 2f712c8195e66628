import PrometheusAPI

/// The elements of pages in label order.
struct SortedElements: Sequence, IteratorProtocol {
    private var elements: ArraySlice<SeriesElement>

    init(_ pages: [SeriesPage]) {
        var all: [SeriesElement] = []
        for page in pages {
            for index in page.series.indices { all.append(SeriesElement(page: page, index: index)) }
        }
        all.sort { $0.key.lexicographicallyPrecedes($1.key) }
        elements = all[...]
    }

    mutating func next() -> SeriesElement? { elements.popFirst() }
}

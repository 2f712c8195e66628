/// One series of a page, as it goes to the client.
public struct SeriesElement: Sendable {
    var page: SeriesPage
    var index: Int

    public init(page: SeriesPage, index: Int) {
        self.page = page
        self.index = index
    }

    /// The ordered key of its label set.
    public var key: ArraySlice<UInt8> { page.keys[page.series[index].key] }

    /// Appends the JSON object.
    public func append(to out: inout [UInt8]) {
        page.bytes.withUnsafeBufferPointer {
            out.append(
                contentsOf: UnsafeBufferPointer(rebasing: $0[page.series[index].element]))
        }
    }
}

import GoText
import TimeSeries

/// The answers to one query at the steps of consecutive times, joined to what the query would be
/// answered at all of them: page by page, series in the order of their keys.
public struct SeriesJoin: Sendable {
    /// The answer for some of the steps.
    public struct Part: Sendable {
        fileprivate let pages: [SeriesPage]
        fileprivate let from: Timestamp
        fileprivate let through: Timestamp
        /// Where the series stand, by their keys; nil where the pages have them in that order.
        fileprivate let order: [Place]?
        /// The index in `order` of the series behind the head.
        private var next = 0
        /// The series that is next.
        fileprivate var head: Place?

        /// - Parameters:
        ///   - pages: of a matrix, as a scanner or a join gives them.
        ///   - from: samples before this time are left out.
        ///   - through: samples behind this time are left out.
        ///   - isOrdered: whether a join made the pages.
        /// - Throws: `ScanError` when two series have the same labels.
        public init(
            _ pages: [SeriesPage], from: Timestamp = .min, through: Timestamp = .max,
            isOrdered: Bool = false
        ) throws(ScanError) {
            self.pages = pages
            self.from = from
            self.through = through
            order = isOrdered ? nil : try Self.order(of: pages)
            advance()
        }

        /// - Throws: for series with the same labels.
        private static func order(of pages: [SeriesPage]) throws(ScanError) -> [Place]? {
            var places: [Place] = []
            var isOrdered = true
            var last: ArraySlice<UInt8>?
            for (page, one) in pages.enumerated() {
                for (index, extent) in one.series.enumerated() {
                    let key = one.keys[extent.key]
                    if let last, !last.lexicographicallyPrecedes(key) { isOrdered = false }
                    last = key
                    places.append(Place(page: page, index: index))
                }
            }
            if isOrdered { return nil }
            func key(_ place: Place) -> ArraySlice<UInt8> {
                pages[place.page].keys[pages[place.page].series[place.index].key]
            }
            places.sort { key($0).lexicographicallyPrecedes(key($1)) }
            for (one, next) in zip(places, places.dropFirst()) where key(one) == key(next) {
                throw .duplicate(LabelSet(key: Array(key(one))))
            }
            return places
        }

        fileprivate mutating func advance() {
            if let order {
                head = next < order.count ? order[next] : nil
                next += 1
                return
            }
            // Only parts that have a head are moved on, and a new one, to its first series.
            var place = head ?? Place(page: 0, index: -1)
            place.index += 1
            while place.page < pages.count, place.index >= pages[place.page].series.count {
                place = Place(page: place.page + 1, index: 0)
            }
            head = place.page < pages.count ? place : nil
        }

        fileprivate func key(of place: Place) -> ArraySlice<UInt8> {
            pages[place.page].keys[pages[place.page].series[place.index].key]
        }
    }

    fileprivate struct Place: Sendable {
        var page: Int
        var index: Int
    }

    private var parts: [Part]

    /// - Parameter parts: by their times, none of which two have.
    public init(_ parts: [Part]) { self.parts = parts }

    /// The next page, of about so many bytes; nil behind the last. It has no series without samples.
    public mutating func next(ofBytes size: Int) -> SeriesPage? {
        var page = SeriesPage()
        while page.bytes.count < size, let least = leastParts() {
            append(least, to: &page)
            for index in least { parts[index].advance() }
        }
        return page.series.isEmpty ? nil : page
    }

    /// The parts that have the series that is next.
    private func leastParts() -> [Int]? {
        var least: [Int] = []
        var leastKey: ArraySlice<UInt8>?
        for (index, part) in parts.enumerated() {
            guard let head = part.head else { continue }
            let key = part.key(of: head)
            if let other = leastKey {
                if key == other {
                    least.append(index)
                    continue
                }
                guard key.lexicographicallyPrecedes(other) else { continue }
            }
            least = [index]
            leastKey = key
        }
        return least.isEmpty ? nil : least
    }

    private static let valuesOpening = Array("\"values\":[".utf8)
    private static let histogramsOpening = Array("\"histograms\":[".utf8)

    /// Appends a series, unless none of its samples is wanted.
    private func append(_ indices: [Int], to page: inout SeriesPage) {
        let (element, keyStart) = (page.bytes.count, page.keys.count)
        var samples = element
        var hasHistograms = false
        for kind in [SampleText.Kind.floats, .histograms] {
            var isOpen = false
            for index in indices {
                let part = parts[index]
                guard let place = part.head else { continue }
                let source = part.pages[place.page]
                let extent = source.series[place.index]
                source.bytes.withUnsafeBufferPointer { bytes in
                    let text = SampleText(bytes, extent, kind)
                    let wanted = text.range(from: part.from, through: part.through)
                    if wanted.isEmpty { return }
                    if samples == element {
                        page.bytes.append(
                            contentsOf: UnsafeBufferPointer(
                                rebasing: bytes[
                                    extent.element.lowerBound..<extent.samples.lowerBound]))
                        page.keys += source.keys[extent.key]
                        samples = page.bytes.count
                    }
                    if isOpen {
                        page.bytes.append(UInt8(ascii: ","))
                    } else {
                        // Behind floats.
                        if page.bytes.count > samples { page.bytes.append(UInt8(ascii: ",")) }
                        switch kind {
                        case .floats: page.bytes += Self.valuesOpening
                        case .histograms: page.bytes += Self.histogramsOpening
                        }
                        isOpen = true
                    }
                    page.bytes.append(
                        contentsOf: UnsafeBufferPointer(rebasing: bytes[wanted]))
                }
            }
            if isOpen {
                page.bytes.append(UInt8(ascii: "]"))
                if case .histograms = kind { hasHistograms = true }
            }
        }
        guard samples > element else { return }
        page.bytes.append(UInt8(ascii: "}"))
        page.series.append(
            SeriesPage.Extent(
                key: keyStart..<page.keys.count, element: element..<page.bytes.count,
                samples: samples..<page.bytes.count, hasHistograms: hasHistograms))
        page.bytes.append(UInt8(ascii: ","))
    }
}

/// The samples of one kind in the text of a series, which is as the scanner spells it: no white
/// space, and no brackets inside strings.
private struct SampleText {
    enum Kind {
        case floats, histograms
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let kind: Kind
    /// The samples with the commas between them.
    private let all: Range<Int>

    private static let values = Array("\"values\":[".utf8)
    private static let histograms = Array("\"histograms\":[".utf8)

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ extent: SeriesPage.Extent, _ kind: Kind) {
        self.bytes = bytes
        self.kind = kind
        // Without the bracket and the brace that end the last list.
        let text = extent.samples.lowerBound..<extent.samples.upperBound - 2
        let hasFloats = bytes[text].starts(with: Self.values)
        var floats = text.lowerBound..<text.lowerBound
        if hasFloats {
            let start = text.lowerBound + Self.values.count
            floats = start..<text.upperBound
            if extent.hasHistograms {
                // Only the last float is followed by two brackets.
                var end = start
                while bytes[end] != UInt8(ascii: "]") || bytes[end + 1] != UInt8(ascii: "]") {
                    end += 1
                }
                floats = start..<end + 1
            }
        }
        switch kind {
        case .floats: all = floats
        case .histograms:
            guard extent.hasHistograms else {
                all = text.upperBound..<text.upperBound
                return
            }
            // Behind the floats stand a bracket and a comma.
            let start = hasFloats ? floats.upperBound + 2 : text.lowerBound
            all = start + Self.histograms.count..<text.upperBound
        }
    }

    /// The bytes of the samples within these times, both included.
    func range(from: Timestamp, through: Timestamp) -> Range<Int> {
        guard !all.isEmpty, from <= through else { return all.lowerBound..<all.lowerBound }
        let start = from == .min ? all.lowerBound : first(at: from)
        var end = all.upperBound
        if through < .max {
            end = first(at: Timestamp(milliseconds: through.milliseconds + 1))
            // The comma before the first that is left out.
            if end < all.upperBound { end -= 1 }
        }
        return start < end ? start..<end : start..<start
    }

    /// Where the first sample begins that is not before a time.
    private func first(at time: Timestamp) -> Int {
        if self.time(at: all.lowerBound) >= time { return all.lowerBound }
        switch kind {
        case .histograms:
            var depth = 0
            for index in all {
                switch bytes[index] {
                case UInt8(ascii: "["):
                    if depth == 0, self.time(at: index) >= time { return index }
                    depth += 1
                case UInt8(ascii: "]"): depth -= 1
                default: break
                }
            }
            return all.upperBound
        case .floats:
            // A sample before the time, and the first known not to be.
            var (low, high, bound) = (all.lowerBound, all.upperBound, all.upperBound)
            while low + 1 < bound {
                let middle = max(low + 1, low + (bound - low) / 2)
                guard let start = bytes[middle..<bound].firstIndex(of: UInt8(ascii: "[")) else {
                    bound = middle
                    continue
                }
                if self.time(at: start) >= time {
                    (high, bound) = (start, start)
                } else {
                    low = start
                }
            }
            return high
        }
    }

    /// Of the sample that begins there.
    private func time(at start: Int) -> Timestamp {
        let text = bytes[(start + 1)...].prefix { $0 != UInt8(ascii: ",") }
        // The scanner takes no sample without a time.
        return NumberScan.time(of: text) ?? .min
    }
}

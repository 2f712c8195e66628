import TimeSeries

/// Adds the partition label to label sets on their way through.
public struct LabelInjection: Sendable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// Rewrites `metric` objects: label bytes in, edited label bytes and the ordered key out.
struct MetricEditor {
    private let injection: LabelInjection?
    private let name: [UInt8]
    /// `"name":"value"`, ready to be written.
    private var pair: [UInt8] = []
    private var keyPair: [UInt8] = []

    init(_ injection: LabelInjection?) {
        self.injection = injection
        name = Array((injection?.name ?? "").utf8)
        if let injection {
            JSONText.appendLabel(injection.name.utf8, to: &pair)
            pair.append(UInt8(ascii: ":"))
            JSONText.appendLabel(injection.value.utf8, to: &pair)
            LabelSet.append(injection.name.utf8, to: &keyPair)
            LabelSet.append(injection.value.utf8, to: &keyPair)
        }
    }

    /// One label's bytes as they stand in a buffer, quotes left out; without escapes.
    typealias PlainLabel = (name: Range<Int>, value: Range<Int>)

    /// Writes labels that need no thought: names ascending, no escapes, none in the rename chain.
    /// False, with nothing written, where they do.
    func appendPlain(
        _ labels: [PlainLabel], of bytes: UnsafeBufferPointer<UInt8>, to page: inout SeriesPage
    ) -> Bool {
        let bytesMark = page.bytes.count
        let keysMark = page.keys.count
        page.bytes.append(contentsOf: Self.head)
        var isPlaced = injection == nil
        var previous: Range<Int>?
        var isFirst = true
        for label in labels {
            if let previous, !Self.precedes(bytes, previous, label.name) {
                return undo(&page, bytesMark, keysMark)
            }
            previous = label.name
            if injection != nil, ends(bytes, label.name) {
                if isInChain(Array(bytes[label.name])) { return undo(&page, bytesMark, keysMark) }
            }
            if !isPlaced, nameFollows(bytes, label.name) {
                if !isFirst { page.bytes.append(UInt8(ascii: ",")) }
                page.bytes.append(contentsOf: pair)
                page.keys.append(contentsOf: keyPair)
                isPlaced = true
                isFirst = false
            }
            if label.value.isEmpty { continue }
            if !isFirst { page.bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            // `"name":"value"` stands together in the source, quotes included.
            let whole = (label.name.lowerBound - 1)..<(label.value.upperBound + 1)
            page.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[whole]))
            page.keys.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[label.name]))
            page.keys.append(0)
            page.keys.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[label.value]))
            page.keys.append(0)
        }
        if !isPlaced {
            if !isFirst { page.bytes.append(UInt8(ascii: ",")) }
            page.bytes.append(contentsOf: pair)
            page.keys.append(contentsOf: keyPair)
        }
        page.bytes.append(UInt8(ascii: "}"))
        return true
    }

    /// Writes any labels: renamed, sorted, escaped anew.
    ///
    /// - Throws: when a name occurs twice.
    func append(
        _ labels: [(name: [UInt8], value: [UInt8])], to page: inout SeriesPage
    )
        throws(ScanError)
    {
        var all: [(name: [UInt8], value: [UInt8])] = []
        for label in labels where !label.value.isEmpty {
            let isRenamed = injection != nil && isInChain(label.name)
            all.append((isRenamed ? Self.chainPrefix + label.name : label.name, label.value))
        }
        if let injection { all.append((name, Array(injection.value.utf8))) }
        all.sort { $0.name.lexicographicallyPrecedes($1.name) }
        for (first, second) in zip(all, all.dropFirst()) where first.name == second.name {
            throw .malformed(
                "a series has the label \(String(decoding: first.name, as: UTF8.self)) twice")
        }
        page.bytes.append(contentsOf: Self.head)
        for (index, label) in all.enumerated() {
            if index > 0 { page.bytes.append(UInt8(ascii: ",")) }
            JSONText.appendLabel(label.name, to: &page.bytes)
            page.bytes.append(UInt8(ascii: ":"))
            JSONText.appendLabel(label.value, to: &page.bytes)
            LabelSet.append(label.name, to: &page.keys)
            LabelSet.append(label.value, to: &page.keys)
        }
        page.bytes.append(UInt8(ascii: "}"))
    }

    private func undo(_ page: inout SeriesPage, _ bytes: Int, _ keys: Int) -> Bool {
        page.bytes.removeSubrange(bytes...)
        page.keys.removeSubrange(keys...)
        return false
    }

    private static let head = Array("{\"metric\":{".utf8)
    private static let chainPrefix = Array("exported_".utf8)

    /// Whether a name is the partition label or that with any number of `exported_` before it.
    private func isInChain(_ label: [UInt8]) -> Bool {
        guard label.count >= name.count, label.suffix(name.count).elementsEqual(name) else {
            return false
        }
        var rest = label.dropLast(name.count)
        while rest.starts(with: Self.chainPrefix) {
            rest = rest.dropFirst(Self.chainPrefix.count)
        }
        return rest.isEmpty
    }

    /// A cheap test that every name in the chain passes.
    private func ends(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        range.count >= name.count && bytes[range.upperBound - 1] == name.last
            && bytes[range.upperBound - name.count] == name.first
    }

    /// Whether the injected name sorts before this one.
    private func nameFollows(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        name.lexicographicallyPrecedes(UnsafeBufferPointer(rebasing: bytes[range]))
    }

    private static func precedes(
        _ bytes: UnsafeBufferPointer<UInt8>, _ a: Range<Int>, _ b: Range<Int>
    ) -> Bool {
        UnsafeBufferPointer(rebasing: bytes[a])
            .lexicographicallyPrecedes(UnsafeBufferPointer(rebasing: bytes[b]))
    }
}

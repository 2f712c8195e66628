public import TimeSeries

/// Edits the labels of series in their protobuf form; whatever else a series holds, its samples or
/// chunks, is copied as it stands.
///
/// Own labels of the names that are added make room as `LabelInjection` says. Labels that a member is
/// known to add to all it sends to others (its `external_labels`) are taken off.
public struct RemoteSeriesEditor: Sendable {
    public struct Label: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    private typealias Bytes = ArraySlice<UInt8>

    private let editor: LabelEditor
    private let external: [[UInt8]: [UInt8]]

    public init(injecting injection: LabelInjection?, removing external: [Label] = []) {
        editor = LabelEditor(injection)
        self.external = Dictionary(
            external.map { (Array($0.name.utf8), Array($0.value.utf8)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// A series as it goes on: a message without tag and length, and its ordered key.
    struct Edited {
        var message: [UInt8] = []
        var key: [UInt8] = []
    }

    /// Edits a `TimeSeries` or a `ChunkedSeries`: both hold their labels in field 1.
    ///
    /// - Throws: for what is no such message, and for a name that occurs twice.
    func edited(_ series: Range<Int>, of bytes: [UInt8]) throws(ScanError) -> Edited {
        var labels: [(name: Bytes, value: Bytes)] = []
        var rest: [Range<Int>] = []
        do throws(WireError) {
            var reader = ProtobufReader(bytes, series)
            while let field = try reader.next() {
                if field.number == 1 {
                    guard case .bytes(let range) = field.value else {
                        throw .malformed("a series whose labels have the wrong wire type")
                    }
                    let label = try Self.label(range, of: bytes)
                    if !isExternal(label) { labels.append(label) }
                } else if let last = rest.last, last.upperBound == field.extent.lowerBound {
                    rest[rest.count - 1] = last.lowerBound..<field.extent.upperBound
                } else {
                    rest.append(field.extent)
                }
            }
        } catch {
            throw error.inAnswer
        }
        return try written(editor.edited(labels), rest, of: bytes)
    }

    private static func label(
        _ range: Range<Int>, of bytes: [UInt8]
    ) throws(WireError) -> (name: Bytes, value: Bytes) {
        var label: (name: Bytes, value: Bytes) = ([], [])
        var reader = ProtobufReader(bytes, range)
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): label.name = bytes[range]
            case (2, .bytes(let range)): label.value = bytes[range]
            case (1, _), (2, _): throw .malformed("a label with the wrong wire type")
            default: break
            }
        }
        return label
    }

    private func isExternal(_ label: (name: Bytes, value: Bytes)) -> Bool {
        guard !external.isEmpty, let value = external[Array(label.name)] else { return false }
        return value.elementsEqual(label.value)
    }

    private func written(
        _ labels: [(name: Bytes, value: Bytes)], _ rest: [Range<Int>], of bytes: [UInt8]
    ) -> Edited {
        var edited = Edited()
        edited.message.reserveCapacity(
            rest.reduce(0) { $0 + $1.count } + labels.reduce(0) { $0 + $1.name.count } * 4)
        for (name, value) in labels {
            let count =
                2 + WireWriter.count(ofVarint: UInt64(name.count)) + name.count
                + WireWriter.count(ofVarint: UInt64(value.count)) + value.count
            WireWriter.append(1, head: count, to: &edited.message)
            WireWriter.append(1, bytes: name, to: &edited.message)
            WireWriter.append(2, bytes: value, to: &edited.message)
            LabelSet.append(name, to: &edited.key)
            LabelSet.append(value, to: &edited.key)
        }
        for range in rest { edited.message += bytes[range] }
        return edited
    }
}

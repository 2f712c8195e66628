import PrometheusWire
import TimeSeries

/// Reads the third part of a line, `{"structuredMetadata":{…},"parsed":{…}}`, into a page. What equals
/// the one before it is not read again.
struct LineLabelsReader {
    /// As it stood in the answer.
    private var spelling: [UInt8] = []
    private var labels = LinePage.Labels()

    /// What was read before is in a page that is gone.
    mutating func forget() { spelling = [] }

    /// Reads what stands here, in any spelling. Other fields are passed over.
    static func read(
        _ cursor: inout JSONCursor, atMost limit: Int
    ) throws(JSONCursor.Failure) -> (metadata: LabelSet, parsed: LabelSet) {
        var sets = (metadata: LabelSet.empty, parsed: LabelSet.empty)
        guard try cursor.peek() == UInt8(ascii: "{") else {
            try cursor.skip()
            return sets
        }
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            switch key {
            case "structuredMetadata": sets.metadata = try set(&cursor, atMost: limit)
            case "parsed": sets.parsed = try set(&cursor, atMost: limit)
            default: try cursor.skip()
            }
        }
        return sets
    }

    private static func set(
        _ cursor: inout JSONCursor, atMost limit: Int
    ) throws(JSONCursor.Failure) -> LabelSet {
        guard try cursor.peek() == UInt8(ascii: "{") else {
            try cursor.skip()
            return .empty
        }
        var pairs: [(name: String, value: String)] = []
        try cursor.object { (name, cursor) throws(JSONCursor.Failure) in
            guard pairs.count < limit else { throw .tooMany("a line of more than \(limit) labels") }
            pairs.append((name, try cursor.text()))
        }
        return LabelSet(pairs)
    }

    /// Adds label sets to a page.
    static func append(
        _ sets: (metadata: LabelSet, parsed: LabelSet), to page: inout LinePage
    ) -> LinePage.Labels {
        let offset = page.bytes.count
        page.bytes.append(contentsOf: sets.metadata.key)
        page.bytes.append(contentsOf: sets.parsed.key)
        return LinePage.Labels(
            offset: offset, metadataLength: Int32(clamping: sets.metadata.key.count),
            parsedLength: Int32(clamping: sets.parsed.key.count))
    }

    // MARK: - As Loki writes it

    /// Reads what stands here if Loki wrote it and nothing in it is written with an escape.
    ///
    /// - Returns: where it is in the page, and the position behind it; nil, with nothing read, where
    ///   it is written otherwise or has not arrived wholly.
    mutating func scan(
        _ bytes: UnsafeBufferPointer<UInt8>, at start: Int, atMost limit: Int,
        into page: inout LinePage
    ) -> (labels: LinePage.Labels, end: Int)? {
        if isSpelled(bytes, at: start) { return (labels, start + spelling.count) }
        let mark = page.bytes.count
        var scan = Scan(bytes: bytes, position: start, limit: limit)
        guard let labels = scan.labels(into: &page.bytes) else {
            page.bytes.removeSubrange(mark...)
            return nil
        }
        self.labels = labels
        spelling = Array(bytes[start..<scan.position])
        return (labels, scan.position)
    }

    /// Whether the same stands here as before.
    private func isSpelled(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        guard !spelling.isEmpty, bytes.count - start >= spelling.count else { return false }
        return spelling.withUnsafeBufferPointer { spelling in
            for index in spelling.indices where bytes[start + index] != spelling[index] {
                return false
            }
            return true
        }
    }

    private struct Scan {
        let bytes: UnsafeBufferPointer<UInt8>
        var position: Int
        let limit: Int

        private mutating func accept(_ text: StaticString) -> Bool {
            let count = text.utf8CodeUnitCount
            guard bytes.count - position >= count else { return false }
            for index in 0..<count where bytes[position + index] != text.utf8Start[index] {
                return false
            }
            position += count
            return true
        }

        mutating func labels(into out: inout [UInt8]) -> LinePage.Labels? {
            var labels = LinePage.Labels(offset: out.count)
            guard accept("{") else { return nil }
            if accept("\"structuredMetadata\":{") {
                guard set(into: &out) else { return nil }
                labels.metadataLength = Int32(clamping: out.count - labels.offset)
                if accept("}") { return labels }
                guard accept(",") else { return nil }
            }
            if accept("\"parsed\":{") {
                let start = out.count
                guard set(into: &out) else { return nil }
                labels.parsedLength = Int32(clamping: out.count - start)
            }
            return accept("}") ? labels : nil
        }

        /// The names and values up to the closing brace, as the key of a label set: names in order,
        /// no value empty.
        private mutating func set(into out: inout [UInt8]) -> Bool {
            if accept("}") { return true }
            var last = 0..<0
            var count = 0
            while count < limit {
                let start = out.count
                guard accept("\""), text(into: &out), accept(":\"") else { return false }
                let name = start..<(out.count - 1)
                guard last.isEmpty || out[last].lexicographicallyPrecedes(out[name]) else {
                    return false
                }
                let value = out.count
                guard text(into: &out), out.count > value + 1 else { return false }
                last = name
                count += 1
                if accept("}") { return true }
                guard accept(",") else { return false }
            }
            return false
        }

        /// What is before the next quote, and a zero.
        private mutating func text(into out: inout [UInt8]) -> Bool {
            var index = position
            while index < bytes.count {
                let byte = bytes[index]
                if byte == UInt8(ascii: "\"") {
                    out.append(
                        contentsOf: UnsafeBufferPointer(rebasing: bytes[position..<index]))
                    out.append(0)
                    position = index + 1
                    return true
                }
                if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\\") { return false }
                index += 1
            }
            return false
        }
    }
}

import TimeSeries

/// Edits label sets that are names and values in bytes.
struct LabelEditor: Sendable {
    let injection: LabelInjection

    init(_ injection: LabelInjection?) { self.injection = injection ?? .none }

    /// Renamed, with the labels that are added and without the one that is taken off, sorted, without
    /// empty values; always valid UTF-8.
    ///
    /// - Throws: when a name occurs twice.
    func edited<Bytes: RangeReplaceableCollection<UInt8> & BidirectionalCollection & Equatable>(
        _ labels: [(name: Bytes, value: Bytes)]
    ) throws(ScanError) -> [(name: Bytes, value: Bytes)] {
        var all: [(name: Bytes, value: Bytes)] = []
        all.reserveCapacity(labels.count + injection.labels.count)
        for label in labels where !label.value.isEmpty && !injection.removes(label.name) {
            let name = UTF8Text.repaired(label.name)
            all.append((injection.visibleName(of: name), UTF8Text.repaired(label.value)))
        }
        for label in injection.labels where !label.value.isEmpty {
            all.append((Bytes(label.name.utf8), Bytes(label.value.utf8)))
        }
        all.sort { $0.name.lexicographicallyPrecedes($1.name) }
        for (first, second) in zip(all, all.dropFirst()) where first.name == second.name {
            throw .malformed(
                "a series has the label \(String(decoding: first.name, as: UTF8.self)) twice")
        }
        return all
    }
}

/// Rewrites `metric` objects: label bytes in, edited label bytes and the ordered key out.
///
/// Own labels of the names that are added make room as `LabelInjection` says.
struct MetricEditor {
    /// A label that is added.
    private struct Added {
        var name: [UInt8]
        /// `"name":"value"`, ready to be written.
        var text: [UInt8] = []
        var key: [UInt8] = []
    }

    private let editor: LabelEditor
    /// What stands before the labels.
    private let head: [UInt8]
    /// In the order of their names.
    private let added: [Added]
    /// The bits of the last bytes of the names that labels make room for, and of the one that is
    /// taken off: most labels end in none.
    private let lastBytes: UInt64
    private let shortestName: Int

    init(_ injection: LabelInjection?, head: String = "{\"metric\":{") {
        self.head = Array(head.utf8)
        editor = LabelEditor(injection)
        added = editor.injection.labels.filter { !$0.value.isEmpty }.map { label in
            var added = Added(name: Array(label.name.utf8))
            JSONText.appendLabel(label.name.utf8, to: &added.text)
            added.text.append(UInt8(ascii: ":"))
            JSONText.appendLabel(label.value.utf8, to: &added.text)
            LabelSet.append(label.name.utf8, to: &added.key)
            LabelSet.append(label.value.utf8, to: &added.key)
            return added
        }
        let names = editor.injection.names + (editor.injection.removed.map { [$0] } ?? [])
        lastBytes = names.reduce(0) { $0 | Self.bit(of: $1.last) }
        shortestName = names.map(\.count).min() ?? 0
    }

    private static func bit(of byte: UInt8?) -> UInt64 { byte.map { 1 << UInt64($0 & 63) } ?? 0 }

    /// Writes labels that stand one behind another, `"name":"value","name":"value"`, in names
    /// without escapes. False, with nothing written, where names do not ascend, or one must be
    /// renamed, left out or spelled anew.
    func appendCopied(
        _ labels: [PlainLabel], of bytes: UnsafeBufferPointer<UInt8>, to out: inout [UInt8],
        keys: inout [UInt8]
    ) -> Bool {
        guard areOrdered(labels, in: bytes), labels.allSatisfy(\.isCopied) else { return false }
        out.append(contentsOf: head)
        var rest = labels[...]
        for (index, label) in added.enumerated() {
            let split = rest.firstIndex { follows(label.name, $0.name, in: bytes) } ?? rest.endIndex
            if index > 0, split > rest.startIndex { out.append(UInt8(ascii: ",")) }
            appendText(rest[..<split], of: bytes, to: &out)
            appendKey(rest[..<split], of: bytes, to: &keys)
            if index > 0 || split > 0 { out.append(UInt8(ascii: ",")) }
            out.append(contentsOf: label.text)
            keys.append(contentsOf: label.key)
            rest = rest[split...]
        }
        if !added.isEmpty, !rest.isEmpty { out.append(UInt8(ascii: ",")) }
        appendText(rest, of: bytes, to: &out)
        appendKey(rest, of: bytes, to: &keys)
        out.append(UInt8(ascii: "}"))
        return true
    }

    /// Writes any labels: renamed, sorted, escaped anew.
    ///
    /// - Throws: when a name occurs twice.
    func append(
        _ labels: [SlowPathElement.Label], to out: inout [UInt8], keys: inout [UInt8]
    ) throws(ScanError) {
        let all = try editor.edited(labels)
        out.append(contentsOf: head)
        for (index, label) in all.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            JSONText.appendLabel(label.name, to: &out)
            out.append(UInt8(ascii: ":"))
            JSONText.appendLabel(label.value, to: &out)
            LabelSet.append(label.name, to: &keys)
            LabelSet.append(label.value, to: &keys)
        }
        out.append(UInt8(ascii: "}"))
    }

    // MARK: - Labels in place

    /// The text of labels that stand together, commas between them included.
    private func appendText(
        _ labels: ArraySlice<PlainLabel>, of bytes: UnsafeBufferPointer<UInt8>,
        to out: inout [UInt8]
    ) {
        guard let first = labels.first, let last = labels.last else { return }
        // The quotes belong to it.
        let run = (first.name.lowerBound - 1)..<(last.value.upperBound + 1)
        out.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[run]))
    }

    /// The ordered key of labels that stand together.
    private func appendKey(
        _ labels: ArraySlice<PlainLabel>, of bytes: UnsafeBufferPointer<UInt8>,
        to keys: inout [UInt8]
    ) {
        if labels.isEmpty { return }
        // Undoing short escapes makes texts shorter; what is too much is taken back.
        var most = 0
        for label in labels { most += label.name.count + label.value.count + 2 }
        var at = keys.count
        keys.append(contentsOf: repeatElement(0, count: most))
        keys.withUnsafeMutableBufferPointer { keys in
            func copy(_ range: Range<Int>) {
                for index in range {
                    keys[at] = bytes[index]
                    at += 1
                }
                // The terminator stands there already.
                at += 1
            }
            for label in labels {
                copy(label.name)
                guard label.escapes == .short else {
                    copy(label.value)
                    continue
                }
                var source = label.value.lowerBound
                while source < label.value.upperBound {
                    var byte = bytes[source]
                    if byte == UInt8(ascii: "\\") {
                        source += 1
                        byte = Self.unescaped(bytes[source])
                    }
                    keys[at] = byte
                    at += 1
                    source += 1
                }
                at += 1
            }
        }
        keys.removeLast(keys.count - at)
    }

    private static func unescaped(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: byte
        }
    }

    // MARK: - Names

    /// Whether names ascend and none is to be renamed or taken off.
    private func areOrdered(
        _ labels: [PlainLabel], in bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        var previous: Range<Int>?
        for label in labels {
            let text = UnsafeBufferPointer(rebasing: bytes[label.name])
            if let previous {
                let before = UnsafeBufferPointer(rebasing: bytes[previous])
                guard before.lexicographicallyPrecedes(text) else { return false }
            }
            previous = label.name
            // A cheap test first, that every name in the chains passes.
            if lastBytes & Self.bit(of: text.last) != 0, text.count >= shortestName,
                editor.injection.renames(text) || editor.injection.removes(text)
            {
                return false
            }
        }
        return true
    }

    /// Whether a name that is added sorts before this one.
    private func follows(
        _ name: [UInt8], _ range: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        name.lexicographicallyPrecedes(UnsafeBufferPointer(rebasing: bytes[range]))
    }
}

/// The fast scan of a `metric` object in Prometheus's spelling.
///
/// As in `SampleScan`, zero bytes behind the data stop every loop.
enum MetricScan {
    enum Stop {
        /// The object is closed; the position is behind its brace.
        case closed
        case incomplete
        /// White space, escapes in a name, or no JSON.
        case unusual
        case tooManyLabels
    }

    /// Reads labels from behind the opening brace on.
    static func labels(
        _ p: UnsafePointer<UInt8>, from start: Int, count: Int, atMost maximum: Int,
        into labels: inout [PlainLabel]
    ) -> (position: Int, stop: Stop) {
        var i = start
        if p[i] == UInt8(ascii: "}") { return (i + 1, .closed) }
        while true {
            guard let name = string(p, at: &i), name.escapes == .none, p[i] == UInt8(ascii: ":")
            else { return (i, i >= count ? .incomplete : .unusual) }
            i += 1
            guard let value = string(p, at: &i) else {
                return (i, i >= count ? .incomplete : .unusual)
            }
            if labels.count == maximum { return (i, .tooManyLabels) }
            labels.append(
                PlainLabel(name: name.inside, value: value.inside, escapes: value.escapes))
            switch p[i] {
            case UInt8(ascii: ","): i += 1
            case UInt8(ascii: "}"): return (i + 1, .closed)
            default: return (i, i >= count ? .incomplete : .unusual)
            }
        }
    }

    /// Passes over a string; nil, with `i` where it goes wrong, if it is none or does not end.
    @inline(__always)
    private static func string(
        _ p: UnsafePointer<UInt8>, at i: inout Int
    ) -> (inside: Range<Int>, escapes: PlainLabel.Escapes)? {
        guard p[i] == UInt8(ascii: "\"") else { return nil }
        i += 1
        let start = i
        var escapes = PlainLabel.Escapes.none
        while p[i] != UInt8(ascii: "\"") {
            guard p[i] >= 0x20 else { return nil }
            if p[i] == UInt8(ascii: "\\") {
                i += 1
                switch p[i] {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "n"), UInt8(ascii: "r"),
                    UInt8(ascii: "t"):
                    if escapes == .none { escapes = .short }
                case 0..<0x20: return nil
                default: escapes = .other
                }
            }
            i += 1
        }
        i += 1
        return (start..<(i - 1), escapes)
    }

    /// Passes over a text that must stand there; false, with `i` where it goes wrong, if another
    /// does.
    @inline(__always)
    static func take(
        _ text: StaticString, _ p: UnsafePointer<UInt8>, at i: inout Int
    ) -> Bool {
        for index in 0..<text.utf8CodeUnitCount {
            guard p[i] == text.utf8Start[index] else { return false }
            i += 1
        }
        return true
    }
}

/// A label as it stands in a buffer in Prometheus's spelling, `"name":"value"`; the ranges leave
/// the quotes out, and the name has no escapes.
struct PlainLabel {
    enum Escapes {
        case none
        /// Only those that Prometheus writes as a backslash and one character, so that the text can
        /// be copied.
        case short
        case other
    }

    var name: Range<Int>
    var value: Range<Int>
    var escapes: Escapes

    /// The text goes out as it stands: it has a value, and no escape that Prometheus writes
    /// differently.
    var isCopied: Bool { escapes != .other && !value.isEmpty }
}

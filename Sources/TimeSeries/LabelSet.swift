import GoText

/// The labels of one series: names and values, sorted by name, no empty values, no name twice.
///
/// Stored as one run of bytes, `name NUL value NUL …`, in which a NUL inside a name or a value is
/// written `01 01` and a 01 is written `01 02`. Comparing those bytes orders label sets as
/// Prometheus orders them (name by name, then value, a strict prefix first; `labels.Compare`), and
/// equal bytes are equal label sets. Swift's own string comparison is never used: it equates
/// canonically equivalent Unicode, Prometheus does not.
public struct LabelSet: Sendable, Hashable, Comparable {
    /// The ordered key described above.
    public let key: [UInt8]

    public static let empty = LabelSet(key: [])

    /// Takes bytes that already are an ordered key.
    public init(key: [UInt8]) { self.key = key }

    /// Sorts by name; drops empty values; of a name that occurs twice the last one wins.
    public init(_ pairs: some Sequence<(name: String, value: String)>) {
        var byName: [(name: [UInt8], value: [UInt8], order: Int)] = []
        for (order, pair) in pairs.enumerated() {
            byName.append((Array(pair.name.utf8), Array(pair.value.utf8), order))
        }
        byName.sort { a, b in
            if a.name == b.name { return a.order < b.order }
            return a.name.lexicographicallyPrecedes(b.name)
        }
        var key: [UInt8] = []
        for (i, pair) in byName.enumerated() {
            if i + 1 < byName.count, byName[i + 1].name == pair.name { continue }
            if pair.value.isEmpty { continue }
            Self.append(pair.name, to: &key)
            Self.append(pair.value, to: &key)
        }
        self.key = key
    }

    public init(_ dictionary: [String: String]) {
        self.init(dictionary.map { (name: $0.key, value: $0.value) })
    }

    /// In one run over the bytes; the array's own hash takes them one by one.
    public func hash(into hasher: inout Hasher) {
        key.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    public static func < (lhs: LabelSet, rhs: LabelSet) -> Bool {
        lhs.key.withUnsafeBufferPointer { a in
            rhs.key.withUnsafeBufferPointer { b in a.lexicographicallyPrecedes(b) }
        }
    }

    public var isEmpty: Bool { key.isEmpty }

    /// Appends one escaped name or value and its terminator.
    public static func append(_ text: some Sequence<UInt8>, to key: inout [UInt8]) {
        for byte in text {
            if byte <= 1 {
                key.append(1)
                key.append(byte + 1)
            } else {
                key.append(byte)
            }
        }
        key.append(0)
    }

    /// The escaped byte ranges of every pair, terminators left out, in order.
    public struct Pairs: Sequence, IteratorProtocol {
        @usableFromInline let key: [UInt8]
        @usableFromInline var position = 0
        @inlinable init(_ key: [UInt8]) { self.key = key }

        @inlinable public mutating func next() -> (name: Range<Int>, value: Range<Int>)? {
            guard position < key.count else { return nil }
            let nameEnd = end(from: position)
            let valueEnd = end(from: nameEnd + 1)
            defer { position = valueEnd + 1 }
            return (position..<nameEnd, (nameEnd + 1)..<valueEnd)
        }

        @inlinable func end(from start: Int) -> Int {
            var i = start
            while i < key.count, key[i] != 0 { i += 1 }
            return i
        }
    }

    /// Ranges into `key`, in label order.
    @inlinable public var ranges: Pairs { Pairs(key) }

    /// Names and values as text, in label order.
    public var pairs: [(name: String, value: String)] {
        ranges.map { (text($0.name), text($0.value)) }
    }

    /// The value of a label, or nil when the label is absent.
    public subscript(name: String) -> String? {
        guard let range = valueRange(of: name) else { return nil }
        return text(range)
    }

    /// `__name__`, or "" when there is none.
    public var metricName: String { self["__name__"] ?? "" }

    /// Keeps only the named labels.
    public func keeping(_ names: LabelNames) -> LabelSet { filtered { names.contains($0) } }

    /// Drops the named labels.
    public func removing(_ names: LabelNames) -> LabelSet { filtered { !names.contains($0) } }

    /// Sets one label; an empty value removes it.
    public func setting(_ name: String, to value: String) -> LabelSet {
        var escaped: [UInt8] = []
        Self.append(name.utf8, to: &escaped)
        escaped.removeLast()
        var out: [UInt8] = []
        out.reserveCapacity(key.count + escaped.count + value.utf8.count + 2)
        var placed = value.isEmpty
        for pair in ranges {
            let existing = key[pair.name]
            if existing.elementsEqual(escaped) { continue }
            if !placed, escaped.lexicographicallyPrecedes(existing) {
                out.append(contentsOf: escaped)
                out.append(0)
                Self.append(value.utf8, to: &out)
                placed = true
            }
            out.append(contentsOf: key[pair.name.lowerBound...pair.value.upperBound])
        }
        if !placed {
            out.append(contentsOf: escaped)
            out.append(0)
            Self.append(value.utf8, to: &out)
        }
        return LabelSet(key: out)
    }

    func valueRange(of name: String) -> Range<Int>? {
        var escaped: [UInt8] = []
        Self.append(name.utf8, to: &escaped)
        escaped.removeLast()
        for pair in ranges where key[pair.name].elementsEqual(escaped) { return pair.value }
        return nil
    }

    private func filtered(_ keep: (ArraySlice<UInt8>) -> Bool) -> LabelSet {
        var out: [UInt8] = []
        out.reserveCapacity(key.count)
        for pair in ranges where keep(key[pair.name]) {
            out.append(contentsOf: key[pair.name.lowerBound...pair.value.upperBound])
        }
        return LabelSet(key: out)
    }

    private func text(_ range: Range<Int>) -> String {
        let slice = key[range]
        guard slice.contains(1) else { return String(decoding: slice, as: UTF8.self) }
        var bytes: [UInt8] = []
        var escaped = false
        for byte in slice {
            if escaped {
                bytes.append(byte - 1)
                escaped = false
            } else if byte == 1 {
                escaped = true
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A set of label names, prepared for filtering label sets.
public struct LabelNames: Sendable, Hashable {
    let escaped: [[UInt8]]

    public init(_ names: some Sequence<String>) {
        escaped = names.map { name in
            var bytes: [UInt8] = []
            LabelSet.append(name.utf8, to: &bytes)
            bytes.removeLast()
            return bytes
        }
    }

    /// Whether an escaped name is one of these.
    public func contains(_ name: ArraySlice<UInt8>) -> Bool {
        escaped.contains { $0.elementsEqual(name) }
    }
}

/// Names of labels and metrics.
public enum LabelName {
    /// Whether a name has the form that all versions of Prometheus know: letters, digits and `_`, not
    /// beginning with a digit.
    public static func isLegacy(_ name: String) -> Bool {
        var first = true
        for byte in name.utf8 {
            let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte == 0x5F
            let isDigit = byte >= 0x30 && byte <= 0x39
            if !isLetter && (first || !isDigit) { return false }
            first = false
        }
        return !first
    }
}

extension LabelSet {
    /// `{__name__="x", a="b"}`, as error texts show label sets: every label in order, values quoted,
    /// and names that are not legacy ones too.
    public var quotedText: String {
        let pairs = pairs.map { pair in
            (LabelName.isLegacy(pair.name) ? pair.name : GoQuoting.quote(pair.name)) + "="
                + GoQuoting.quote(pair.value)
        }
        return "{" + pairs.joined(separator: ", ") + "}"
    }
}

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
///
/// A member's own partition label becomes `exported_<name>`, its own `exported_<name>` becomes
/// `exported_exported_<name>`, and so on: a rule that looks at nothing but the one name, so that it
/// can be undone in the text of queries.
struct MetricEditor {
    private let injection: LabelInjection?
    private let chain: RenameChain
    private let name: [UInt8]
    /// `"name":"value"`, ready to be written.
    private var pair: [UInt8] = []
    private var keyPair: [UInt8] = []

    init(_ injection: LabelInjection?) {
        self.injection = injection
        chain = RenameChain(injection?.name ?? "")
        name = chain.name
        if let injection {
            JSONText.appendLabel(injection.name.utf8, to: &pair)
            pair.append(UInt8(ascii: ":"))
            JSONText.appendLabel(injection.value.utf8, to: &pair)
            LabelSet.append(injection.name.utf8, to: &keyPair)
            LabelSet.append(injection.value.utf8, to: &keyPair)
        }
    }

    /// Writes labels that stand one behind another, `"name":"value","name":"value"`, in names
    /// without escapes. False, with nothing written, where names do not ascend, or one must be
    /// renamed, left out or spelled anew.
    func appendCopied(
        _ labels: [PlainLabel], of bytes: UnsafeBufferPointer<UInt8>, to page: inout SeriesPage
    ) -> Bool {
        guard areOrdered(labels, in: bytes), labels.allSatisfy(\.isCopied) else { return false }
        page.bytes.append(contentsOf: Self.head)
        var split = labels.count
        if injection != nil {
            split = labels.firstIndex { follows($0.name, in: bytes) } ?? labels.count
        }
        appendText(labels[..<split], of: bytes, to: &page)
        if injection != nil {
            if split > 0 { page.bytes.append(UInt8(ascii: ",")) }
            page.bytes.append(contentsOf: pair)
            if split < labels.count { page.bytes.append(UInt8(ascii: ",")) }
        }
        appendText(labels[split...], of: bytes, to: &page)
        appendKey(labels, split, of: bytes, to: &page.keys)
        page.bytes.append(UInt8(ascii: "}"))
        return true
    }

    /// Writes any labels: renamed, sorted, escaped anew.
    ///
    /// - Throws: when a name occurs twice.
    func append(_ labels: [WalkedElement.Label], to page: inout SeriesPage) throws(ScanError) {
        var all: [WalkedElement.Label] = []
        for label in labels where !label.value.isEmpty {
            let isRenamed = injection != nil && chain.contains(label.name)
            all.append((isRenamed ? RenameChain.prefix + label.name : label.name, label.value))
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

    private static let head = Array("{\"metric\":{".utf8)

    // MARK: - Labels in place

    /// The text of labels that stand together, commas between them included.
    private func appendText(
        _ labels: ArraySlice<PlainLabel>, of bytes: UnsafeBufferPointer<UInt8>,
        to page: inout SeriesPage
    ) {
        guard let first = labels.first, let last = labels.last else { return }
        // The quotes belong to it.
        let run = (first.name.lowerBound - 1)..<(last.value.upperBound + 1)
        page.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[run]))
    }

    /// The ordered key, the injected pair before the label at `split`.
    private func appendKey(
        _ labels: [PlainLabel], _ split: Int, of bytes: UnsafeBufferPointer<UInt8>,
        to keys: inout [UInt8]
    ) {
        // Undoing short escapes makes texts shorter; what is too much is taken back.
        var most = keyPair.count
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
            func inject() {
                for byte in keyPair {
                    keys[at] = byte
                    at += 1
                }
            }
            for (index, label) in labels.enumerated() {
                if index == split { inject() }
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
            if split == labels.count { inject() }
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

    /// Whether names ascend and none is to be renamed.
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
            // A cheap test first, that every name in the chain passes.
            if injection != nil, text.count >= name.count, text.last == name.last,
                chain.contains(text)
            {
                return false
            }
        }
        return true
    }

    /// Whether the injected name sorts before this one.
    private func follows(_ range: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        name.lexicographicallyPrecedes(UnsafeBufferPointer(rebasing: bytes[range]))
    }
}

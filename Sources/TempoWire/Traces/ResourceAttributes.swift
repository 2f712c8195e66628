import PrometheusWire
import TimeSeries

/// The attributes that the resources of a member get, and the names under which its own make room
/// for them.
struct ResourceAttributes {
    private let labels: LabelInjection
    /// The fields of the resource that are added.
    private let added: [UInt8]

    init(_ labels: LabelInjection) {
        self.labels = labels
        var added: [UInt8] = []
        for label in labels.labels where !label.value.isEmpty {
            var value: [UInt8] = []
            WireWriter.append(1, bytes: label.value.utf8, to: &value)
            var pair: [UInt8] = []
            WireWriter.append(1, text: label.name, to: &pair)
            WireWriter.append(2, bytes: value, to: &pair)
            WireWriter.append(1, bytes: pair, to: &added)
        }
        self.added = added
    }

    /// Bytes that are added to a resource at most, but for names that grow.
    var count: Int { added.count }

    /// The resource of `ResourceSpans`, as a whole field.
    ///
    /// - Parameter extents: the fields that it is now, which readers take as one message.
    func field(of extents: [Range<Int>], in bytes: [UInt8]) -> [UInt8] {
        if labels.labels.isEmpty { return extents.flatMap { bytes[$0] } }
        var content: [UInt8] = []
        for extent in extents {
            var outer = ProtobufReader(bytes, extent)
            guard let field = try? outer.next(), case .bytes(let range) = field.value else {
                continue
            }
            append(range, of: bytes, to: &content)
        }
        content.append(contentsOf: added)
        var out: [UInt8] = []
        WireWriter.append(1, bytes: content, to: &out)
        return out
    }

    /// The fields of a resource, its attributes with their new names.
    private func append(_ range: Range<Int>, of bytes: [UInt8], to out: inout [UInt8]) {
        var reader = ProtobufReader(bytes, range)
        while let field = try? reader.next() {
            guard field.number == 1, case .bytes(let pair) = field.value,
                let renamed = renamed(pair, bytes)
            else {
                out.append(contentsOf: bytes[field.extent])
                continue
            }
            WireWriter.append(1, bytes: renamed, to: &out)
        }
    }

    /// An attribute with another key; nil where it keeps its own.
    private func renamed(_ range: Range<Int>, _ bytes: [UInt8]) -> [UInt8]? {
        var out: [UInt8] = []
        var isRenamed = false
        var reader = ProtobufReader(bytes, range)
        while let field = try? reader.next() {
            guard field.number == 1, case .bytes(let key) = field.value,
                labels.renames(bytes[key])
            else {
                out.append(contentsOf: bytes[field.extent])
                continue
            }
            isRenamed = true
            WireWriter.append(1, bytes: labels.visibleName(of: Array(bytes[key])), to: &out)
        }
        return isRenamed ? out : nil
    }
}

import PrometheusAPI
import TimeSeries

/// Samples of any series in Prometheus's text format, as a server hands them to another one.
struct FederateText {
    private(set) var bytes: [UInt8] = []
    private let escaping: NameEscaping
    private var name: String?

    init(escaping: NameEscaping) { self.escaping = escaping }

    var contentType: String {
        "text/plain; version=0.0.4; charset=utf-8; escaping=\(escaping.rawValue)"
    }

    /// By name alone, as the reference; then by labels, so that two answers can be compared.
    static func precedes(_ left: LabelSet, _ right: LabelSet) -> Bool {
        let names = (left["__name__"] ?? "", right["__name__"] ?? "")
        return names.0.utf8.elementsEqual(names.1.utf8)
            ? left < right : names.0.utf8.lexicographicallyPrecedes(names.1.utf8)
    }

    /// A line that parsers pass over.
    mutating func comment(_ text: String) {
        let line = text.map { $0.isNewline ? " " : $0 }
        bytes.append(contentsOf: "# \(String(line))\n".utf8)
    }

    /// Appends one series; those of one name must follow each other. A series without a name has no
    /// place in the format.
    ///
    /// - Parameter time: milliseconds since the epoch.
    mutating func append(_ labels: LabelSet, value: Double, time: Int64) {
        guard let name = labels["__name__"], !name.isEmpty else { return }
        let written = escaping.escaped(name)
        if self.name.map({ !$0.utf8.elementsEqual(name.utf8) }) ?? true {
            self.name = name
            bytes.append(contentsOf: "# TYPE ".utf8)
            append(name: written)
            bytes.append(contentsOf: " untyped\n".utf8)
        }
        // A name that needs quotes stands between the braces.
        var separator = UInt8(ascii: "{")
        if !NameEscaping.isLegacy(written) {
            bytes.append(separator)
            separator = UInt8(ascii: ",")
        }
        append(name: written)
        var hasInstance = false
        for label in labels.pairs where label.name != "__name__" {
            append(label.name, label.value, after: separator)
            separator = UInt8(ascii: ",")
            if label.name == "instance" { hasInstance = true }
        }
        // Else the server that reads this would set its own.
        if !hasInstance { append("instance", "", after: separator) }
        bytes.append(contentsOf: "} ".utf8)
        GoNumber.appendGeneral(value, to: &bytes)
        bytes.append(contentsOf: " \(time)\n".utf8)
    }

    private mutating func append(_ name: String, _ value: String, after separator: UInt8) {
        bytes.append(separator)
        append(name: escaping.escaped(name))
        bytes.append(UInt8(ascii: "="))
        append(quoted: value)
    }

    /// A name, in quotes if it needs them.
    private mutating func append(name: String) {
        if NameEscaping.isLegacy(name) {
            bytes.append(contentsOf: name.utf8)
        } else {
            append(quoted: name)
        }
    }

    private mutating func append(quoted text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

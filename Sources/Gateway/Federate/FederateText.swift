import PrometheusAPI
import TimeSeries

/// Samples of any series in Prometheus's text format, as a server hands them to another one.
struct FederateText {
    private(set) var bytes: [UInt8] = []
    private var name: String?

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
        let written = Self.escapedName(name)
        if self.name.map({ !$0.utf8.elementsEqual(name.utf8) }) ?? true {
            self.name = name
            bytes.append(contentsOf: "# TYPE \(written) untyped\n".utf8)
        }
        bytes.append(contentsOf: "\(written){".utf8)
        var hasInstance = false
        for (index, label) in labels.pairs.filter({ $0.name != "__name__" }).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(label.name, label.value)
            if label.name == "instance" { hasInstance = true }
        }
        // Else the server that reads this would set its own.
        if !hasInstance {
            if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
            append("instance", "")
        }
        bytes.append(contentsOf: "} ".utf8)
        GoNumber.appendGeneral(value, to: &bytes)
        bytes.append(contentsOf: " \(time)\n".utf8)
    }

    private mutating func append(_ name: String, _ value: String) {
        bytes.append(contentsOf: "\(Self.escapedName(name))=\"".utf8)
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Characters that names could not have before there were UTF-8 names become underscores.
    private static func escapedName(_ name: String) -> String {
        var out = ""
        for (index, scalar) in name.unicodeScalars.enumerated() {
            switch scalar {
            case "a"..."z", "A"..."Z", "_", ":": out.unicodeScalars.append(scalar)
            case "0"..."9" where index > 0: out.unicodeScalars.append(scalar)
            default: out += "_"
            }
        }
        return out
    }
}

import GoText
import PrometheusWire
import TimeSeries

/// Samples of any series in Prometheus's text format or in OpenMetrics, as a server hands them to
/// another one.
struct FederateText {
    private var written: [UInt8] = []
    private let escaping: NameEscaping
    private let isOpenMetrics: Bool
    private var name: String?

    init(escaping: NameEscaping, isOpenMetrics: Bool) {
        self.escaping = escaping
        self.isOpenMetrics = isOpenMetrics
    }

    /// Everything that was appended.
    var bytes: [UInt8] { isOpenMetrics ? written + Array("# EOF\n".utf8) : written }

    /// A line that parsers pass over; OpenMetrics has none.
    mutating func comment(_ text: String) {
        if isOpenMetrics { return }
        let line = text.map { $0.isNewline ? " " : $0 }
        written.append(contentsOf: "# \(String(line))\n".utf8)
    }

    /// Appends one series; those of one name must follow each other.
    ///
    /// - Parameters:
    ///   - labels: without the name; one at least.
    mutating func append(
        _ name: String, _ labels: [(name: String, value: String)], value: Double, time: Timestamp
    ) {
        let escaped = escaping.escaped(name)
        if self.name.map({ !$0.utf8.elementsEqual(name.utf8) }) ?? true {
            self.name = name
            written.append(contentsOf: "# TYPE ".utf8)
            append(name: escaped)
            written.append(contentsOf: isOpenMetrics ? " unknown\n".utf8 : " untyped\n".utf8)
        }
        // A name that needs quotes stands between the braces.
        var separator = UInt8(ascii: "{")
        if !NameEscaping.isLegacy(escaped) {
            written.append(separator)
            separator = UInt8(ascii: ",")
        }
        append(name: escaped)
        for label in labels {
            written.append(separator)
            separator = UInt8(ascii: ",")
            append(name: escaping.escaped(label.name))
            written.append(UInt8(ascii: "="))
            append(quoted: label.value)
        }
        written.append(contentsOf: "} ".utf8)
        append(value)
        written.append(UInt8(ascii: " "))
        if isOpenMetrics {
            append(time.seconds)
        } else {
            GoFloat.appendInteger(time.milliseconds, to: &written)
        }
        written.append(UInt8(ascii: "\n"))
    }

    /// OpenMetrics writes no number that looks like an integer.
    private mutating func append(_ value: Double) {
        let start = written.count
        GoFloat.appendGeneral(value, to: &written)
        if isOpenMetrics, value.isFinite,
            !written[start...].contains(where: {
                $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e")
            })
        {
            written.append(contentsOf: ".0".utf8)
        }
    }

    /// A name, in quotes if it needs them.
    private mutating func append(name: String) {
        if NameEscaping.isLegacy(name) {
            written.append(contentsOf: name.utf8)
        } else {
            append(quoted: name)
        }
    }

    private mutating func append(quoted text: String) {
        written.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): written.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\""): written.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\n"): written.append(contentsOf: "\\n".utf8)
            default: written.append(byte)
            }
        }
        written.append(UInt8(ascii: "\""))
    }
}

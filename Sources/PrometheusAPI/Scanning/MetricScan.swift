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

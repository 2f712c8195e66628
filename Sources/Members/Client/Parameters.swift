import PrometheusAPI

/// Request parameters in order; a name may occur more than once.
public struct Parameters: Sendable, Equatable {
    public private(set) var pairs: [(name: String, value: String)] = []

    public init() {}

    public init(_ pairs: [(name: String, value: String)]) { self.pairs = pairs }

    public static func == (a: Parameters, b: Parameters) -> Bool {
        a.pairs.elementsEqual(b.pairs) { $0.name == $1.name && $0.value == $1.value }
    }

    public mutating func add(_ name: String, _ value: String) {
        pairs.append((name, value))
    }

    /// Milliseconds since the epoch, sent as seconds with up to three decimals.
    public mutating func add(_ name: String, time: Int64?) {
        if let time { add(name, TimestampText.parameter(time)) }
    }

    /// Milliseconds, sent as seconds with up to three decimals.
    public mutating func add(_ name: String, duration: Int64?) {
        if let duration { add(name, TimestampText.parameter(duration)) }
    }

    /// `application/x-www-form-urlencoded`.
    var encoded: [UInt8] {
        var out: [UInt8] = []
        for (name, value) in pairs {
            if !out.isEmpty { out.append(UInt8(ascii: "&")) }
            PercentText.append(name, to: &out)
            out.append(UInt8(ascii: "="))
            PercentText.append(value, to: &out)
        }
        return out
    }
}

/// Percent-encoding that is right in forms, queries and path segments alike.
enum PercentText {
    static func append(_ text: String, to out: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 0x2D, 0x2E, 0x5F, 0x7E: out.append(byte)
            default:
                out.append(UInt8(ascii: "%"))
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            }
        }
    }
}

import GoText

/// The two ways Prometheus writes times in answers; both take milliseconds.
public enum TimestampText {
    /// Of samples: seconds, and three decimals unless they are zero.
    public static func appendSample(_ milliseconds: Int64, to out: inout [UInt8]) {
        if milliseconds < 0 { out.append(UInt8(ascii: "-")) }
        let magnitude = milliseconds.magnitude
        GoFloat.appendInteger(Int64(magnitude / 1000), to: &out)
        let rest = UInt8(clamping: (magnitude % 1000) / 100)
        let fraction = magnitude % 1000
        if fraction != 0 {
            out.append(UInt8(ascii: "."))
            out.append(UInt8(ascii: "0") + rest)
            out.append(UInt8(ascii: "0") + UInt8(fraction / 10 % 10))
            out.append(UInt8(ascii: "0") + UInt8(fraction % 10))
        }
    }

    /// Of scalars and strings: the shortest decimal.
    public static func appendScalar(_ milliseconds: Int64, to out: inout [UInt8]) {
        GoFloat.append(Double(milliseconds) / 1000, to: &out)
    }

    /// As request parameters are sent: seconds, and three decimals unless they are zero.
    public static func parameter(_ milliseconds: Int64) -> String {
        var out: [UInt8] = []
        appendSample(milliseconds, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

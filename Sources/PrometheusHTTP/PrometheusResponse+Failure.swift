extension PrometheusResponse {
    /// The answer to an error that nothing else knows how to answer: 500 `internal`, in
    /// Prometheus's shape.
    public static func failure(_ error: any Error) -> PrometheusResponse {
        var text = ""
        for scalar in "\(error)".unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "<", ">", "&", "\u{0}"..<" ":
                let hex = String(scalar.value, radix: 16)
                text += "\\u00\(hex.count < 2 ? "0" : "")\(hex)"
            case "\u{2028}": text += "\\u2028"
            case "\u{2029}": text += "\\u2029"
            default: text.unicodeScalars.append(scalar)
            }
        }
        let json = "{\"status\":\"error\",\"errorType\":\"internal\",\"error\":\"\(text)\"}"
        return .json(status: 500, Array(json.utf8))
    }
}

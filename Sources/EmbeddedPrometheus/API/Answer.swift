import PromQLEngine
import PrometheusHTTP

/// A successful answer: its data, and what is to be said about them.
struct Answer {
    /// JSON.
    var data: [UInt8]
    var warnings: Set<String> = []
    var infos: Set<String> = []

    private static let most = 10

    var response: PrometheusResponse {
        var json = JSONText()
        json.raw("{\"status\":\"success\",\"data\":")
        json.append(data)
        Self.append("warnings", "warning", warnings, to: &json)
        Self.append("infos", "info", infos, to: &json)
        json.raw("}")
        return .json(json.bytes)
    }

    /// At most ten of a kind; the rest become one line that counts them.
    private static func append(
        _ key: String, _ kind: String, _ texts: Set<String>, to json: inout JSONText
    ) {
        guard !texts.isEmpty else { return }
        var lines = texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        if lines.count > most {
            let omitted = "\(lines.count - most) more \(kind) annotations omitted"
            lines = lines.prefix(most) + [omitted]
        }
        json.raw(",\"\(key)\":")
        json.list(lines) { $0.string($1) }
    }
}

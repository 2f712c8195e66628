import PrometheusAPI

/// Small JSON objects with their keys in the order given.
enum JSONObject {
    static func string(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONText.append(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Values are strings.
    static func of(_ members: [(name: String, value: String)]) -> String {
        of(json: members.map { ($0.name, string($0.value)) })
    }

    /// Values are finished JSON.
    static func of(json members: [(name: String, value: String)]) -> String {
        "{" + members.map { "\(string($0.name)):\($0.value)" }.joined(separator: ",") + "}"
    }
}

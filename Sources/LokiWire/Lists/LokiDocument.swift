import GoText
import PrometheusWire

/// Reads whole answers that are small documents. Fields that are unknown do no harm, and a list that
/// is missing or null is empty: Loki leaves out what has nothing in it.
enum LokiDocument {
    typealias Visit = (inout JSONCursor) throws(JSONCursor.Failure) -> Void

    /// Walks the fields of the answer's object.
    ///
    /// - Parameter visit: reads the value of a field; false for one that is unknown, which is passed
    ///   over.
    static func read(
        _ body: [UInt8],
        _ visit: (String, inout JSONCursor) throws(JSONCursor.Failure) -> Bool
    ) throws(LokiAnswerError) {
        var cursor = JSONCursor(body)
        cursor.skipSpace()
        if cursor.position < body.count, body[cursor.position] != UInt8(ascii: "{") {
            throw .notLoki(
                body[cursor.position] == UInt8(ascii: "<")
                    ? "it sent HTML" : "it sent something else than a JSON object")
        }
        var failure: String?
        do throws(JSONCursor.Failure) {
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                switch key {
                case "status":
                    let status = try cursor.text()
                    if status != "success" { failure = failure ?? "its status is \(status)" }
                case "error": failure = try cursor.text()
                default:
                    if try !visit(key, &cursor) { try cursor.skip() }
                }
            }
        } catch {
            throw LokiAnswerError(error)
        }
        if let failure { throw .refused(failure) }
        cursor.skipSpace()
        if cursor.position < body.count { throw .malformed("something follows the answer") }
    }

    /// Walks the elements of one list.
    static func elements(
        of field: String, in body: [UInt8], _ visit: Visit
    ) throws(LokiAnswerError) {
        try read(body) { (key, cursor) throws(JSONCursor.Failure) in
            guard key.utf8.elementsEqual(field.utf8) else { return false }
            try list(&cursor, visit)
            return true
        }
    }

    /// A list, or null.
    static func list(_ cursor: inout JSONCursor, _ visit: Visit) throws(JSONCursor.Failure) {
        if try cursor.peek() == UInt8(ascii: "n") { return try cursor.skip() }
        try cursor.array(visit)
    }

    /// A list of texts, or null.
    static func texts(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> [String] {
        var texts: [String] = []
        try list(&cursor) { (cursor) throws(JSONCursor.Failure) in
            texts.append(try cursor.string())
        }
        return texts
    }

    /// A whole number, in quotes or not.
    static func integer(_ cursor: inout JSONCursor) throws(JSONCursor.Failure) -> Int64 {
        let offset = cursor.position
        let text = try cursor.text()
        if let number = Int64(text) { return number }
        guard let number = Double(text).flatMap({ Int64(exactly: $0.rounded()) }) else {
            throw .malformed(offset, "\(GoQuoting.quote(text)) where a number belongs")
        }
        return number
    }

    /// `{"status":"success","data":…}` and what Loki writes behind it.
    static func success(_ data: JSONValue) -> [UInt8] {
        document(.object([("status", .string("success")), ("data", data)]))
    }

    static func document(_ value: JSONValue) -> [UInt8] {
        value.bytes + [UInt8(ascii: "\n")]
    }
}

/// Documents that no member is asked for.
public enum LokiDocuments {
    /// `status/buildinfo`.
    ///
    /// - Parameter version: of Loki, by which clients choose what they ask.
    public static func buildInformation(version: String) -> [UInt8] {
        let rest = ["revision", "branch", "buildUser", "buildDate", "goVersion"]
        return LokiDocument.document(
            JSONValue.strings(of: [("version", version)] + rest.map { ($0, "") }))
    }
}

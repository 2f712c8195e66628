import PrometheusAPI

/// Reads the body of an answer whose status says that it failed.
enum Refusal {
    static let keyRejected = "API key rejected"

    static func kind(status: Int, body: [UInt8]) -> MemberFailure.Kind {
        if (300..<400).contains(status) {
            return .http(status: status, text: "a redirect, which is not followed")
        }
        guard let envelope = envelope(body) else {
            if status == 400, isAboutThePath(body) {
                return .http(status: status, text: unsupportedPath)
            }
            let isHTML = body.first { $0 > 0x20 } == UInt8(ascii: "<")
            return .http(
                status: status,
                text: body.allSatisfy { $0 <= 0x20 } || isHTML ? "" : BodyStart.shown(body))
        }
        if envelope.errorType == "timeout" { return .timeout }
        if status == 400 || status == 422 || ["bad_data", "execution"].contains(envelope.errorType)
        {
            return .rejectedQuery(
                status: status, errorType: envelope.errorType, text: envelope.text)
        }
        let text =
            envelope.errorType.isEmpty
            ? envelope.text : "\(envelope.errorType): \(envelope.text)"
        return .http(status: status, text: text)
    }

    /// As `kind`, of remote read, which has no envelope: what it says is plain text.
    static func remoteReadKind(status: Int, body: [UInt8]) -> MemberFailure.Kind {
        if envelope(body) != nil { return kind(status: status, body: body) }
        switch status {
        case 404, 405, 501:
            return .http(status: status, text: "the member does not serve remote read")
        case 400:
            let text = String(decoding: body.prefix(4096), as: UTF8.self)
            let line = text.prefix { !$0.isNewline }
            if isAboutThePath(body) {
                return .http(status: status, text: "the member does not serve remote read")
            }
            return .rejectedQuery(status: status, errorType: "", text: String(line))
        default: return kind(status: status, body: body)
        }
    }

    /// The text of a failure of a member that does not have the path, and answers 400.
    static let unsupportedPath = "unsupported path"

    /// VictoriaMetrics's words for a path that it does not have, which stand in its first line.
    private static func isAboutThePath(_ body: [UInt8]) -> Bool {
        String(decoding: body.prefix(4096), as: UTF8.self).prefix { !$0.isNewline }
            .contains("unsupported path requested")
    }

    /// Whether a remote project turned its key away. Coroot says 400 for a missing key and 404 for
    /// one that no project has, both as plain text (projects.md, 2.2).
    static func isAboutTheKey(status: Int, body: [UInt8]) -> Bool {
        switch status {
        case 401, 403: true
        case 400: body.starts(with: "no api key".utf8)
        case 404: body.starts(with: "no project found".utf8)
        default: false
        }
    }

    private static func envelope(_ body: [UInt8]) -> (errorType: String, text: String)? {
        var status = ""
        var errorType = ""
        var text = ""
        var cursor = JSONCursor(body)
        do throws(JSONCursor.Failure) {
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                switch key {
                case "status": status = try cursor.string()
                case "errorType": errorType = try cursor.string()
                case "error": text = try cursor.string()
                default: try cursor.skip()
                }
            }
        } catch {
            return nil
        }
        guard status == "error" else { return nil }
        return (errorType, String(text.prefix(4096)))
    }
}

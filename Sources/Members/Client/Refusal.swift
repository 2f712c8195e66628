import PrometheusAPI

/// Reads the body of an answer whose status says that it failed.
enum Refusal {
    static let keyRejected = "API key rejected"
    static let noRemoteRead = "the member does not serve remote read"

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
        let isJudgement =
            status == 400 || status == 422
            || ["bad_data", "execution"].contains(envelope.errorType)
        // Too large, or too many of them: never a judgement of the text, whatever the type says.
        if isJudgement, status != 413, status != 429 {
            return judgement(
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
            return .http(status: status, text: noRemoteRead)
        case 400:
            let text = String(decoding: body.prefix(4096), as: UTF8.self)
            let line = text.prefix { !$0.isNewline }
            if isAboutThePath(body) {
                return .http(status: status, text: noRemoteRead)
            }
            return judgement(status: status, errorType: "", text: String(line))
        default: return kind(status: status, body: body)
        }
    }

    /// What a member that understood a request says against it: that it is wrong, or that it costs
    /// more than the member's own limits allow. The second says nothing about the request: another
    /// member, or one that holds the same data under other limits, may answer it.
    static func judgement(
        status: Int, errorType: String, text: String
    ) -> MemberFailure.Kind {
        isAboutLimits(text)
            ? .exceeded(status: status, errorType: errorType, text: text)
            : .rejectedQuery(status: status, errorType: errorType, text: text)
    }

    /// Words of Prometheus, Thanos, Cortex, Mimir, VictoriaMetrics and of this gateway for a limit
    /// of theirs, be it of data or of time. None of them words a parse error or an error of execution so.
    private static let limitWords = [
        "too many samples", "too many series", "too many points", "too many outstanding requests",
        "too many chunks", "exceeded maximum resolution", "err-mimir-", "-search.max", "(limits.",
        "sample limit", "samples limit", "series limit", "chunks limit", "bytes limit",
        "size limit", "max number of series", "max number of chunks", "query length",
        "time range exceeds", "exceeds the limit", "limit exceeded", "exceeded the limit",
        "the query exceeded", "the query hit", "resourceexhausted", "resource exhausted",
        "not enough memory", "too many bytes", "max number of samples", "more samples than",
        "limit reached", "timed out", "timeout exceeded", "deadline exceeded",
    ]

    private static func isAboutLimits(_ text: String) -> Bool {
        let words = withoutQuotations(text).lowercased()
        if words.contains("parse error") { return false }
        return limitWords.contains { words.contains($0) }
    }

    /// The text without what stands in quotes or braces: names, labels and parts of the query, which
    /// may hold any words.
    private static func withoutQuotations(_ text: String) -> String {
        var kept: [UInt8] = []
        var closing: UInt8?
        var isEscaped = false
        for byte in text.utf8 {
            if let end = closing {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\"), end == UInt8(ascii: "\"") {
                    isEscaped = true
                } else if byte == end {
                    closing = nil
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "`"): closing = byte
            case UInt8(ascii: "{"): closing = UInt8(ascii: "}")
            default: kept.append(byte)
            }
        }
        return String(decoding: kept, as: UTF8.self)
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

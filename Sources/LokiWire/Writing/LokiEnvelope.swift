import PrometheusWire

/// What stands around the result of a query.
public enum LokiEnvelope {
    /// Of every answer but refusals.
    public static let contentType = "application/json; charset=UTF-8"

    /// Everything before the first element of the result.
    static func appendHead(
        _ type: LokiAnswerReader.ResultType, isCategorized: Bool = false, to out: inout [UInt8]
    ) {
        out.append(contentsOf: Envelope.head)
        out.append(contentsOf: "{\"resultType\":\"\(type.rawValue)\",".utf8)
        if isCategorized {
            out.append(contentsOf: "\"encodingFlags\":[\"\(LogEncoding.categorizeLabels)\"],".utf8)
        }
        out.append(contentsOf: "\"result\":[".utf8)
    }

    /// A success with warnings behind what it has; as it is without any.
    public static func warning(_ success: [UInt8], of failures: [String]) -> [UInt8] {
        guard !failures.isEmpty, success.suffix(2) == Array("}\n".utf8)[...] else {
            return success
        }
        var out = Array(success.dropLast(2))
        Envelope.appendTail(failures: failures, warnings: [], infos: [], to: &out)
        out.append(UInt8(ascii: "\n"))
        return out
    }

    /// Everything behind the result: what was counted, then warnings as everywhere.
    static func tail(
        statistics: QueryStatistics, failures: [String], warnings: Set<String>
    ) -> [UInt8] {
        var out = Array(",\"stats\":".utf8)
        statistics.append(to: &out)
        out.append(UInt8(ascii: "}"))
        Envelope.appendTail(failures: failures, warnings: warnings, infos: [], to: &out)
        return out
    }
}

import GoText
import PrometheusWire

/// The query log of the gateway itself: an object a line, with the query beside its times.
extension RecordingReader {
    /// The request of a line; nil for an object that is no line of such a log.
    static func own(_ entry: JSONValue) throws(RecordingError) -> Entry? {
        guard entry["params"] == nil, let query = entry["query"]?.text,
            let endpoint = entry["endpoint"]?.text
        else { return nil }
        if isCut(query) { return .leftOut(.cutQuery) }
        let asked = entry["time"]?.text
        let time = asked.flatMap { RFC3339.time($0) }
        if let asked, time == nil { throw RecordingError("\(asked) is no time") }
        var parameters = [RecordedRequest.Parameter("query", query)]
        // As the server had read them; a query that it refused before has none.
        func add(_ name: String, of key: String) {
            if case .number(let digits)? = entry[key] {
                parameters.append(RecordedRequest.Parameter(name, digits))
            }
        }
        switch endpoint {
        case "query":
            add("time", of: "start")
        case "query_range":
            add("start", of: "start")
            add("end", of: "end")
            add("step", of: "step")
            guard parameters.count >= 3 else { return .leftOut(.unknownTimes) }
            // A range of one point has no step. Any will do.
            if parameters.count == 3 { parameters.append(.init("step", "1")) }
        default: return .leftOut(.otherPath)
        }
        return .request(
            RecordedRequest(
                method: .post, path: RecordedRequest.prefix + endpoint, parameters: parameters,
                time: time))
    }

    /// Whether the log holds the beginning of the text alone.
    private static func isCut(_ query: String) -> Bool {
        query.utf8.count > 16 << 10 && query.hasSuffix(" bytes more)")
    }
}

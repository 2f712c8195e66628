import PrometheusWire

/// A trace whose spans match in one member may have its root, and more of its services, in others.
/// One Tempo tells of the whole trace in each row; so do rows that are completed.
extension SearchQuestion {
    /// Rows that are completed at most: the newest.
    private static let mostRows = 100

    /// The search that tells what a member knows of the traces of the rows.
    ///
    /// - Parameters:
    ///   - rows: the merged answer.
    ///   - answered: what the member answered to the question itself.
    /// - Returns: nil where all that it knows is in the rows.
    public func completion(
        of rows: SearchAnswer, answered: SearchAnswer
    ) -> [(name: String, value: String)]? {
        let known = Set(answered.traces.compactMap { TraceID(padding: $0.id) })
        let wanted = rows.traces.prefix(Self.mostRows).compactMap { TraceID(padding: $0.id) }
            .filter { !known.contains($0) }
        if wanted.isEmpty { return nil }
        let conditions = wanted.map { "trace:id=\"\($0.hexadecimal)\"" }
        return [(name: "q", value: "{\(conditions.joined(separator: " || "))}")]
            + others.filter { $0.name == "start" || $0.name == "end" }.tuples
            + [(name: "limit", value: String(wanted.count)), (name: "spss", value: "1")]
    }

    /// The rows with what members know of their traces beside the spans that match: the root, the
    /// time from the first part's start to the last part's end, and the services.
    ///
    /// - Parameter parts: what members answered to `completion`.
    public func completed(_ rows: SearchAnswer, with parts: [SearchAnswer]) -> SearchAnswer {
        var completed = rows
        var places: [TraceID: Int] = [:]
        for (place, trace) in rows.traces.enumerated() {
            if let id = TraceID(padding: trace.id) { places[id] = place }
        }
        for part in parts {
            completed.statistics.add(part.statistics)
            for trace in part.traces {
                guard let id = TraceID(padding: trace.id), let place = places[id] else { continue }
                var other = trace
                other.spanSets = []
                completed.traces[place].join(other, spansPerSpanSet: spansPerSpanSet)
            }
        }
        completed.sortRows()
        return completed
    }
}

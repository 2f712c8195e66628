import HTTPTransport

/// How a VictoriaMetrics is known, and what it is told with each query so that it answers at the
/// times that were asked for, with what it has at those times.
///
/// Others do not know these parameters, and pass over them.
enum VictoriaMetrics {
    /// All of its components write this header, as do its proxies.
    static func isMarked(_ headers: HeaderFields) -> Bool {
        headers["X-Server-Hostname"] != nil
    }

    /// Whether build information is its own: one version for all its releases, and nothing else.
    static func isDescribed(by information: [String: String]) -> Bool {
        information == ["version": "2.24.0"]
    }

    static let name = "VictoriaMetrics"

    /// - Parameters:
    ///   - isAligned: whether the times are multiples of the step, where its cache is of use and
    ///     does no harm. Else it moves ranges of 50 steps or more, and instants near to now.
    ///   - refusesParts: whether nodes of a cluster that do not answer are an error.
    static func parameters(isAligned: Bool, refusesParts: Bool) -> [(name: String, value: String)] {
        var all: [(name: String, value: String)] = []
        if !isAligned { all.append(("nocache", "1")) }
        // Else values of the last half minute are repetitions of older ones. 0 is refused.
        all.append(("latency_offset", "1ms"))
        if refusesParts { all.append(("deny_partial_response", "1")) }
        return all
    }
}

import GoText
import HTTPTransport
import PrometheusWire
import TimeSeries
import UpstreamSettings

/// What a `remoteCoroot` is asked otherwise than a Prometheus, so that its users need not know how
/// it keeps its metrics. One that keeps them in ClickHouse leaves fractions of a second out of the
/// ends of a range, answers an error to `metadata` of one metric, and has values for labels that a
/// series does not have. Which store a Coroot has is not told; all of them are asked so.
extension UpstreamClient {
    public var isCoroot: Bool {
        if case .remoteCoroot = configuration.source { true } else { false }
    }

    /// Whether the value at a step depends on nothing else of the range, as far as is known: not so
    /// at VictoriaMetrics, which takes the distance of samples from the whole range, and at a Coroot,
    /// which moves ranges.
    public var evaluatesAsPrometheus: Bool {
        !isCoroot && !state.withLock { $0.isVictoriaMetrics }
    }
}

/// A range at whole seconds in the place of one that is not.
struct WholeSecondRange: Sendable {
    /// The steps that are wanted.
    let asked: StepGrid
    /// What is asked for them: the n-th step of the one is the n-th of the other. It may have one
    /// step more, as its end must be a whole second too.
    let sent: StepGrid

    /// nil where both ends are whole seconds already.
    init?(for grid: StepGrid) {
        let shift = Self.fraction(of: grid.start)
        let last = grid.time(at: max(0, grid.count - 1))
        guard grid.count > 0, grid.step > 0,
            shift > 0 || Self.fraction(of: last) > 0
        else { return nil }
        asked = grid
        let over = Self.fraction(of: last - shift)
        sent = StepGrid(
            start: grid.start - shift,
            end: over == 0 ? last - shift : last - shift + (1000 - over), step: grid.step)
    }

    /// How much earlier the steps are that are asked for.
    private var shift: Milliseconds { asked.start - sent.start }

    private static func fraction(of time: Timestamp) -> Milliseconds {
        let rest = time.milliseconds % 1000
        return Milliseconds(rest < 0 ? rest + 1000 : rest)
    }

    /// The step in the place of one that was sent; nil for one too many.
    func step(for time: Timestamp) -> Timestamp? {
        let number = (time - sent.start) / sent.step
        return number < asked.count ? asked.time(at: Int(number)) : nil
    }

    /// What the client is told.
    var info: String? {
        guard shift > 0 else { return nil }
        return "asked at whole seconds: each value is of \(shift.count) ms before its step"
    }
}

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

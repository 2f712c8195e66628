import GoText
import PrometheusWire
import TimeSeries

/// What a query cost: times on this machine, and the samples that members and the engine here
/// read. Members count what runs with them; what they send is not counted again.
public struct QueryStatistics: Sendable {
    /// Waiting for a place to compute; members are asked before.
    var queue = Duration.zero
    /// Planning, and asking for the versions of members.
    var preparation = Duration.zero
    /// When members began to be asked.
    var began = ContinuousClock.now
    /// What the cache has of the query; nil where it has no part in it.
    private(set) var coverage: CacheCoverage?
    private var samples: SampleStatistics?
    private var untold: Set<String> = []

    public init() {}

    /// - Parameter admitted: When the query was let in.
    init(admitted: ContinuousClock.Instant, coverage: CacheCoverage? = nil) {
        began = .now
        self.coverage = coverage
        preparation = admitted.duration(to: began)
    }

    /// Counts what a member told in one answer.
    ///
    /// - Parameter isOnGrid: Whether its steps are those of the query.
    mutating func add(
        _ trailer: ResponseScanner.Trailer, from member: String, isOnGrid: Bool = true
    ) {
        guard var told = trailer.statistics else {
            untold.insert(member)
            return
        }
        if !isOnGrid {
            told.totalPerStep = nil
            told.readPerStep = nil
        }
        samples = samples?.adding(told) ?? told
    }

    /// Counts what the engine here held.
    mutating func add(peak: Int) {
        var all = samples ?? SampleStatistics()
        all.peak = max(all.peak, Int64(peak))
        samples = all
    }

    /// What the client is told about members that told nothing.
    var infos: Set<String> {
        Set(untold.map { "the query statistics leave out project \(GoQuoting.quote($0))" })
    }

    /// The value of `stats`, as the reference writes it, and `cache` behind that. What is sorted here is sorted while it is
    /// merged, so that sorting has no time of its own.
    func append(to out: inout [UInt8]) {
        let inner = began.duration(to: .now) - queue
        let times: [(String, Duration)] = [
            ("evalTotalTime", preparation + inner), ("resultSortTime", .zero),
            ("queryPreparationTime", preparation), ("innerEvalTime", inner),
            ("execQueueTime", queue), ("execTotalTime", queue + preparation + inner),
        ]
        out.append(contentsOf: "{\"timings\":{".utf8)
        for (index, (name, time)) in times.enumerated() {
            out.append(contentsOf: "\(index == 0 ? "" : ",")\"\(name)\":".utf8)
            GoFloat.appendJSON(time / .seconds(1), to: &out)
        }
        out.append(contentsOf: "},\"samples\":".utf8)
        (samples ?? SampleStatistics()).append(to: &out)
        if let coverage {
            out.append(contentsOf: ",\"cache\":".utf8)
            coverage.append(to: &out)
        }
        out.append(UInt8(ascii: "}"))
    }
}

extension SampleStatistics {
    /// Of steps for which a member was not asked. Whether it counts what is new to a window is not
    /// known.
    static func nothing(_ detail: StatisticsDetail, on grid: StepGrid) -> SampleStatistics {
        var nothing = SampleStatistics(read: nil)
        guard case .all = detail else { return nothing }
        let steps = (0..<grid.count).map { (grid.time(at: $0), Int64(0)) }
        nothing.totalPerStep = Dictionary(uniqueKeysWithValues: steps)
        return nothing
    }
}

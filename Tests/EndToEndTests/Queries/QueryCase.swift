import Answers
import GoText
import PrometheusWire
import RealServers
import TestSupport

/// One question, to be put to the gateway and to the oracle.
struct QueryCase: Sendable, CustomStringConvertible {
    enum Times: Sendable {
        case instant(Timestamp)
        case range(start: Timestamp, end: Timestamp, step: Milliseconds)
    }

    var query: String
    var times: Times

    var description: String {
        switch times {
        case .instant(let time): "instant at \(Self.seconds(time)): \(query)"
        case .range(let start, let end, let step):
            "range \(Self.seconds(start))..\(Self.seconds(end)) by \(Self.seconds(step)): \(query)"
        }
    }

    /// A time or a step as the API takes it.
    static func seconds(_ time: Timestamp) -> String { TimestampText.parameter(time) }
    static func seconds(_ step: Milliseconds) -> String { seconds(.epoch + step) }

    var path: String {
        switch times {
        case .instant: "/api/v1/query"
        case .range: "/api/v1/query_range"
        }
    }

    var parameters: [(String, String)] {
        switch times {
        case .instant(let time): [("query", query), ("time", Self.seconds(time))]
        case .range(let start, let end, let step):
            [
                ("query", query), ("start", Self.seconds(start)), ("end", Self.seconds(end)),
                ("step", Self.seconds(step)),
            ]
        }
    }

    func answer(from server: HTTPAddress) throws -> QueryAnswer {
        try QueryAnswer(server.post(path, parameters))
    }

    /// Times within, at the edges of and off the grid of the data.
    ///
    /// - Parameter isOffEdges: A quarter of a second from the grid, always: there is no sample there.
    static func randomTimes(_ random: inout SeededRandom, isOffEdges: Bool = false) -> Times {
        let span = FederationData.end - FederationData.start
        let odd = Milliseconds(
            isOffEdges ? 250 : random.oneIn(3) ? Int64(random.below(15_000)) : 0)
        let step = random.pick(
            [15_000, 30_000, 60_000, 7_000, 90_000, 300_000, isOffEdges ? 14_000 : 13_500]
                as [Milliseconds])
        let intervals = Int(span / FederationData.interval) + 20
        let place = FederationData.start + FederationData.interval * Int64(random.below(intervals))
        if random.oneIn(2) { return .instant(place + odd) }
        let start = place - Milliseconds(600_000) + odd
        return .range(start: start, end: start + step * Int64(random.below(40)), step: step)
    }
}

import RealServers
import TestSupport

/// One question, to be put to the gateway and to the oracle.
struct QueryCase: Sendable, CustomStringConvertible {
    enum Times: Sendable {
        /// Milliseconds.
        case instant(Int64)
        /// Milliseconds.
        case range(start: Int64, end: Int64, step: Int64)
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
    static func seconds(_ milliseconds: Int64) -> String {
        let rest = milliseconds % 1000
        return rest == 0
            ? "\(milliseconds / 1000)"
            : "\(milliseconds / 1000).\(String(1000 + rest).dropFirst())"
    }

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
        let odd = isOffEdges ? 250 : random.oneIn(3) ? Int64(random.below(15_000)) : 0
        let step = random.pick(
            [15_000, 30_000, 60_000, 7_000, 90_000, 300_000, isOffEdges ? 14_000 : 13_500]
                as [Int64])
        let place = FederationData.start + Int64(random.below(Int(span / 15_000) + 20)) * 15_000
        if random.oneIn(2) { return .instant(place + odd) }
        let start = place - 600_000 + odd
        return .range(start: start, end: start + step * Int64(random.below(40)), step: step)
    }
}

import PrometheusWire
import Upstream

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The places for computing: scan, decode, merge, evaluate. A query holds one for a piece of such
/// work and never while it waits for members, so that a member that hangs takes no place from
/// others. Clients take turns, and of one client the query that computed least is first.
///
/// What is computed in a place waits for nothing. So there are no more places than processors: the
/// rest would wait for processors, in the order of arrival and not in one that is fair.
final class QuerySlots: Sendable {
    private let line: FairLine

    /// As many places as there are processors, at most `limit` and at least one.
    convenience init(limit: Int) { self.init(places: min(limit, Self.processors)) }

    init(places: Int) { line = FairLine(places: places) }

    private static let processors = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    /// Pieces of work that have a place, and those that wait for one.
    var load: (running: Int, waiting: Int) { line.load }

    /// What pieces of work waited for a place.
    var waits: DurationHistogram { line.waits }

    /// What one query computes. It waits for places until the deadline.
    func work(for client: ClientIdentity, until deadline: ContinuousClock.Instant) -> QueryWork {
        QueryWork(for: client, in: line, until: deadline)
    }
}

extension SeriesMerge {
    /// Gives the elements in label order, in places for computing; pages are waited for outside.
    ///
    /// - Parameter use: is given how many were out of order so far, too; false when that is enough for
    ///   now.
    /// - Returns: false when nothing is left.
    mutating func give(
        in turn: QueryTurn, _ use: (_ element: SeriesElement, _ disorder: Int) throws -> Bool
    ) async throws -> Bool {
        while true {
            let stop = try await turn.compute {
                while true {
                    switch try step() {
                    case .element(let element):
                        if try !use(element, disorder) { return Stop.enough }
                    case .needsPage(let index): return .page(index)
                    case .end: return .end
                    }
                }
            }
            switch stop {
            case .enough: return true
            case .end: return false
            case .page(let index): try await readPage(of: index)
            }
        }
    }
}

private enum Stop {
    case enough, end
    case page(Int)
}

import PrometheusWire
import Synchronization
import Upstream

/// The places of clients that may have only so many requests under way at once. Each client has a
/// line of its own, so that one whose places are taken keeps no other waiting.
final class ClientPlaces: Sendable {
    private struct Line {
        var places: Int
        var line: FairLine
        /// Requests that have a place or wait for one.
        var users = 0
    }

    private let lines = Mutex<[ClientIdentity: Line]>([:])
    private let refusals = Atomic(0)

    /// How often a client had no place in time.
    var refused: Int { refusals.load(ordering: .relaxed) }

    /// Clients that have requests under way.
    var clients: Int { lines.withLock { $0.count } }

    /// A place of a client. Dropping it gives it back.
    final class Place: Sendable {
        private let client: ClientIdentity
        private let line: FairLine
        private let owner: ClientPlaces

        fileprivate init(_ client: ClientIdentity, _ line: FairLine, _ owner: ClientPlaces) {
            self.client = client
            self.line = line
            self.owner = owner
        }

        deinit {
            line.give(client)
            owner.leave(client, line)
        }
    }

    /// Waits for one of so many places of the client.
    ///
    /// - Throws: when there was none until the deadline, or the client went away.
    func take(
        _ client: ClientIdentity, of places: Int, until deadline: ContinuousClock.Instant
    ) async throws(APIError) -> Place {
        let line = lines.withLock { lines in
            var one = lines[client] ?? Line(places: places, line: FairLine(places: places))
            // Requests from before the limit was changed end in the line that they stand in.
            if one.places != places { one = Line(places: places, line: FairLine(places: places)) }
            one.users += 1
            lines[client] = one
            return one.line
        }
        do throws(NoTurn) {
            try await line.take(client, rank: 0, until: deadline)
        } catch {
            leave(client, line)
            switch error {
            case .timedOut:
                refusals.add(1, ordering: .relaxed)
                throw .timedOut(
                    in: .queue,
                    because: "the token has \(places) request\(places == 1 ? "" : "s") under way "
                        + "(auth.tokens[].limits.maxConcurrency)")
            case .cancelled:
                throw APIError(.canceled, "query was canceled in query queue")
            }
        }
        return Place(client, line, self)
    }

    private func leave(_ client: ClientIdentity, _ line: FairLine) {
        lines.withLock { lines in
            guard lines[client]?.line === line else { return }
            lines[client]?.users -= 1
            if lines[client]?.users == 0 { lines[client] = nil }
        }
    }
}

import GoText
import PrometheusWire
import Synchronization
import TimeSeries
import Upstream

/// What a member's answer to a fragment depends on, besides the steps that are wanted.
struct FragmentKey: Sendable, Hashable {
    var member: MemberIdentity
    var text: String
    /// 0 of an instant.
    var step: Milliseconds
    /// What a step leaves over when it is divided by their distance; of an instant, its time.
    var phase: Int64
    var lookback: Milliseconds?
    /// What is added to the series that are kept.
    var injection: LabelInjection?
    var resultType: ResponseScanner.ResultType

    /// What nearly always tells two keys apart is enough.
    func hash(into hasher: inout Hasher) {
        hasher.combine(member.client)
        hasher.combine(text)
        hasher.combine(phase)
    }
}

/// A member's answer to a fragment at consecutive steps, none of which changes any more.
struct CachedExtent: Sendable {
    /// The first and the last step.
    var from: Timestamp
    var through: Timestamp
    /// Of a range, in the order of their keys; of an instant, as the member gave them.
    var pages: [SeriesPage]
    /// When the member was asked, of the oldest part.
    var asked: Timestamp
    /// The length of the longest range that was wanted of it.
    var widest: Milliseconds = 0
    /// Of the store that it is in, which counts its memory until nothing uses it any more.
    var holder: (any Sendable)?

    /// About what it takes in memory.
    var bytes: Int { pages.reduce(0) { $0 + $1.bytesReserved } }

    func covers(_ other: CachedExtent) -> Bool {
        from <= other.from && through >= other.through
    }
}

/// Keeps answers of members. Keys and extents are values that could as well be kept elsewhere: of an
/// extent, everything but its holder.
protocol ResultsStore: Sendable {
    /// What is there for a fragment, in no order.
    ///
    /// - Parameter window: The steps that are wanted: others may be left out.
    func extents(of key: FragmentKey, for window: CachedWindow) async -> [CachedExtent]
    /// Adds an extent, in the place of those that it covers and of a former one. It may be dropped at
    /// any time.
    func put(_ extent: CachedExtent, at key: FragmentKey, inPlaceOf former: CachedExtent?) async
    /// Drops what other clients than these were answered with.
    func keep(clients: Set<UInt64>)
    /// What it holds now, and what it dropped for want of room.
    var load: ResultsLoad { get }
    /// What `/metrics` shows besides.
    func exposition() -> ExpositionText
}

extension ResultsStore {
    func exposition() -> ExpositionText { ExpositionText() }
}

/// Bytes of memory that several take of, up to a limit.
final class ByteBudget: Sendable {
    /// Bytes that are taken, until nothing has the loan any more.
    final class Loan: Sendable {
        private let bytes: Int
        private let budget: ByteBudget

        fileprivate init(_ bytes: Int, of budget: ByteBudget) {
            self.bytes = bytes
            self.budget = budget
        }

        deinit { budget.giveBack(bytes) }
    }

    let limit: Int
    private let bytes = Mutex(0)

    init(limit: Int) { self.limit = limit }

    /// Bytes that are taken.
    var load: Int { bytes.withLock { $0 } }

    /// False where there are not so many.
    func take(_ more: Int) -> Bool {
        bytes.withLock { bytes in
            guard bytes + more <= limit else { return false }
            bytes += more
            return true
        }
    }

    func giveBack(_ some: Int) { bytes.withLock { $0 -= some } }

    /// nil where there are not so many.
    func loan(_ bytes: Int) -> Loan? { take(bytes) ? Loan(bytes, of: self) : nil }
}

/// How full a store is.
struct ResultsLoad: Sendable, Equatable {
    var bytes = 0
    var extents = 0
    var evictions = 0
}

/// In the memory of the process. When it is full, what was not used for the longest time goes first.
final class MemoryResultsStore: ResultsStore {
    private struct Entry {
        var extent: CachedExtent
        var used: UInt64
    }

    private struct State {
        var entries: [FragmentKey: [Entry]] = [:]
        var evictions = 0
        var clock: UInt64 = 0
    }

    /// Extents of one fragment: as of dashboards that look at several days.
    private static let mostOfFragment = 4
    /// What an extent takes besides its pages and the text of its key.
    private static let perExtent = 512

    /// Bytes of extents that are kept or still in use.
    private let usage: ByteBudget
    private var limit: Int { usage.limit }
    private let state = Mutex(State())

    /// - Parameter limit: Bytes.
    init(limit: Int) { usage = ByteBudget(limit: limit) }

    var load: ResultsLoad {
        let (extents, evictions) = state.withLock { state in
            (state.entries.values.reduce(0) { $0 + $1.count }, state.evictions)
        }
        return ResultsLoad(bytes: usage.load, extents: extents, evictions: evictions)
    }

    func extents(of key: FragmentKey, for window: CachedWindow) async -> [CachedExtent] {
        state.withLock { state in
            state.clock += 1
            guard var entries = state.entries[key] else { return [] }
            for index in entries.indices { entries[index].used = state.clock }
            state.entries[key] = entries
            return entries.map(\.extent)
        }
    }

    func put(_ extent: CachedExtent, at key: FragmentKey, inPlaceOf former: CachedExtent?) async {
        let bytes = Self.cost(of: extent, at: key)
        guard bytes <= limit, withdraw(what: extent, at: key, former) else { return }
        var loan = usage.loan(bytes)
        if loan == nil {
            makeRoom(for: bytes)
            loan = usage.loan(bytes)
        }
        // What is still in use has its room until it is not.
        guard let loan else { return }
        var extent = extent
        extent.holder = loan
        state.withLock { state in
            state.clock += 1
            state.entries[key, default: []].append(Entry(extent: extent, used: state.clock))
        }
    }

    private static func cost(of extent: CachedExtent, at key: FragmentKey) -> Int {
        extent.bytes + key.text.utf8.count + perExtent
    }

    /// Takes away what an extent replaces; false where there is a better one already. What is taken
    /// away gives its room back outside of the lock.
    private func withdraw(
        what extent: CachedExtent, at key: FragmentKey, _ former: CachedExtent?
    ) -> Bool {
        func isFormer(_ other: CachedExtent) -> Bool {
            other.from == former?.from && other.through == former?.through
        }
        let gone = state.withLock { state -> [Entry]? in
            let entries = state.entries[key] ?? []
            let isKnown = entries.contains { one in
                one.extent.covers(extent) && !extent.covers(one.extent)
                    && !isFormer(one.extent) && one.extent.asked >= extent.asked
            }
            if isKnown { return nil }
            var (gone, kept) = ([Entry](), [Entry]())
            for one in entries {
                if extent.covers(one.extent) || isFormer(one.extent) {
                    gone.append(one)
                } else {
                    kept.append(one)
                }
            }
            if kept.count >= Self.mostOfFragment,
                let oldest = kept.indices.min(by: { kept[$0].used < kept[$1].used })
            {
                gone.append(kept.remove(at: oldest))
                state.evictions += 1
            }
            state.entries[key] = kept.isEmpty ? nil : kept
            return gone
        }
        return gone != nil
    }

    /// Drops an eighth of all more than must go, so that it is not done again for the next one.
    private func makeRoom(for bytes: Int) {
        let wanted = min(limit, bytes + limit / 8)
        let gone = state.withLock { state -> [Entry] in
            let ages = state.entries.flatMap { key, entries in
                entries.map { (used: $0.used, bytes: Self.cost(of: $0.extent, at: key)) }
            }.sorted { $0.used < $1.used }
            var left = usage.load + wanted - limit
            var newest: UInt64 = 0
            for one in ages where left > 0 {
                left -= one.bytes
                newest = one.used
            }
            var gone: [Entry] = []
            for (key, entries) in state.entries where entries.contains(where: { $0.used <= newest })
            {
                let kept = entries.filter { $0.used > newest }
                gone += entries.filter { $0.used <= newest }
                state.entries[key] = kept.isEmpty ? nil : kept
            }
            state.evictions += gone.count
            return gone
        }
        withExtendedLifetime(gone) {}
    }

    func keep(clients: Set<UInt64>) {
        let dropped = state.withLock { state in
            let gone = state.entries.filter { !clients.contains($0.key.member.client) }
            for key in gone.keys { state.entries[key] = nil }
            return gone
        }
        withExtendedLifetime(dropped) {}
    }
}

extension SeriesPage {
    /// What it takes in memory.
    var bytesReserved: Int {
        bytes.capacity + keys.capacity + series.capacity * MemoryLayout<Extent>.stride
    }
}

import GoText
import PromQL
import PrometheusWire
import TimeSeries
import Upstream

/// What answers fragments: a member over the network, or a stand-in in tests.
public protocol FragmentSource: Sendable {
    /// Begins to ask one fragment.
    ///
    /// - Throws: `UpstreamError`, at once or while pages are read.
    func open(_ question: FragmentQuestion) async throws(UpstreamError) -> any FragmentStream
    /// Whether native histograms can have custom buckets there, or only exponential ones. Every kind
    /// of source answers for itself: a default would be wrong for one that passes questions on.
    func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool
    /// Whether remote read is worth asking for.
    var mayServeRemoteRead: Bool { get }
    /// What is stored, by remote read, as `RemoteSampleDecoder` takes it.
    ///
    /// - Throws: `noRemoteRead` where that is not served.
    func stored(_ question: StoredQuestion) async throws(UpstreamError) -> StoredAnswer
}

extension FragmentSource {
    public var mayServeRemoteRead: Bool { false }
    public func stored(_ question: StoredQuestion) async throws(UpstreamError) -> StoredAnswer {
        throw .noRemoteRead
    }
}

/// A source that asks another for all that it does not answer itself.
protocol FragmentSourceOverAnother: FragmentSource {
    var source: any FragmentSource { get }
}

extension FragmentSourceOverAnother {
    func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool {
        await source.knowsCustomBuckets(by: deadline)
    }

    var mayServeRemoteRead: Bool { source.mayServeRemoteRead }

    func stored(_ question: StoredQuestion) async throws(UpstreamError) -> StoredAnswer {
        try await source.stored(question)
    }
}

/// One request of remote read.
public struct StoredQuestion: Sendable {
    var selection: StoredSelection
    var deadline: ContinuousClock.Instant
    var injection: LabelInjection?
    /// Of the query that asks.
    var work: QueryWork?
}

/// What a member gave to remote read.
public struct StoredAnswer: Sendable {
    var pages: [SeriesPage]
    /// Asks the member for the custom bounds that its histograms lack; nil where those are not
    /// to be had.
    var bounds: @Sendable () async throws(UpstreamError) -> StoredBounds?
}

/// One request for one fragment.
public struct FragmentQuestion: Sendable {
    /// PromQL.
    var text: String
    /// One step is asked as an instant query, more as a range query.
    var grid: StepGrid
    /// Nil leaves it to the member.
    var lookback: Milliseconds?
    var deadline: ContinuousClock.Instant
    var injection: LabelInjection?
    /// What one step must be answered with.
    var resultType = ResponseScanner.ResultType.vector
    /// Whether an answer that lacks data must be an error (`UpstreamError.partial`): some members
    /// answer without the stores that they cannot reach.
    var refusesParts = false
    /// Whether the member is to tell what the fragment costs it.
    var statistics: StatisticsDetail?
    /// Of the query that asks.
    var work: QueryWork?
}

/// The answer to a fragment as it arrives.
public protocol FragmentStream: Sendable {
    /// The next page, nil behind the last.
    func next() async throws(UpstreamError) -> SeriesPage?
    /// What the answer says besides its series; asked once `next` gave nil.
    func trailer() async -> ResponseScanner.Trailer
}

/// The fragments of a member over the network. Of a pooled one, any cluster answers.
///
/// A cluster has answered once its first page is here. What breaks off after that is not begun
/// again elsewhere, as some of it may have reached the client.
public struct MemberFragmentSource: FragmentSource {
    let member: Member

    public init(_ member: Member) { self.member = member }

    public func open(
        _ question: FragmentQuestion
    ) async throws(UpstreamError) -> any FragmentStream {
        guard member.pool != nil else {
            return try await member.ask(by: question.deadline) { client throws(UpstreamError) in
                try await client.stream(question)
            }
        }
        return try await member.ask(by: question.deadline) { client throws(UpstreamError) in
            let stream = try await client.stream(question)
            return BegunStream(first: try await stream.next(), rest: stream)
        }
    }

    /// Any cluster of a pool may be the one that answers.
    public func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool {
        let clients = member.clients
        let replies = await FanOut(width: clients.count).replies(
            to: clients, until: { (try? $0.outcome.get()) == true }
        ) { client in await client.capabilities(deadline: deadline).hasCustomBuckets }
        return clients.isEmpty || replies.contains { (try? $0.outcome.get()) == true }
    }

    public var mayServeRemoteRead: Bool { member.clients.contains(where: \.mayServeRemoteRead) }

    public func stored(_ question: StoredQuestion) async throws(UpstreamError) -> StoredAnswer {
        let answer: StoredAnswer?
        do throws(UpstreamError) {
            answer = try await member.ask(by: question.deadline) { client throws(UpstreamError) in
                try await client.stored(question)
            }
        } catch {
            throw error.ofRemoteRead
        }
        guard let answer else { throw .noRemoteRead }
        return answer
    }
}

extension UpstreamClient {
    /// What is stored; nil where remote read is not served.
    func stored(_ question: StoredQuestion) async throws(UpstreamError) -> StoredAnswer? {
        let query = RemoteReadRequest.Query(
            start: question.selection.from, end: question.selection.through,
            matchers: question.selection.matchers.map(RemoteReadRequest.Matcher.init))
        let pages = try await storedSeries(
            query, injecting: question.injection, deadline: question.deadline,
            work: question.work)
        return pages.map { pages in
            StoredAnswer(pages: pages) { () async throws(UpstreamError) in
                do throws(UpstreamError) {
                    return try await self.storedBounds(
                        query, injecting: question.injection, deadline: question.deadline,
                        work: question.work)
                } catch {
                    throw error.ofRemoteRead
                }
            }
        }
    }

    /// Begins to ask one fragment.
    func stream(_ question: FragmentQuestion) async throws(UpstreamError) -> SeriesStream {
        var options = QueryOptions(
            lookbackDelta: question.lookback, deadline: question.deadline,
            injection: question.injection, refusesParts: question.refusesParts,
            resultType: question.resultType)
        options.work = question.work
        if let detail = question.statistics { options.extra.add("stats", detail.rawValue) }
        let grid = question.grid
        if grid.isInstant {
            return try await query(question.text, at: grid.start, options: options)
        }
        return try await queryRange(
            question.text, start: grid.start, end: grid.end, step: grid.step, options: options)
    }
}

extension SeriesStream: FragmentStream {
    public func trailer() async -> ResponseScanner.Trailer {
        trailer ?? ResponseScanner.Trailer()
    }
}

/// A stream whose first page was read already.
private actor BegunStream: FragmentStream {
    private var first: SeriesPage?
    private let isEmpty: Bool
    private let rest: SeriesStream

    init(first: SeriesPage?, rest: SeriesStream) {
        self.first = first
        isEmpty = first == nil
        self.rest = rest
    }

    func next() async throws(UpstreamError) -> SeriesPage? {
        if let page = first {
            first = nil
            return page
        }
        return isEmpty ? nil : try await rest.next()
    }

    func trailer() async -> ResponseScanner.Trailer { await rest.trailer() }
}

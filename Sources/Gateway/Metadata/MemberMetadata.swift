import Members
import PrometheusAPI
import TimeSeries

/// A member reached over the network.
struct MemberMetadata: MetadataSource {
    let member: Member
    /// Elements of one answer; more are an error.
    let maximum: Int

    func labelNames(_ question: MetadataQuestion) async throws -> MetadataReply<String> {
        try reply(
            await ask(by: question.deadline) { client throws(MemberFailure) in
                try await client.labels(SeriesSelection(question))
            })
    }

    func labelValues(
        of name: String, _ question: MetadataQuestion
    ) async throws -> MetadataReply<String> {
        try reply(
            await ask(by: question.deadline) { client throws(MemberFailure) in
                try await client.labelValues(name, SeriesSelection(question))
            })
    }

    func series(_ question: MetadataQuestion) async throws -> MetadataReply<LabelSet> {
        let maximum = maximum
        let reply = try await ask(by: question.deadline) { client throws(MemberFailure) in
            let stream = try await client.series(SeriesSelection(question))
            var series: [LabelSet] = []
            while series.count <= maximum, let some = try await stream.next() { series += some }
            return MetadataReply(
                elements: series, warnings: await stream.warnings, infos: await stream.infos,
                partiality: await stream.partiality)
        }
        try check(reply.elements.count)
        return reply
    }

    func families(
        metric: String?, _ question: MetadataQuestion
    ) async throws -> MetadataReply<MetricFamily> {
        let document = try await ask(by: question.deadline) { client throws(MemberFailure) in
            try await client.metadata(metric: metric, deadline: question.deadline)
        }
        let families: [(name: String, descriptions: [MetricDescription])]
        do throws(JSONCursor.Failure) {
            families = try MetricDescription.families(document.data)
        } catch {
            throw APIError(.unavailable, "the answer to metadata is malformed")
        }
        try check(families.count)
        return MetadataReply(
            elements: families.map { MetricFamily(name: $0.name, descriptions: $0.descriptions) },
            warnings: document.warnings, infos: document.infos,
            partiality: document.partiality)
    }

    /// Puts a question to the member, or to whichever cluster of its pool answers.
    private func ask<Answer: Sendable>(
        by deadline: ContinuousClock.Instant?,
        _ operation: @escaping @Sendable (MemberClient) async throws(MemberFailure) -> Answer
    ) async throws -> Answer {
        if let reason = member.outOfService { throw APIError(.unavailable, reason) }
        if let pool = member.pool { return try await pool.ask(by: deadline, operation) }
        return try await operation(member.client)
    }

    private func reply<Element>(_ list: MemberList<Element>) throws -> MetadataReply<Element> {
        try check(list.elements.count)
        return MetadataReply(
            elements: list.elements, warnings: list.warnings, infos: list.infos,
            partiality: list.partiality)
    }

    private func check(_ count: Int) throws(APIError) {
        guard count <= maximum else {
            throw APIError(.execution, "more than \(maximum) elements (limits.maxSeries)")
        }
    }
}

extension SeriesSelection {
    fileprivate init(_ question: MetadataQuestion) {
        self.init(
            matchers: question.selectors, start: question.start, end: question.end,
            limit: question.limit, deadline: question.deadline)
    }
}

import Federation
import GatewayConfiguration
import GoText
import PrometheusServer
import PrometheusWire
import TempoWire
import TimeSeries
import Upstream
import UpstreamSettings

extension TelemetryService {
    /// Of Tempo, which has no selectors: a client who sees some streams only asks none of them.
    var tempo: [Endpoint] {
        let metrics = [("/query_range", true), ("/query", false)]
        let endpoints: [Endpoint] = [
            here(.tempo, ["GET"], "/tempo/api/echo") { _ in .text(TempoConstants.echo) },
            here(.tempo, ["GET"], "/tempo/api/status/buildinfo") { _ in
                .json(Array(TempoConstants.buildInfo(version: "2.9.0").utf8))
            },
            traces("/tempo/api/traces/:id", .v1), traces("/tempo/api/v2/traces/:id", .v2),
            overMembers("/tempo/api/search") { request, context in
                try await context.search(request)
            },
            overMembers("/tempo/api/search/tags") { try await $1.tags($0, .v1) },
            overMembers("/tempo/api/v2/search/tags") { try await $1.tags($0, .v2) },
            overMembers("/tempo/api/search/tag/:tag/values") { try await $1.tagValues($0, .v1) },
            overMembers("/tempo/api/v2/search/tag/:tag/values") {
                try await $1.tagValues($0, .v2)
            },
        ]
        return endpoints
            + metrics.map { path, isRange in
                overMembers("/tempo/api/metrics" + path) {
                    try await $1.traceMetrics($0, isRange: isRange)
                }
            }
    }

    private func traces(_ path: String, _ version: TraceVersion) -> Endpoint {
        overMembers(path) { try await $1.trace($0, version) }
    }

    private func overMembers(
        _ path: String,
        _ answer:
            @escaping @Sendable (PrometheusRequest, TelemetryContext) async throws ->
            PrometheusResponse
    ) -> Endpoint {
        members(.tempo, ["GET"], path, isSelective: false, answer)
    }
}

/// One trace, put together of the parts that members have.
extension TelemetryContext {
    /// What one member says of a trace; nil where it does not have it.
    private typealias Part = TraceAnswer?

    func trace(
        _ request: PrometheusRequest, _ version: TraceVersion
    ) async throws -> PrometheusResponse {
        let question = try TraceQuestion(
            id: request.pathParameters["id"] ?? "", request.reader)
        let gathered: GatheredAnswers<Part> = try await gather(questions { _, _ in question }) {
            [limits] server, question throws(UpstreamError) in
            try await server.trace(question, mostBytes: limits.maxTraceBytes + Self.slack)
        }
        let shortfall = try shortfall(of: gathered, effect: .incompleteAggregate)
        let found = gathered.answers.compactMap { one in
            one.answer.map { MemberAnswer(labels: labels(of: one.member), value: $0) }
        }
        let limits = limits
        var merged = try await turn.compute {
            MergedTrace(found, maximumBytes: limits.maxTraceBytes)
        }
        if merged.isEmpty, !gathered.partial.missing.isEmpty {
            // Somebody may have it.
            throw APIError(
                .unavailable,
                "the trace was found nowhere, and not everybody answered: "
                    + shortfall.warnings.joined(separator: "; "))
        }
        merged.note(missing: shortfall.warnings)
        if version == .v1 {
            if merged.isCut { throw merged.sizeError }
            if merged.isEmpty { return PrometheusResponse(status: 404) }
        }
        let isProtobuf = TempoConstants.wantsProtobuf(accept: request.headers["Accept"])
        let whole = merged
        var response = PrometheusResponse(
            headers: [
                "Content-Type": isProtobuf ? TempoConstants.protobuf : TempoConstants.json
            ],
            body: .bytes(
                try await turn.compute {
                    try whole.body(version: version, protobuf: isProtobuf)
                }))
        shortfall.mark(&response)
        return response
    }

    /// Bytes that a member's answer may have beside the trace.
    private static let slack = 1 << 20

    private func labels(of member: Int) -> LabelInjection {
        partition.labels(of: project.members[member].name)
    }
}

extension ServerAsking {
    /// A trace of the server; nil where it does not have it.
    fileprivate func trace(
        _ question: TraceQuestion, mostBytes: Int
    ) async throws(UpstreamError) -> TraceAnswer? {
        func asked(_ version: TraceVersion) -> TelemetryQuestion {
            TelemetryQuestion(
                question.path(version: version), .get, Parameters(question.pairs),
                answeredIn: .protobuf(TempoConstants.protobuf))
        }
        let (document, isOld): (TelemetryDocument, Bool)
        do throws(UpstreamError) {
            (document, isOld) = try await client.traceDocument(
                asked(.v2), orElse: asked(.v1), deadline: deadline, work: turn.work,
                mostBytes: mostBytes)
        } catch {
            if case .http(404, _) = error.kind { return nil }
            throw error
        }
        return try reading { () throws(TempoAnswerError) in
            try TraceAnswer(document.bytes, version: isOld ? .v1 : .v2)
        }
    }
}

/// What is searched in traces: the answers of members are JSON and small.
extension TelemetryContext {
    func search(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let question = try SearchQuestion(request.reader)
        let asked = try questions { _, member in
            try question.pairs(to: partition.labels(of: member.name))
        }
        let gathered = try await gather(asked, Self.searched)
        let shortfall = try shortfall(of: gathered, effect: nil)
        let answers = memberAnswers(gathered)
        let rows = try await turn.compute { question.merged(answers) }
        let parts = try await parts(of: rows, question, gathered)
        return try await respond(gathered, shortfall: shortfall, note: question.note) { _ in
            question.completed(rows, with: parts).body
        }
    }

    /// What members know of traces of which others found spans: the root of a trace may be anywhere.
    /// A member that the query does not choose is not asked for it either, and one that does not
    /// answer here costs its names alone.
    private func parts(
        of rows: SearchAnswer, _ question: SearchQuestion, _ gathered: GatheredAnswers<SearchAnswer>
    ) async throws -> [SearchAnswer] {
        let known = Dictionary(gathered.answers.map { ($0.member, $0.answer) }) { first, _ in first
        }
        let asked = questions { index, _ in
            known[index].flatMap { question.completion(of: rows, answered: $0) }
        }
        if asked.isEmpty { return [] }
        return try await gather(asked, Self.searched).answers.map(\.answer)
    }

    private static func searched(
        _ server: ServerAsking, _ pairs: [(name: String, value: String)]
    ) async throws(UpstreamError) -> SearchAnswer {
        let document = try await server.document(
            TelemetryQuestion("/api/search", .get, Parameters(pairs)))
        return try server.reading { () throws(TempoAnswerError) in
            try SearchAnswer(parsing: document.bytes)
        }
    }

    func tags(
        _ request: PrometheusRequest, _ version: TraceVersion
    ) async throws -> PrometheusResponse {
        let question = try TagsQuestion(request.reader, version: version)
        let asked = try questions { _, member in
            try question.pairs(to: partition.labels(of: member.name))
        }
        let gathered = try await gather(asked) { server, pairs throws(UpstreamError) in
            let document = try await server.document(
                TelemetryQuestion(TagsQuestion.memberPath, .get, Parameters(pairs)))
            return try server.reading { () throws(TempoAnswerError) in
                try TagsAnswer(parsing: document.bytes)
            }
        }
        return try await respond(gathered) { question.body($0) }
    }

    func tagValues(
        _ request: PrometheusRequest, _ version: TraceVersion
    ) async throws -> PrometheusResponse {
        let question = try TagValuesQuestion(
            tag: request.pathParameters["tag"] ?? "", request.reader, version: version)
        let asked = try questions { _, member in
            try question.requests(to: partition.labels(of: member.name))
        }
        let gathered = try await gather(asked) { server, requests throws(UpstreamError) in
            var answers: [TagValuesAnswer] = []
            for path in requests.paths {
                let document = try await server.document(
                    TelemetryQuestion(path, .get, Parameters(requests.pairs)))
                answers.append(
                    try server.reading { () throws(TempoAnswerError) in
                        try TagValuesAnswer(parsing: document.bytes)
                    })
            }
            return answers
        }
        return try await respond(gathered) { question.body($0) }
    }

    func traceMetrics(
        _ request: PrometheusRequest, isRange: Bool
    ) async throws -> PrometheusResponse {
        let question = try TraceMetricsQuestion(
            request.reader, isRange: isRange, now: WallClock.now())
        let asked = try questions { _, member in
            try question.pairs(to: partition.labels(of: member.name))
        }
        try question.check(partition, members: asked.count)
        let path = "/api/metrics/" + (isRange ? "query_range" : "query")
        let gathered = try await gather(asked) { server, pairs throws(UpstreamError) in
            let document = try await server.document(
                TelemetryQuestion(path, .get, Parameters(pairs)))
            return try server.reading { () throws(TempoAnswerError) in
                try TraceMetricsAnswer(parsing: document.bytes)
            }
        }
        let shortfall = try shortfall(
            of: gathered, effect: question.missingEffect(partition))
        return try await respond(gathered, shortfall: shortfall) { answers in
            var merged = question.merged(answers)
            merged.note(missing: shortfall.warnings)
            return merged.body
        }
    }

    /// - Parameters:
    ///   - shortfall: What is missing; nil to judge that as of a list.
    ///   - note: What the client should know of the answer; nil for nothing.
    private func respond<Answer>(
        _ gathered: GatheredAnswers<Answer>, shortfall known: Shortfall? = nil,
        note: String? = nil, _ body: ([MemberAnswer<Answer>]) -> [UInt8]
    ) async throws -> PrometheusResponse {
        let shortfall = try known ?? shortfall(of: gathered, effect: nil)
        let answers = memberAnswers(gathered)
        var response = PrometheusResponse.json(try await turn.compute { body(answers) })
        if let note { TelemetryNote.mark(&response, [note]) }
        shortfall.mark(&response)
        return response
    }

    private func memberAnswers<Answer>(
        _ gathered: GatheredAnswers<Answer>
    ) -> [MemberAnswer<Answer>] {
        gathered.answers.map { MemberAnswer(labels: labels(of: $0.member), value: $0.answer) }
    }
}

import GatewayConfiguration
import GoText
import PromQL
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream

/// `/federate`: the newest sample of every selected series, in the format that is asked.
///
/// Members are asked for the samples of the lookback window, which have the times, and for the
/// instant vector, which leaves out series that became stale: their own `/federate` would add
/// labels of theirs that no query shows. Native histograms are read as they are stored.
public struct FederateAnswer: Sendable {
    /// Names the members that have no part in the answer.
    static let missingHeader = RemoteReadEndpoint.missingHeader
    /// Says of whom how many native histograms are missing, and why.
    static let leftOutHeader = "X-Tributary-Left-Out"

    var project: ResolvedProject
    var limits: Limits
    var lookback: Milliseconds
    var time: AnswerTime
    var turn: QueryTurn
    var now: Timestamp
    var source: @Sendable (Member) -> any FragmentSource

    /// - Parameters:
    public init(
        project: ResolvedProject, limits: Limits, lookback: Milliseconds, time: AnswerTime,
        turn: QueryTurn, now: Timestamp,
        source: @escaping @Sendable (Member) -> any FragmentSource = {
            ReplicatedSource.standard($0)
        }
    ) {
        self.project = project
        self.limits = limits
        self.lookback = lookback
        self.time = time
        self.turn = turn
        self.now = now
        self.source = source
    }

    private enum Part { case presence, samples }

    private struct Question: Sendable {
        var fetch: Plan.RemoteQuery
        var part: Part
    }

    /// One series of a member that is not missing.
    private struct Series: Sendable {
        var member: Int
        var time: Timestamp
        /// Nil for a native histogram.
        var value: Double?
    }

    /// - Throws: `APIError`.
    public func response(to request: PrometheusRequest) async throws -> PrometheusResponse {
        if let error = request.formError {
            throw APIError.badData("error parsing form values: \(error.description)")
        }
        let policy = try project.policy(for: request)
        let format = FederateFormat(accept: request.headers["Accept"] ?? "")
        let selectors = try selectors(request.parameters.all("match[]"))
        let questions = try questions(selectors)
        let replies = await FanOut(width: limits.maxMemberConcurrency).replies(to: questions) {
            question throws(UpstreamError) in
            try await newest(question.fetch, refusesParts: policy == .abort)
        }
        var partial = PartialAnswer(names: project.members.map(\.name), counts: project.counts)
        for (question, reply) in zip(questions, replies) {
            switch reply.outcome {
            case .failure(let error): partial.add(question.fetch.member, error)
            case .success(let newest):
                partial.add(partOf: question.fetch.member, newest.partiality)
            }
        }
        // Throws where the answer is an error; who is missing is said in fewer words here.
        _ = try partial.admit(
            asked: Set(questions.map(\.fetch.member)), under: policy, effect: nil)
        let series = try await turn.compute {
            present(questions, replies.map(\.outcome), without: partial.members)
        }
        let found = try await histograms(of: series, selectors, format)
        return try await turn.compute { written(series, found, partial, format) }
    }

    // MARK: Asking

    private func selectors(_ texts: [String]) throws(APIError) -> [VectorSelector] {
        var selectors: [VectorSelector] = []
        for text in texts {
            do throws(ParseError) {
                selectors.append(try parseSelector(text))
            } catch {
                throw .badData(error.description)
            }
        }
        return selectors
    }

    /// Two questions for every selector and every member that it chooses.
    private func questions(_ selectors: [VectorSelector]) throws(APIError) -> [Question] {
        let rewriting = project.rewriting
        var questions: [Question] = []
        for selector in selectors {
            for (index, member) in project.members.enumerated() {
                guard
                    let kept = rewriting.matchers(selector.matchers, forMember: member.name)
                else { continue }
                let own = VectorSelector(matchers: kept)
                let text = Expression.vectorSelector(own).description
                let window = "\(text)[\(DurationText.text(lookback))]"
                for (text, form, part) in [
                    (text, Plan.RemoteQuery.Form.steps, Part.presence),
                    (window, Plan.RemoteQuery.Form.samples, Part.samples),
                ] {
                    questions.append(
                        Question(
                            fetch: Plan.RemoteQuery(
                                member: index, text: text, grid: .instant(now), form: form),
                            part: part))
                }
            }
        }
        guard questions.count <= limits.maxMemberRequests else {
            throw APIError(
                .execution,
                "the selectors need \(questions.count) requests to members; at most "
                    + "\(limits.maxMemberRequests) are allowed (limits.maxMemberRequests)")
        }
        return questions
    }

    private struct Newest: Sendable {
        var samples: [NewestSample] = []
        /// Why data is missing, as the member says.
        var partiality: String?
    }

    private func newest(
        _ fetch: Plan.RemoteQuery, refusesParts: Bool
    ) async throws(UpstreamError) -> Newest {
        let asker = QuestionAsker(
            project: project, lookback: lookback, deadline: time.members,
            concurrency: limits.maxMemberConcurrency, refusesParts: refusesParts, turn: turn,
            source: project.bounding(source, at: fetch.grid.end))
        var newest = Newest()
        let trailer = try await asker.pages(fetch, on: fetch.grid) { page in
            newest.samples += try PageDecoder().newest(of: page)
            guard newest.samples.count <= limits.maxSeries else {
                throw ScanError.tooLarge(
                    "more than \(limits.maxSeries) series of one selector (limits.maxSeries)")
            }
        }
        newest.partiality = trailer?.partiality
        return newest
    }

    /// The series that are there now, each once. Everything of members that are missing is left out.
    private func present(
        _ questions: [Question], _ outcomes: [Result<Newest, UpstreamError>],
        without missing: Set<Int>
    ) -> [LabelSet: Series] {
        var present = Set<LabelSet>()
        var newest: [LabelSet: Series] = [:]
        for (question, outcome) in zip(questions, outcomes) {
            guard case .success(let answer) = outcome, !missing.contains(question.fetch.member)
            else { continue }
            switch question.part {
            case .presence: present.formUnion(answer.samples.map(\.labels))
            case .samples:
                // Members of 2.x include the beginning of the window.
                for one in answer.samples where one.time > now - lookback {
                    newest[one.labels] = Series(
                        member: question.fetch.member, time: one.time, value: one.value)
                }
            }
        }
        return newest.filter { present.contains($0.key) }
    }

    private func histograms(
        of series: [LabelSet: Series], _ selectors: [VectorSelector], _ format: FederateFormat
    ) async throws(APIError) -> FederateHistograms.Found {
        guard case .protobuf = format.kind else { return FederateHistograms.Found() }
        var wanted: [Int: [LabelSet: Timestamp]] = [:]
        for (labels, one) in series where one.value == nil {
            wanted[one.member, default: [:]][labels] = one.time
        }
        return try await FederateHistograms(
            members: RemoteReadMembers(
                project: project, concurrency: limits.maxMemberConcurrency,
                deadline: time.members, turn: turn),
            selectors: selectors, start: now - lookback + 1, end: now
        ).found(wanted)
    }

    // MARK: Writing

    /// Histograms of a member that are missing for one cause.
    private struct LeftOut: Hashable {
        var member: Int
        var cause: String
    }

    private func written(
        _ series: [LabelSet: Series], _ found: FederateHistograms.Found, _ partial: PartialAnswer,
        _ format: FederateFormat
    ) -> PrometheusResponse {
        var leftOut: [LeftOut: Int] = [:]
        var values: [(labels: LabelSet, value: FederateExposition.Value, time: Timestamp)] = []
        for (labels, one) in series {
            if let value = one.value {
                values.append((labels, .float(value), one.time))
                continue
            }
            let histogram = found.histograms[labels].map(FederateExposition.Value.histogram)
            let cause: String?
            if let histogram {
                cause = FederateExposition.obstacle(histogram, in: format)
            } else {
                cause =
                    FederateExposition.obstacle(.histogram(FloatHistogram()), in: format)
                    ?? found.causes[one.member] ?? "remote read does not have them"
            }
            if let cause {
                leftOut[LeftOut(member: one.member, cause: cause), default: 0] += 1
            } else if let histogram {
                values.append((labels, histogram, one.time))
            }
        }
        values.sort { Self.precedes($0.labels, $1.labels) }
        var headers: HTTPHeaders = ["Content-Type": format.contentType]
        var exposition = FederateExposition(format)
        for (member, error) in partial.missing {
            exposition.comment("\(named(member)): \(error.cause)")
        }
        for (member, cause) in partial.parts.sorted(by: { $0.key < $1.key }) {
            exposition.comment("\(named(member)): \(cause)")
        }
        let notes = leftOut.map { one, count in
            "\(named(one.member)): \(count) native histogram\(count == 1 ? "" : "s") left out: "
                + one.cause
        }.sorted()
        for note in notes { exposition.comment(note) }
        if !partial.missing.isEmpty {
            headers[Self.missingHeader] = partial.members.sorted()
                .map { project.members[$0].name }.joined(separator: ", ")
        }
        if !notes.isEmpty { headers[Self.leftOutHeader] = Self.headerText(notes) }
        for one in values { exposition.append(one.labels, value: one.value, time: one.time) }
        return PrometheusResponse(headers: headers, body: .bytes(exposition.bytes))
    }

    private func named(_ member: Int) -> String {
        "project \(GoQuoting.quote(project.members[member].name))"
    }

    /// Printable ASCII, of bounded length: causes may quote what a member said.
    private static func headerText(_ notes: [String]) -> String {
        let text = notes.joined(separator: "; ").unicodeScalars.prefix(2000)
        return String(
            String.UnicodeScalarView(text.map { (" "..."~").contains($0) ? $0 : "?" }))
    }

    /// By name alone, as the reference; then by labels, so that two answers can be compared.
    private static func precedes(_ left: LabelSet, _ right: LabelSet) -> Bool {
        let names = (left["__name__"] ?? "", right["__name__"] ?? "")
        return names.0.utf8.elementsEqual(names.1.utf8)
            ? left < right : names.0.utf8.lexicographicallyPrecedes(names.1.utf8)
    }
}

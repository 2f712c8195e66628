import Federation
import Projects
import PromQL
import PrometheusAPI
import PrometheusHTTP
import TimeSeries

/// `/federate`: the newest sample of every selected series, in the text format.
///
/// Members are asked for the samples of the lookback window, which have the times, and for the
/// instant vector, which leaves out series that became stale: their own `/federate` would add
/// labels of theirs that no query shows.
struct FederateAnswer: Sendable {
    var project: ResolvedProject
    var limits: Limits
    /// Milliseconds.
    var lookback: Int64
    var deadline: ContinuousClock.Instant
    /// Milliseconds since the epoch.
    var now: Int64
    var source: @Sendable (Member) -> any FragmentSource

    private enum Part { case presence, samples }

    private struct Sample {
        var time: Int64
        var value: Double
    }

    /// - Throws: `APIError`.
    func response(to request: PrometheusRequest) async throws -> PrometheusResponse {
        if let error = request.formError {
            throw APIError.badData("error parsing form values: \(error.description)")
        }
        let policy = try PartialResponse.requested(by: request) ?? project.partialResponse
        let (fetches, parts) = try fetches(of: request.parameters.all("match[]"))
        let asker = QuestionAsker(
            project: project, lookback: lookback, deadline: deadline,
            concurrency: limits.maxMemberConcurrency, source: source)
        let outcomes = await FetchRound(asker: asker, limits: limits).ended(fetches)
            .map(\.outcome)
        let missing = try missing(fetches, outcomes, policy)

        var present = Set<LabelSet>()
        var newest: [LabelSet: Sample] = [:]
        for (index, outcome) in outcomes.enumerated() {
            guard case .success(let fetched) = outcome,
                missing[fetches[index].member] == nil
            else { continue }
            switch (parts[index], fetched.value) {
            case (.presence, .steps(let series)): present.formUnion(series.map(\.labels))
            case (.samples, .samples(let series)):
                for one in series {
                    guard let last = one.times.indices.last, one.histograms[last] == nil,
                        // Members of 2.x include the beginning of the window.
                        one.times[last] > now - lookback
                    else { continue }
                    newest[one.labels] = Sample(time: one.times[last], value: one.values[last])
                }
            case (.presence, _), (.samples, _): break
            }
        }
        var text = FederateText(
            escaping: NameEscaping(accept: request.headers["Accept"] ?? ""))
        for (member, cause) in missing.sorted(by: { $0.key < $1.key }) {
            text.comment("project \(QuotedText.of(project.members[member].name)): \(cause)")
        }
        for (labels, sample) in newest.filter({ present.contains($0.key) })
            .sorted(by: { FederateText.precedes($0.key, $1.key) })
        {
            text.append(labels, value: sample.value, time: sample.time)
        }
        var headers: HTTPHeaders = [:]
        headers["Content-Type"] = text.contentType
        return PrometheusResponse(headers: headers, body: .bytes(text.bytes))
    }

    /// Two questions for every selector and every member that it chooses.
    private func fetches(of texts: [String]) throws(APIError) -> ([Plan.Fetch], [Part]) {
        let rewriting = SelectorRewriting(partition: project.partition)
        var fetches: [Plan.Fetch] = []
        var parts: [Part] = []
        for text in texts {
            let selector: VectorSelector
            do throws(ParseError) {
                selector = try parseSelector(text)
            } catch {
                throw .badData(error.description)
            }
            for (index, member) in project.members.enumerated() {
                guard
                    let kept = rewriting.matchers(selector.matchers, forMember: member.name)
                else { continue }
                let own = VectorSelector(matchers: kept)
                let text = Expression.vectorSelector(own).description
                let window = "\(text)[\(DurationSyntax.text(milliseconds: lookback))]"
                for (text, form, part) in [
                    (text, Plan.Fetch.Form.steps, Part.presence),
                    (window, Plan.Fetch.Form.samples, Part.samples),
                ] {
                    fetches.append(
                        Plan.Fetch(member: index, text: text, grid: .instant(now), form: form))
                    parts.append(part)
                }
            }
        }
        guard fetches.count <= limits.maxMemberRequests else {
            throw APIError(
                .execution,
                "the selectors need \(fetches.count) requests to members; at most "
                    + "\(limits.maxMemberRequests) are allowed (limits.maxMemberRequests)")
        }
        return (fetches, parts)
    }

    /// Members without a part in the answer, and why. Everything of theirs is left out.
    private func missing(
        _ fetches: [Plan.Fetch], _ outcomes: [FetchRound.Outcome], _ policy: PartialResponse
    ) throws(APIError) -> [Int: String] {
        var missing: [Int: String] = [:]
        for (fetch, outcome) in zip(fetches, outcomes) {
            guard case .failure(let failure) = outcome, missing[fetch.member] == nil else {
                continue
            }
            if case .cancelled = failure { throw APIError(.canceled, "context canceled") }
            missing[fetch.member] = failure.text
        }
        guard let (member, cause) = missing.min(by: { $0.key < $1.key }),
            policy == .abort || missing.count == Set(fetches.map(\.member)).count
        else { return missing }
        throw APIError(
            .unavailable, "project \(QuotedText.of(project.members[member].name)): \(cause)")
    }
}

import Federation
import GoText
import LogQL
import LokiWire
import PromQL
import PrometheusServer
import PrometheusWire
import TimeSeries
import Upstream

/// What members are asked for a list.
private struct ListQuestions {
    var questions: [MemberQuestion<TelemetryQuestion>] = []
    /// Members for which a selector stands that chooses all of their streams.
    var everyStream: Set<Int> = []
}

/// Labels, series and what the index tells: each member answers with a small document, and they are
/// merged here. A member that is missing takes something away and falsifies nothing.
extension TelemetryContext {
    func logLabels(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let parameters = try LogLabelsParameters(request.reader, now: Self.now)
        let questions = try selecting(parameters.query, isOptional: true) { selector in
            TelemetryQuestion(
                Self.path("labels"), .formOrQuery,
                Parameters(
                    parameters.memberParameters(
                        query: selector.isEverything ? "" : selector.queryText)))
        }
        return try await merged(LabelNamesMerge(), questions) { merge, body, labels in
            try merge.add(body, of: labels)
        } body: { merge, failures in
            LokiEnvelope.warning(merge.body, of: failures)
        }
    }

    func logLabelValues(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let name = request.pathParameters["name"] ?? ""
        let parameters = try LogLabelsParameters(request.reader, now: Self.now)
        // Who has a stream, has it with the added label.
        let isAdded = partition.isName(name)
        let questions = try selecting(parameters.query, isOptional: true) { selector, labels in
            let path =
                isAdded ? "labels" : "label/\(FormText.encoded(labels.memberName(of: name)))/values"
            return TelemetryQuestion(
                Self.path(path), .formOrQuery,
                Parameters(
                    parameters.memberParameters(
                        query: selector.isEverything ? "" : selector.queryText)))
        }
        return try await merged(LabelValuesMerge(), questions) { merge, body, labels in
            if isAdded, let value = labels.value(of: name) {
                try merge.add(value: value, ifAnyIn: body)
            } else {
                try merge.add(body)
            }
        } body: { merge, failures in
            LokiEnvelope.warning(merge.body, of: failures)
        }
    }

    func logSeries(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let texts = request.parameters.all("match") + request.parameters.all("match[]")
        let parameters = try LogSeriesParameters(
            request.reader, selectors: texts, now: Self.now)
        let selectors = try parameters.selectors.map { text in
            try checkLength(text)
            return try LogQLQuery.selector(text, allowsEverything: true)
        }
        let scope = try logScope()
        var asked = ListQuestions()
        for index in project.members.indices {
            let all = selectors.isEmpty ? [[]] : selectors
            let own = all.compactMap { scope.selector($0, of: index) }
            if own.isEmpty { continue }
            let isEverything = own.contains(where: \.isEverything)
            asked.questions.append(
                MemberQuestion(
                    member: index,
                    question: TelemetryQuestion(
                        Self.path("series"), .formOrQuery,
                        Parameters(
                            parameters.memberParameters(
                                selectors: isEverything ? [] : own.map(\.queryText))))))
            if !isEverything, own.contains(where: { !$0.everyStream.isEmpty }) {
                asked.everyStream.insert(index)
            }
        }
        return try await merged(SeriesListMerge(), asked) { merge, body, labels in
            try merge.add(body, of: labels)
        } body: { merge, failures in
            LokiEnvelope.warning(merge.body, of: failures)
        }
    }

    func logStatistics(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let parameters = try LogSelectorParameters(request.reader, now: Self.now)
        let questions = try selecting(parameters.query) { selector in
            TelemetryQuestion(
                Self.path("index/stats"), .formOrQuery,
                Parameters(parameters.memberParameters(query: selector.queryText)))
        }
        return try await merged(IndexStatisticsMerge(), questions) { merge, body, _ in
            try merge.add(body)
        } body: { merge, _ in
            merge.body
        }
    }

    func logVolume(
        _ request: PrometheusRequest, isRange: Bool
    ) async throws -> PrometheusResponse {
        let parameters = try VolumeParameters(request.reader, isRange: isRange, now: Self.now)
        let matchers = try LogQLQuery.selector(parameters.query, allowsEverything: true)
        let asked =
            parameters.targetLabels.isEmpty ? matchers.map(\.name) : parameters.targetLabels
        let grouping: VolumeMerge.Grouping =
            parameters.aggregatesLabels
            ? .names(
                addsLabels: parameters.targetLabels.isEmpty
                    || asked.contains(where: partition.isName))
            : .labels(named: asked.isEmpty ? nil : asked)
        let questions = try selecting(parameters.query, allowsEverything: true) {
            selector, labels in
            let targets = parameters.targetLabels.filter { !labels.isName($0) }
            return TelemetryQuestion(
                Self.path(isRange ? "index/volume_range" : "index/volume"), .formOrQuery,
                Parameters(
                    parameters.memberParameters(
                        query: selector.isEverything ? "{}" : selector.queryText,
                        limit: max(parameters.limit, Self.volumesOfMember),
                        targetLabels: labels.memberNames(of: targets))))
        }
        return try await merged(VolumeMerge(grouping), questions) { merge, body, labels in
            try merge.add(body, of: labels)
        } body: { merge, failures in
            merge.body(limit: parameters.limit, isRange: isRange, failures: failures)
        }
    }

    func logPatterns(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let parameters = try PatternParameters(request.reader, now: Self.now)
        let questions = try selecting(parameters.query) { selector in
            TelemetryQuestion(
                Self.path("patterns"), .formOrQuery,
                Parameters(parameters.memberParameters(query: selector.queryText)))
        }
        return try await merged(PatternsMerge(), questions) { merge, body, _ in
            try merge.add(body)
        } body: { merge, failures in
            LokiEnvelope.warning(merge.body, of: failures)
        }
    }

    /// The largest of all may be small ones of members.
    private static let volumesOfMember = 1000

    // MARK: What lines hold

    func detectedLabels(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let parameters = try LogSelectorParameters(request.reader, now: Self.now)
        let questions = try selecting(parameters.query, isOptional: true) { selector in
            TelemetryQuestion(
                Self.path("detected_labels"), .formOrQuery,
                Parameters(
                    parameters.memberParameters(
                        query: selector.isEverything ? "" : selector.queryText)))
        }
        return try await merged(DetectedLabelsMerge(), questions) { merge, body, labels in
            try merge.add(body, of: labels)
        } body: { merge, _ in
            merge.body
        }
    }

    func detectedFields(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let parameters = try DetectedFieldParameters(request.reader, now: Self.now)
        let questions = try await lineQuestions(parameters, "detected_fields") { _ in "" }
        return try await merged(
            DetectedFieldsMerge(limit: parameters.limit), questions
        ) { merge, body, labels in
            try merge.add(body, of: labels)
        } body: { merge, _ in
            merge.body
        }
    }

    func detectedFieldValues(_ request: PrometheusRequest) async throws -> PrometheusResponse {
        let parameters = try DetectedFieldParameters(request.reader, now: Self.now)
        let name = request.pathParameters["name"] ?? ""
        let questions = try await lineQuestions(parameters, "detected_field") { labels in
            labels.memberName(ofExtracted: name).map { "/\(FormText.encoded($0))/values" }
        }
        return try await merged(
            DetectedValuesMerge(limit: parameters.limit), questions
        ) { merge, body, _ in
            try merge.add(body)
        } body: { merge, _ in
            merge.body
        }
    }

    /// - Parameter ending: Of the path, for a member with these labels; nil where it has nothing.
    private func lineQuestions(
        _ parameters: DetectedFieldParameters, _ path: String,
        _ ending: (LabelInjection) -> String?
    ) async throws -> ListQuestions {
        guard case .log(let query) = try logQuery(parameters.query) else {
            throw LokiError.onlySelectorsAtTail
        }
        var asked = ListQuestions()
        for fetch in try await logPlan(query, in: parameters.bounds).fetches {
            let labels = partition.labels(of: project.members[fetch.member].name)
            guard let ending = ending(labels) else { continue }
            asked.questions.append(
                MemberQuestion(
                    member: fetch.member,
                    question: TelemetryQuestion(
                        Self.path(path + ending), .formOrQuery,
                        Parameters(parameters.memberParameters(query: fetch.text)))))
            if fetch.usesEveryStream { asked.everyStream.insert(fetch.member) }
        }
        return asked
    }

    // MARK: Asking

    private static func path(_ rest: String) -> String { "/loki/api/v1/" + rest }

    /// A question to each member that a selector chooses.
    ///
    /// - Parameters:
    ///   - isOptional: Whether there may be no selector at all, which chooses all streams.
    ///   - allowsEverything: Whether `{}` does so too.
    private func selecting(
        _ text: String, isOptional: Bool = false, allowsEverything: Bool = false,
        _ question: (MemberSelector, LabelInjection) -> TelemetryQuestion
    ) throws -> ListQuestions {
        try checkLength(text)
        let matchers =
            isOptional && text.isEmpty
            ? [] : try LogQLQuery.selector(text, allowsEverything: allowsEverything)
        let scope = try logScope()
        var asked = ListQuestions()
        for (index, member) in project.members.enumerated() {
            guard let selector = scope.selector(matchers, of: index) else { continue }
            asked.questions.append(
                MemberQuestion(
                    member: index, question: question(selector, partition.labels(of: member.name))))
            let needsNone = selector.isEverything && (isOptional || allowsEverything)
            if !needsNone, !selector.everyStream.isEmpty { asked.everyStream.insert(index) }
        }
        return asked
    }

    private func selecting(
        _ text: String, isOptional: Bool = false, _ question: (MemberSelector) -> TelemetryQuestion
    ) throws -> ListQuestions {
        try selecting(text, isOptional: isOptional) { selector, _ in question(selector) }
    }

    /// Asks, and merges the documents in the order of the members.
    ///
    /// - Parameters:
    ///   - add: Takes the document of a member with these labels, wholly or not at all.
    ///   - body: What the merge becomes, with warnings.
    private func merged<Merge: Sendable>(
        _ merge: Merge, _ asked: ListQuestions,
        _ add: (inout Merge, [UInt8], LabelInjection) throws -> Void,
        body: (Merge, [String]) -> [UInt8]
    ) async throws -> PrometheusResponse {
        var gathered = try await gather(asked.questions) {
            server, question throws(UpstreamError) in
            try await server.document(question).bytes
        }
        let notes = everyStreamWarnings(asked.everyStream)
        let (answers, members) = (gathered.answers, project.members)
        var (whole, damaged) = (merge, [(Int, UpstreamError)]())
        try await turn.compute {
            for one in answers {
                do {
                    try add(
                        &whole, one.answer, partition.labels(of: members[one.member].name))
                } catch {
                    damaged.append((one.member, UpstreamError(kind: .malformed("\(error)"))))
                }
            }
        }
        for (member, error) in damaged { gathered.partial.add(member, error) }
        let shortfall = try shortfall(of: gathered, effect: nil)
        let made = whole
        var response = PrometheusResponse(
            headers: ["Content-Type": LokiEnvelope.contentType],
            body: .bytes(try await turn.compute { body(made, shortfall.warnings + notes) }))
        shortfall.mark(&response)
        TelemetryNote.mark(&response, notes)
        return response
    }
}

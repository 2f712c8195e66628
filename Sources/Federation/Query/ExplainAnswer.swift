import GatewayConfiguration
import GoText
import PromQL
import PromQLEngine
import PrometheusServer
import PrometheusWire
import RequestTelemetry
import TimeSeries
import Upstream

/// The answer of `explain`: the plan as a tree, as text and as JSON.
struct ExplainAnswer: Sendable {
    var query: QueryRequest
    var plan: Plan
    var scope: FederationScope
    /// Nil when nothing was asked.
    var analysis: QueryAnalysis?
    /// By fetch, where the member's `timeRange` leaves some of its steps unasked: those that are.
    var stepsAsked: [Int: Int] = [:]
    /// By fetch of a member that is several replicas, which of them answers it and why.
    var replicas: [Int: String] = [:]
    /// What was noted while it ran; nil when nothing was asked.
    var record: QueryRecord.Contents?

    /// Both are as high as the query.
    var response: PrometheusResponse { query.expression.recursing { written } }

    private var written: PrometheusResponse {
        var out = Envelope.head
        appendPlan(to: &out)
        Envelope.appendTail(warnings: [], infos: [], to: &out)
        return .json(out)
    }

    /// Appends the object that describes the plan. It is as high as the query.
    func append(to out: inout [UInt8]) {
        out += query.expression.recursing {
            var text: [UInt8] = []
            appendPlan(to: &text)
            return text
        }
    }

    private func appendPlan(to out: inout [UInt8]) {
        out.append(contentsOf: "{\"query\":".utf8)
        JSONText.append(query.expression.description, to: &out)
        let everybody = Set(scope.members.indices)
        let effect = plan.effect(ofMissing: everybody.intersection(plan.membersAsked))
        out.append(contentsOf: ",\"missingMember\":".utf8)
        JSONText.append(effect.words, to: &out)
        if case .mayBeWrong(let construct) = effect {
            out.append(contentsOf: ",\"couldBeWrongBy\":".utf8)
            JSONText.append(construct, to: &out)
        }
        out.append(contentsOf: ",\"membersAsked\":".utf8)
        let asked = Set(
            plan.fetches.indices.filter { stepsAsked[$0] != 0 }.map { plan.fetches[$0].member })
        JSONText.append(asked.sorted().map { scope.members[$0] }, to: &out)
        let root = plan.explained(members: scope.members)
        out.append(contentsOf: ",\"tree\":".utf8)
        JSONText.append(root.tree { costText(of: $0, isRoot: $0 == root) }, to: &out)
        out.append(contentsOf: ",\"plan\":".utf8)
        append(root, isRoot: true, to: &out)
        if let failure = analysis?.failure {
            out.append(contentsOf: ",\"failure\":".utf8)
            JSONText.append(failure, to: &out)
        }
        out.append(contentsOf: ",\"notPushedDown\":".utf8)
        append(plan.notes, to: &out)
        if !plan.memberKeys.isEmpty {
            out.append(contentsOf: ",\"pushedDownByKey\":".utf8)
            append(plan.memberKeys, to: &out)
        }
        if let record { append(record, to: &out) }
        out.append(UInt8(ascii: "}"))
    }

    /// The times of the phases, and the requests that were sent. What the cache had was no request, and
    /// a part of the plan may have taken several.
    private func append(_ record: QueryRecord.Contents, to out: inout [UInt8]) {
        for (name, time) in [
            ("queue", record.queue), ("plan", record.planning), ("merge", record.merge),
        ] {
            guard let time else { continue }
            out.append(contentsOf: ",\"\(name)Milliseconds\":\(time / .milliseconds(1))".utf8)
        }
        out.append(contentsOf: ",\"requests\":".utf8)
        out += JSONValue.array(record.requests.map(Self.json)).bytes
        if record.requestsLeftOut > 0 {
            out.append(contentsOf: ",\"requestsLeftOut\":\(record.requestsLeftOut)".utf8)
        }
    }

    private static func json(_ request: QueryRecord.MemberRequest) -> JSONValue {
        var pairs: [(key: String, value: JSONValue)] = [
            ("member", .string(request.member)),
            ("milliseconds", .number(GoFloat.text(request.duration / .milliseconds(1)))),
            ("bytes", .integer(Int64(request.bytes))),
            ("attempts", .integer(Int64(request.attempts))),
        ]
        if let version = request.httpVersion { pairs.append(("protocol", .string(version))) }
        if let failure = request.failure { pairs.append(("failure", .string(failure))) }
        return .object(pairs)
    }

    private func append(_ notes: [Plan.Note], to out: inout [UInt8]) {
        out.append(UInt8(ascii: "["))
        for (index, note) in notes.enumerated() {
            out.append(contentsOf: (index > 0 ? "," : "").utf8)
            out.append(contentsOf: "{\"part\":".utf8)
            JSONText.append(note.part, to: &out)
            out.append(contentsOf: ",\"reason\":".utf8)
            JSONText.append(note.reason, to: &out)
            out.append(UInt8(ascii: "}"))
        }
        out.append(UInt8(ascii: "]"))
    }

    private func append(_ node: ExplainNode, isRoot: Bool = false, to out: inout [UInt8]) {
        out.append(contentsOf: "{\"place\":".utf8)
        JSONText.append(node.place.rawValue, to: &out)
        out.append(contentsOf: ",\"text\":".utf8)
        JSONText.append(node.text, to: &out)
        if let member = node.member {
            out.append(contentsOf: ",\"member\":".utf8)
            JSONText.append(member, to: &out)
        }
        if let grid = node.grid {
            out.append(
                contentsOf:
                    ",\"startMs\":\(grid.start),\"endMs\":\(grid.end),\"stepMs\":\(grid.step)".utf8)
        }
        if let steps = node.fetch.flatMap({ stepsAsked[$0] }) {
            out.append(contentsOf: ",\"stepsAsked\":\(steps)".utf8)
        }
        if let text = node.fetch.flatMap({ replicas[$0] }) {
            out.append(contentsOf: ",\"replicas\":".utf8)
            JSONText.append(text, to: &out)
        }
        appendCost(of: node, isRoot: isRoot, to: &out)
        if !node.children.isEmpty {
            out.append(contentsOf: ",\"children\":[".utf8)
            for (index, child) in node.children.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                append(child, to: &out)
            }
            out.append(UInt8(ascii: "]"))
        }
        out.append(UInt8(ascii: "}"))
    }

    private func appendCost(of node: ExplainNode, isRoot: Bool, to out: inout [UInt8]) {
        guard let analysis else { return }
        if let fetch = node.fetch {
            let one = analysis.fetches[fetch]
            out.append(contentsOf: ",\"milliseconds\":\(one.milliseconds)".utf8)
            out.append(
                contentsOf: ",\"bytes\":\(one.bytes),\"series\":\(one.series)".utf8)
            out.append(contentsOf: ",\"samples\":\(one.samples)".utf8)
            if let failure = one.failure {
                out.append(contentsOf: ",\"failure\":".utf8)
                JSONText.append(failure, to: &out)
            }
        } else if let cost = analysis.cost(of: node, isRoot: isRoot) {
            out.append(contentsOf: ",\"milliseconds\":\(cost.milliseconds)".utf8)
            out.append(
                contentsOf: ",\"series\":\(cost.series),\"samples\":\(cost.samples)".utf8)
        }
    }

    private func costText(of node: ExplainNode, isRoot: Bool) -> String? {
        let way = node.fetch.flatMap { replicas[$0] }
        let texts = [way, askedText(of: node, isRoot: isRoot)].compactMap { $0 }
        return texts.isEmpty ? nil : texts.joined(separator: ", ")
    }

    private func askedText(of node: ExplainNode, isRoot: Bool) -> String? {
        guard let steps = node.fetch.flatMap({ stepsAsked[$0] }) else {
            return analysisText(of: node, isRoot: isRoot)
        }
        if steps == 0 { return "not asked: its timeRange is elsewhere" }
        let bounded = "asked for \(steps) steps, by its timeRange"
        return analysisText(of: node, isRoot: isRoot).map { "\(bounded), \($0)" } ?? bounded
    }

    private func analysisText(of node: ExplainNode, isRoot: Bool) -> String? {
        guard let analysis else { return nil }
        if let fetch = node.fetch {
            let one = analysis.fetches[fetch]
            return Self.rounded(one.milliseconds)
                + (one.failure.map { ", \($0)" }
                    ?? ", \(one.bytes) bytes, \(one.series) series, \(one.samples) samples")
        }
        return analysis.cost(of: node, isRoot: isRoot).map {
            "\(Self.rounded($0.milliseconds)), \($0.series) series, \($0.samples) samples"
        }
    }

    private static func rounded(_ milliseconds: Double) -> String {
        "\((milliseconds * 10).rounded() / 10) ms"
    }
}

/// What running a plan cost.
struct QueryAnalysis: Sendable {
    /// By fetch.
    var fetches: [FetchAnalysis]
    /// The merge and evaluation here, all in all; nil when it failed.
    private(set) var total: EvaluationTrace.Cost?
    /// By part of the local expression.
    private(set) var trace: EvaluationTrace?
    /// Why the answers could not be evaluated.
    var failure: String?

    init(fetches: [FetchAnalysis]) { self.fetches = fetches }

    mutating func take(_ result: QueryResult, milliseconds: Double) {
        trace = result.trace
        switch result.value {
        case .scalar(let values):
            total = .init(milliseconds: milliseconds, series: 0, samples: values.count)
        case .string: total = .init(milliseconds: milliseconds, series: 0, samples: 0)
        case .vector(let series):
            total = .init(
                milliseconds: milliseconds, series: series.count,
                samples: FetchAnalysis.count(of: series))
        case .rangeVector(let series):
            total = .init(
                milliseconds: milliseconds, series: series.count,
                samples: series.reduce(0) { $0 + $1.times.count })
        }
    }

    /// What a node of the plan that is done here cost; nil where it is not done by itself.
    func cost(of node: ExplainNode, isRoot: Bool) -> EvaluationTrace.Cost? {
        node.part.flatMap { trace?.cost(of: $0) } ?? (isRoot ? total : nil)
    }
}

/// What one request to a member cost.
struct FetchAnalysis: Sendable {
    var milliseconds: Double
    /// Of the series, as JSON and inflated.
    var bytes = 0
    var series = 0
    var samples = 0
    /// The cause, when the member did not answer.
    var failure: String?

    init(_ reply: PlanExecution.Reply) {
        milliseconds = reply.duration / .milliseconds(1)
        switch reply.outcome {
        case .failure(let error): failure = error.detailedCause
        case .success(let fetched):
            bytes = fetched.bytes
            switch fetched.value {
            case .samples(let all):
                series = all.count
                samples = all.reduce(0) { $0 + $1.times.count }
            case .steps(let all):
                series = all.count
                samples = Self.count(of: all)
            }
        }
    }

    /// Values present, a native histogram being one.
    static func count(of series: [StepSeries]) -> Int {
        series.reduce(0) { sum, one in
            sum + one.histograms.count
                + one.values.reduce(0) { $0 + (SampleValue.isAbsent($1) ? 0 : 1) }
        }
    }
}

extension QueryExecution {
    /// Answers `explain`: `start`, `end` and `step` make it the plan of a range query, else it is
    /// that of an instant query. `analyze=true` asks the members and adds what each fetch cost.
    public func explain(
        _ request: PrometheusRequest, project: ResolvedProject
    ) async
        -> PrometheusResponse
    {
        do {
            let kind: QueryKind = request.parameter("start").isEmpty ? .instant : .range
            let asked = try QueryRequest(
                request, kind: kind, project: project, settings: settings,
                maxQueryBytes: limits.maxQueryBytes, now: now())
            let (query, plan, scope) = try await plan(asked, for: project)
            guard ["true", "1"].contains(request.parameter("analyze")) else {
                return ExplainAnswer(
                    query: query, plan: plan, scope: scope,
                    stepsAsked: project.stepsAsked(of: plan, lookback: query.lookback, at: now()),
                    replicas: await replicaWays(of: plan, project, query)
                ).response
            }
            let admission = try await resources.admit(
                request, to: project, until: query.deadline)
            try admission.add(plan)
            let turn = resources.turn(query.time, for: project.client)
            defer { withExtendedLifetime((admission, turn)) {} }
            var traced = options(query, scope)
            traced.isTraced = true
            let asker = QuestionAsker(
                project: project, lookback: query.lookback, deadline: query.time.members,
                concurrency: limits.maxMemberConcurrency, turn: turn,
                samples: SampleBudget(options(query, scope), key: samplesKey(project)),
                source: project.bounding(replicated(source), at: now()))
            let settled = try await execution(query, plan, scope, asker, traced).settled()
            let analysis = try await turn.compute { Self.analysis(settled, turn.held) }
            return await explanation(of: settled.execution, analysis, query, project).response
        } catch {
            return refusal(error, of: project)
        }
    }

    /// What is told of a plan that was run.
    func explanation(
        of execution: PlanExecution, _ analysis: QueryAnalysis, _ query: QueryRequest,
        _ project: ResolvedProject
    ) async -> ExplainAnswer {
        ExplainAnswer(
            query: query, plan: execution.plan, scope: execution.scope, analysis: analysis,
            stepsAsked: project.stepsAsked(
                of: execution.plan, lookback: query.lookback, at: now()),
            replicas: await replicaWays(of: execution.plan, project, query),
            record: RequestScope.current?.record?.contents)
    }

    /// By fetch of a member that is several replicas, which of them answers it and why.
    private func replicaWays(
        of plan: Plan, _ project: ResolvedProject, _ query: QueryRequest
    ) async -> [Int: String] {
        var ways: [Int: String] = [:]
        let source = replicated(source)
        for (index, fetch) in plan.fetches.enumerated() {
            let member = project.members[fetch.member]
            guard let replicated = source(member) as? ReplicatedSource else { continue }
            if case .stored = fetch.form { continue }
            ways[index] = await replicated.explanation(
                of: FragmentQuestion(
                    text: fetch.text, grid: fetch.grid, lookback: query.lookback,
                    deadline: query.time.members))
        }
        return ways
    }

    private static func analysis(
        _ settled: PlanExecution.Settled, _ memory: any EvaluationMemory
    ) -> QueryAnalysis {
        var analysis = QueryAnalysis(fetches: settled.replies.map(FetchAnalysis.init))
        let began = ContinuousClock.now
        do throws(EvaluationError) {
            let result = try settled.execution.evaluated(settled.gathered, memory: memory)
            analysis.take(result, milliseconds: began.duration(to: .now) / .milliseconds(1))
        } catch {
            analysis.failure = APIError(error).message
        }
        return analysis
    }
}

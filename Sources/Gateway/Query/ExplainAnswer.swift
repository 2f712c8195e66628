import Federation
import PromQL
import PrometheusAPI
import PrometheusHTTP
import TimeSeries

/// What `explain` says of one fetch that was really asked.
struct FetchAnalysis: Sendable {
    var milliseconds: Double
    var series: Int
    var samples: Int
    /// The cause, when the member did not answer.
    var failure: String?

    var text: String {
        let time = "\((milliseconds * 10).rounded() / 10) ms"
        return failure.map { "\(time), \($0)" } ?? "\(time), \(series) series, \(samples) samples"
    }
}

/// The answer of `explain`: the plan as a tree, as text and as JSON.
struct ExplainAnswer: Sendable {
    var query: QueryRequest
    var plan: Plan
    var scope: FederationScope
    /// By fetch; nil when nothing was asked.
    var analysis: [FetchAnalysis]?

    var response: PrometheusResponse {
        var out = Envelope.head
        out.append(contentsOf: "{\"query\":".utf8)
        JSONText.append(query.expression.description, to: &out)
        let everybody = Set(scope.members.indices)
        let effect = plan.effect(ofMissing: everybody.intersection(plan.membersAsked))
        out.append(contentsOf: ",\"missingMember\":".utf8)
        JSONText.append(effect.mark, to: &out)
        if case .inverted(let construct) = effect {
            out.append(contentsOf: ",\"invertedBy\":".utf8)
            JSONText.append(construct, to: &out)
        }
        out.append(contentsOf: ",\"membersAsked\":".utf8)
        JSONText.append(plan.membersAsked.sorted().map { scope.members[$0] }, to: &out)
        let root = plan.explained(members: scope.members)
        out.append(contentsOf: ",\"tree\":".utf8)
        JSONText.append(root.tree { analysis?[$0].text }, to: &out)
        out.append(contentsOf: ",\"plan\":".utf8)
        append(root, to: &out)
        out.append(contentsOf: ",\"notPushedDown\":[".utf8)
        for (index, note) in plan.notes.enumerated() {
            out.append(contentsOf: (index > 0 ? "," : "").utf8)
            out.append(contentsOf: "{\"part\":".utf8)
            JSONText.append(note.part, to: &out)
            out.append(contentsOf: ",\"reason\":".utf8)
            JSONText.append(note.reason, to: &out)
            out.append(UInt8(ascii: "}"))
        }
        out.append(contentsOf: "]}".utf8)
        Envelope.appendTail(warnings: [], infos: [], to: &out)
        return .json(out)
    }

    private func append(_ node: ExplainNode, to out: inout [UInt8]) {
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
        if let fetch = node.fetch, let one = analysis?[fetch] {
            out.append(
                contentsOf:
                    ",\"milliseconds\":\(one.milliseconds),\"series\":\(one.series),\"samples\":\(one.samples)"
                    .utf8)
            if let failure = one.failure {
                out.append(contentsOf: ",\"failure\":".utf8)
                JSONText.append(failure, to: &out)
            }
        }
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
}

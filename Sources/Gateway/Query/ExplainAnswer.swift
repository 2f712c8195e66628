import Federation
import PromQL
import PromQLEngine
import PrometheusAPI
import PrometheusHTTP
import TimeSeries

/// The answer of `explain`: the plan as a tree, as text and as JSON.
struct ExplainAnswer: Sendable {
    var query: QueryRequest
    var plan: Plan
    var scope: FederationScope
    /// Nil when nothing was asked.
    var analysis: QueryAnalysis?

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
        JSONText.append(root.tree { costText(of: $0, isRoot: $0 == root) }, to: &out)
        out.append(contentsOf: ",\"plan\":".utf8)
        append(root, isRoot: true, to: &out)
        if let failure = analysis?.failure {
            out.append(contentsOf: ",\"failure\":".utf8)
            JSONText.append(failure, to: &out)
        }
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

import Answers
import RealServers
import TestSupport

/// Read with the tests' own reader: what ours would read wrongly must not be wrong on both sides.
extension QueryAnswer {
    init(_ answer: HTTPAnswer) throws {
        let json = try answer.json()
        let warnings = json["warnings"]?.strings ?? []
        let infos = json["infos"]?.strings ?? []
        let outcome: Outcome
        if json["status"]?.text == "success" {
            outcome = try Self.outcome(json["data"], of: answer)
        } else {
            outcome = .error(
                type: json["errorType"]?.text ?? "", text: json["error"]?.text ?? answer.text)
        }
        self.init(status: answer.status, outcome: outcome, warnings: warnings, infos: infos)
    }

    private static func outcome(_ data: JSONValue?, of answer: HTTPAnswer) throws -> Outcome {
        guard let type = data?["resultType"]?.text, let result = data?["result"] else {
            throw TestFailure("no result: \(answer.text.prefix(300))")
        }
        if type == "scalar" || type == "string" {
            let pair = result.strings
            guard pair.count == 2 else { throw TestFailure("no pair: \(answer.text)") }
            return .scalar(time: pair[0], value: pair[1])
        }
        var all: [Series] = []
        for item in result.items ?? [] {
            guard case .object(let labels) = item["metric"] else {
                throw TestFailure("series without labels: \(answer.text.prefix(300))")
            }
            let points = item["value"].map { [$0] } ?? item["values"]?.items ?? []
            all.append(
                Series(
                    labels: labels.map { ($0.key, $0.value.text ?? "?") },
                    points: try points.map {
                        let pair = $0.strings
                        guard pair.count == 2 else { throw TestFailure("no pair: \($0)") }
                        return (pair[0], pair[1])
                    }))
        }
        return .series(type: type, all)
    }

    var isRange: Bool {
        if case .series("matrix", _) = outcome { true } else { false }
    }
}

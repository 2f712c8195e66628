import RealServers
import TestSupport

/// What a server answered to a query: the parts that must be equal.
struct QueryAnswer: Sendable {
    struct Series: Sendable {
        /// Sorted by name, as they stood on the wire.
        var labels: [JSONValue.Member]
        /// Times and values as text.
        var points: [(time: String, value: String)]

        var key: String {
            let pairs = labels.map { "\($0.key)=\"\($0.value.text ?? "?")\"" }
            return "{\(pairs.joined(separator: ", "))}"
        }
    }

    enum Outcome: Sendable {
        case series(type: String, [Series])
        case scalar(time: String, value: String)
        case error(type: String, text: String)
    }

    var status: Int
    var outcome: Outcome
    var warnings: [String]
    var infos: [String]

    init(_ answer: HTTPAnswer) throws {
        status = answer.status
        let json = try answer.json()
        warnings = json["warnings"]?.strings ?? []
        infos = json["infos"]?.strings ?? []
        guard json["status"]?.text == "success" else {
            outcome = .error(
                type: json["errorType"]?.text ?? "", text: json["error"]?.text ?? answer.text)
            return
        }
        guard let type = json["data"]?["resultType"]?.text, let result = json["data"]?["result"]
        else { throw TestFailure("no result: \(answer.text.prefix(300))") }
        if type == "scalar" || type == "string" {
            let pair = result.strings
            guard pair.count == 2 else { throw TestFailure("no pair: \(answer.text)") }
            outcome = .scalar(time: pair[0], value: pair[1])
            return
        }
        var all: [Series] = []
        for item in result.items ?? [] {
            guard case .object(let labels) = item["metric"] else {
                throw TestFailure("series without labels: \(answer.text.prefix(300))")
            }
            let points = item["value"].map { [$0] } ?? item["values"]?.items ?? []
            all.append(
                Series(
                    labels: labels,
                    points: try points.map {
                        let pair = $0.strings
                        guard pair.count == 2 else { throw TestFailure("no pair: \($0)") }
                        return (pair[0], pair[1])
                    }))
        }
        outcome = .series(type: type, all)
    }

    init(status: Int, outcome: Outcome, warnings: [String] = [], infos: [String] = []) {
        self.status = status
        self.outcome = outcome
        self.warnings = warnings
        self.infos = infos
    }

    var isRange: Bool {
        if case .series("matrix", _) = outcome { true } else { false }
    }

    var summary: String {
        var text: String
        switch outcome {
        case .error(let type, let error): text = "\(status) \(type): \(error)"
        case .scalar(let time, let value): text = "scalar \(value) @\(time)"
        case .series(let type, let series):
            text = "\(type) of \(series.count)"
            for one in series.prefix(6) {
                let points = one.points.prefix(3).map { "\($0.value)@\($0.time)" }
                text += "\n      \(one.key) \(points.joined(separator: " "))"
                if one.points.count > 3 { text += " … (\(one.points.count))" }
            }
            if series.count > 6 { text += "\n      …" }
        }
        let annotations = warnings + infos
        return annotations.isEmpty ? text : text + "\n      \(annotations)"
    }
}

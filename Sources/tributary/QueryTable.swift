import Foundation

/// An answer of the query API as a table for people.
struct QueryTable {
    /// What the server refused, in its own words.
    struct Refusal: Error, CustomStringConvertible {
        var description: String
    }

    private(set) var header: [String] = []
    private(set) var rows: [[String]] = []
    /// Warnings and infos.
    private(set) var remarks: [String] = []

    /// - Throws: `Refusal` when the answer is an error, or is not one of Prometheus's at all.
    init(_ body: [UInt8]) throws {
        guard let answer = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            let status = answer["status"] as? String
        else { throw Refusal(description: "the answer is not one of a Prometheus API") }
        guard status == "success", let data = answer["data"] as? [String: Any],
            let type = data["resultType"] as? String
        else {
            let kind = answer["errorType"] as? String ?? "error"
            throw Refusal(
                description: "\(kind): \(answer["error"] as? String ?? "no reason given")")
        }
        for key in ["warnings", "infos"] {
            let texts = answer[key] as? [String] ?? []
            remarks += texts.map { "\(key.dropLast()): \($0)" }
        }
        if let series = data["result"] as? [[String: Any]] {
            fill(series, isMatrix: type == "matrix")
        } else if let point = data["result"] as? [Any], let value = point.last {
            header = ["value"]
            rows = [["\(value)"]]
        }
    }

    private mutating func fill(_ series: [[String: Any]], isMatrix: Bool) {
        let metrics = series.map { $0["metric"] as? [String: String] ?? [:] }
        let names = Set(metrics.flatMap(\.keys)).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        header = names + (isMatrix ? ["points", "first", "last"] : ["value"])
        rows = zip(series, metrics).map { one, metric in
            let labels = names.map { metric[$0] ?? "" }
            guard isMatrix else {
                return labels + [Self.shown(one["value"] ?? one["histogram"])]
            }
            let points = (one["values"] ?? one["histograms"]) as? [Any] ?? []
            return labels
                + ["\(points.count)", Self.shown(points.first), Self.shown(points.last)]
        }
    }

    private static func shown(_ point: Any?) -> String {
        guard let pair = point as? [Any], pair.count == 2 else { return "" }
        if let histogram = pair[1] as? [String: Any] {
            return "count \(histogram["count"] ?? "?"), sum \(histogram["sum"] ?? "?")"
        }
        return "\(pair[1])"
    }

    var text: String {
        if rows.isEmpty { return (["(empty)"] + remarks).joined(separator: "\n") }
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        let lines = all.map { row in
            zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }.joined(separator: "  ").trimmingSuffix()
        }
        let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
        return ([lines[0], rule] + lines.dropFirst() + remarks).joined(separator: "\n")
    }
}

extension String {
    fileprivate func trimmingSuffix() -> String {
        var text = self[...]
        while text.hasSuffix(" ") { text = text.dropLast() }
        return String(text)
    }
}

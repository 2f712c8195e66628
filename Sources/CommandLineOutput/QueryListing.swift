public import Answers
import GoText
import PrometheusWire

/// The order of the series of an answer.
public enum SeriesOrder: String, Sendable, CaseIterable {
    /// By the names and values of their labels.
    case labels
    /// By their last value, the least first.
    case value
    /// By their last value, the greatest first.
    case descending
}

extension Listing {
    /// The answer to a query: a row a series.
    ///
    /// - Parameters:
    ///   - order: Of the series; nil for the server's.
    ///   - limit: How many series are given; nil for all.
    /// - Returns: nil for an error.
    public init?(
        _ answer: QueryAnswer, order: SeriesOrder? = nil, limit: Int? = nil
    ) {
        switch answer.outcome {
        case .error: return nil
        case .scalar(let time, let value):
            let table = TextTable(
                [.init("time", isDetail: true), .init("value", isNumber: true)],
                rows: [[ShownTime.text(time), value]])
            self.init(
                table, values: [value],
                objects: [.object([("time", .number(time)), ("value", .string(value))])],
                promtool: PromtoolText.scalar(time: time, value: value))
        case .series(let type, let series):
            let rows = SeriesRow.rows(of: series, order, limit)
            self = type == "matrix" ? Self.matrix(rows) : Self.vector(rows)
            promtool = PromtoolText.text(rows.map(\.series), isMatrix: type == "matrix")
        }
    }

    private static func names(_ rows: [SeriesRow]) -> [String] {
        Set(rows.flatMap { $0.series.labels.map(\.name) }).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
    }

    private static func vector(_ rows: [SeriesRow]) -> Listing {
        let names = names(rows)
        let columns =
            names.map { TextTable.Column($0) } + [
                .init("time", isDetail: true), .init("value", isNumber: true),
            ]
        let cells = rows.map { row in
            row.labels(names) + [
                row.points.last.map { ShownTime.text($0.time) } ?? "",
                row.points.last?.shown ?? "",
            ]
        }
        return Listing(
            TextTable(columns, rows: cells), values: rows.map { $0.points.last?.shown ?? "" },
            objects: rows.map { row in
                .object(
                    [("metric", row.metric)]
                        + (row.points.last.map { [("time", .number($0.time)), ("value", $0.json)] }
                            ?? []))
            })
    }

    private static func matrix(_ rows: [SeriesRow]) -> Listing {
        let names = names(rows)
        let labels = names.map { TextTable.Column($0) }
        let columns =
            labels + [
                .init("points", isNumber: true), .init("from", isDetail: true),
                .init("to", isDetail: true), .init("first", isNumber: true, isDetail: true),
                .init("min", isNumber: true), .init("max", isNumber: true),
                .init("last", isNumber: true), .init("trend"),
            ]
        let cells = rows.map { row in
            row.labels(names) + [
                "\(row.points.count)", row.points.first.map { ShownTime.text($0.time) } ?? "",
                row.points.last.map { ShownTime.text($0.time) } ?? "",
                row.points.first?.shown ?? "", row.least?.shown ?? "", row.greatest?.shown ?? "",
                row.points.last?.shown ?? "", Sparkline.text(row.points.compactMap(\.number)),
            ]
        }
        let long = TextTable(
            labels + [.init("time"), .init("value", isNumber: true)],
            rows: rows.flatMap { row in
                let labels = row.labels(names)
                return row.points.map { labels + [ShownTime.text($0.time), $0.shown] }
            })
        return Listing(
            TextTable(columns, rows: cells), long: long,
            values: rows.flatMap { $0.points.map(\.shown) },
            objects: rows.map { row in
                .object([
                    ("metric", row.metric),
                    (
                        "values",
                        .array(row.points.map { .array([.number($0.time), $0.json]) })
                    ),
                ])
            })
    }
}

/// One series, its points in the order of time.
struct SeriesRow {
    struct Point {
        /// Seconds since the epoch, as they came.
        var time: String
        /// As it came; of a native histogram its JSON.
        var value: String

        /// Nil for a native histogram.
        var number: Double? { value.hasPrefix("{") ? nil : GoFloat.parse(value) }

        /// For people: the value, or count and sum of a native histogram.
        var shown: String {
            guard value.hasPrefix("{"),
                let histogram = try? JSONValue(parsing: Array(value.utf8))
            else { return value }
            return "count \(histogram["count"]?.text ?? "?"), sum \(histogram["sum"]?.text ?? "?")"
        }

        var json: JSONValue {
            guard value.hasPrefix("{"),
                let histogram = try? JSONValue(parsing: Array(value.utf8))
            else { return .string(value) }
            return histogram
        }
    }

    var series: QueryAnswer.Series
    var points: [Point]

    init(_ series: QueryAnswer.Series) {
        self.series = series
        points = series.points.map { Point(time: $0.time, value: $0.value) }
        // Histograms come behind the floats.
        if points.contains(where: { $0.number == nil }) {
            points.sort { (Double($0.time) ?? 0) < (Double($1.time) ?? 0) }
        }
    }

    /// In an order, or in that of the server, and not more than the limit.
    static func rows(
        of series: [QueryAnswer.Series], _ order: SeriesOrder?, _ limit: Int?
    ) -> [SeriesRow] {
        var rows = series.map(SeriesRow.init)
        if let order { rows = sorted(rows, order) }
        return limit.map { Array(rows.prefix($0)) } ?? rows
    }

    private static func sorted(_ rows: [SeriesRow], _ order: SeriesOrder) -> [SeriesRow] {
        /// What has no number comes last in either direction.
        func number(_ row: SeriesRow) -> Double? {
            row.points.last?.number.flatMap { $0.isNaN ? nil : $0 }
        }
        return rows.enumerated().sorted { left, right in
            switch order {
            case .labels:
                let (a, b) = (left.element.series.key, right.element.series.key)
                return a == b ? left.offset < right.offset : a < b
            case .value, .descending:
                switch (number(left.element), number(right.element)) {
                case (let a?, let b?):
                    if a == b { return left.offset < right.offset }
                    return order == .value ? a < b : a > b
                case (nil, nil): return left.offset < right.offset
                case (let a, _): return a != nil
                }
            }
        }.map(\.element)
    }

    var least: Point? { extreme { $0 < $1 } }
    var greatest: Point? { extreme { $0 > $1 } }

    private func extreme(_ isBetter: (Double, Double) -> Bool) -> Point? {
        var best: (point: Point, number: Double)?
        for point in points {
            guard let number = point.number, !number.isNaN else { continue }
            if best.map({ isBetter(number, $0.number) }) ?? true { best = (point, number) }
        }
        return best?.point
    }

    func labels(_ names: [String]) -> [String] {
        let values = Dictionary(
            series.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        return names.map { values[$0] ?? "" }
    }

    var metric: JSONValue { .labels(series.labels) }
}

/// Times of answers, which are seconds since the epoch.
enum ShownTime {
    /// In UTC, as RFC 3339 has it; what is no such time stays as it is.
    static func text(_ seconds: String) -> String {
        guard let number = Double(seconds), number.magnitude < 1e11 else { return seconds }
        return RFC3339.text(Timestamp(milliseconds: Int64((number * 1000).rounded())))
    }
}

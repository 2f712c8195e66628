import PrometheusWire

/// What a server answered to a query: the parts that are compared.
public struct QueryAnswer: Sendable {
    public struct Series: Sendable {
        /// In the order of the wire.
        public var labels: [(name: String, value: String)]
        /// Times and values as text. A native histogram is the JSON that it was, and stands behind
        /// the floats.
        public var points: [(time: String, value: String)]

        public init(
            labels: [(name: String, value: String)], points: [(time: String, value: String)]
        ) {
            self.labels = labels
            self.points = points
        }

        /// The labels as PromQL writes them.
        public var key: String {
            "{\(labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ", "))}"
        }
    }

    public enum Outcome: Sendable {
        /// `vector` or `matrix`.
        case series(type: String, [Series])
        /// A scalar or a string.
        case scalar(time: String, value: String)
        case error(type: String, text: String)
    }

    /// Of HTTP.
    public var status: Int
    public var outcome: Outcome
    public var warnings: [String]
    public var infos: [String]

    public init(
        status: Int, outcome: Outcome, warnings: [String] = [], infos: [String] = []
    ) {
        self.status = status
        self.outcome = outcome
        self.warnings = warnings
        self.infos = infos
    }

    /// The beginning of it in a few lines.
    public var summary: String {
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

// MARK: - Reading

extension QueryAnswer {
    /// A body that is no answer of the query API.
    public struct Unreadable: Error, CustomStringConvertible {
        public let description: String
    }

    /// Reads a body as it came. One of a status of failure that is no JSON, such as the page of a
    /// proxy, is an error without a type.
    public init(status: Int, body: [UInt8]) throws(Unreadable) {
        do throws(JSONCursor.Failure) {
            var reading = AnswerReading(body)
            try reading.read()
            self.init(
                status: status, outcome: reading.outcome, warnings: reading.warnings,
                infos: reading.infos)
        } catch {
            guard !(200..<300).contains(status) else {
                throw Unreadable(description: "the answer is none of the query API")
            }
            let start = String(decoding: body.prefix(200), as: UTF8.self)
            self.init(status: status, outcome: .error(type: "", text: start))
        }
    }
}

/// One walk through the JSON of an answer.
private struct AnswerReading {
    private let body: [UInt8]
    private var state = ""
    private var error = (type: "", text: "")
    private var resultType = ""
    private var series: [QueryAnswer.Series] = []
    private var pair: [String] = []
    private(set) var warnings: [String] = []
    private(set) var infos: [String] = []

    init(_ body: [UInt8]) { self.body = body }

    var outcome: QueryAnswer.Outcome {
        if state != "success" { return .error(type: error.type, text: error.text) }
        return pair.count == 2
            ? .scalar(time: pair[0], value: pair[1]) : .series(type: resultType, series)
    }

    mutating func read() throws(JSONCursor.Failure) {
        var cursor = JSONCursor(body)
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            switch key {
            case "status": state = try cursor.text()
            case "errorType": error.type = try cursor.text()
            case "error": error.text = try cursor.text()
            case "warnings": warnings = try cursor.notes()
            case "infos": infos = try cursor.notes()
            case "data" where try cursor.peek() == UInt8(ascii: "{"):
                try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                    switch key {
                    case "resultType": resultType = try cursor.text()
                    case "result": try readResult(&cursor)
                    default: try cursor.skip()
                    }
                }
            default: try cursor.skip()
            }
        }
        cursor.skipSpace()
        guard cursor.position == body.count else {
            throw .malformed(cursor.position, "text after the answer")
        }
        let isWhole = ["vector", "matrix", "scalar", "string"].contains(resultType)
        guard state != "success" || isWhole else { throw .malformed(0, "no result") }
    }

    private mutating func readResult(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) {
        try cursor.array { (cursor) throws(JSONCursor.Failure) in
            if try cursor.peek() == UInt8(ascii: "{") {
                series.append(try one(&cursor))
            } else {
                pair.append(try cursor.text())
            }
        }
    }

    private func one(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> QueryAnswer.Series {
        var labels: [(name: String, value: String)] = []
        var floats: [(time: String, value: String)] = []
        var histograms: [(time: String, value: String)] = []
        try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
            switch key {
            case "metric":
                try cursor.object { (name, cursor) throws(JSONCursor.Failure) in
                    labels.append((name, try cursor.text()))
                }
            case "value": floats.append(try point(&cursor))
            case "histogram": histograms.append(try point(&cursor))
            case "values":
                try cursor.array { (cursor) throws(JSONCursor.Failure) in
                    floats.append(try point(&cursor))
                }
            case "histograms":
                try cursor.array { (cursor) throws(JSONCursor.Failure) in
                    histograms.append(try point(&cursor))
                }
            default: try cursor.skip()
            }
        }
        return QueryAnswer.Series(labels: labels, points: floats + histograms)
    }

    private func point(
        _ cursor: inout JSONCursor
    ) throws(JSONCursor.Failure) -> (time: String, value: String) {
        var pair: [String] = []
        try cursor.array { (cursor) throws(JSONCursor.Failure) in
            pair.append(try cursor.text())
        }
        guard pair.count == 2 else { throw .malformed(cursor.position, "no pair") }
        return (pair[0], pair[1])
    }
}

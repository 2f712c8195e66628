import GoText
public import TimeSeries

/// `eval instant` or `eval range`: a query and what it must give.
public struct EvaluateCommand: Sendable {
    /// What is said about an error, a warning or an info.
    public enum Pattern: Sendable, Equatable {
        case anything
        case exactly(String)
        /// An RE2 expression that must match somewhere in the text.
        case matching(String)
    }

    /// The values that are expected.
    public enum Values: Sendable {
        /// In the order of the lines.
        case series([SeriesDescription])
        case scalar(Double)
        case string(String)
    }

    /// From 1.
    public var line: Int
    public var expression: String
    public var grid: StepGrid
    /// Given by `expect range vector`: where the points of the expected series stand. The instant
    /// query must then give samples at these times.
    public var rangeVectorGrid: StepGrid?
    public var values: Values = .series([])
    /// nil: the query must succeed.
    public var failure: Pattern?
    public var warnings: [Pattern] = []
    public var infos: [Pattern] = []
    public var allowsWarnings = true
    public var allowsInfos = true
    public var isOrdered = false

    public var isRange: Bool { !grid.isInstant }

    /// Reads the lines after the command's own, up to the first empty one.
    init(_ line: ScriptLine, _ lines: inout ScriptLines) throws(ScriptSyntaxError) {
        self.line = line.number
        var words = WordReader(line.text)
        let keyword = words.next()
        switch words.next() {
        case "instant":
            // The time may be left out.
            var time: Timestamp = 0
            if words.skip("at") {
                let word = words.next()
                time = try line.reading { () throws(NotationError) in
                    .epoch + (try DurationNotation.length(word))
                }
            }
            grid = .instant(time)
        case "range":
            let (start, end, step) = try line.reading { () throws(NotationError) in
                try words.rangeAndStep()
            }
            guard step > 0 else { throw line.error("the step must be positive") }
            grid = StepGrid(start: start, end: end, step: step)
        default: throw line.error("an eval command is instant or range")
        }
        expression = String(words.rest)
        guard !expression.isEmpty else { throw line.error("no query") }
        switch keyword {
        case "eval": break
        case "eval_fail": failure = .anything
        case "eval_warn": warnings.append(.anything)
        case "eval_info": infos.append(.anything)
        case "eval_ordered": isOrdered = true
        default: throw line.error("invalid command \"\(keyword)\"")
        }
        while let next = lines.nextLine() { try read(next) }
    }

    private mutating func read(_ line: ScriptLine) throws(ScriptSyntaxError) {
        if let message = line.after("expected_fail_message") {
            failure = .exactly(String(message))
        } else if let pattern = line.after("expected_fail_regexp") {
            failure = .matching(String(pattern))
        } else if line.text.hasPrefix("expect "), let expectation = line.after("expect ") {
            try readExpectation(expectation, line)
        } else if let scalar = Self.number(line.text) {
            values = .scalar(scalar)
        } else {
            let series = try line.reading { () throws(NotationError) in
                try SeriesNotation.read(line.text)
            }
            guard grid.count > 1 || series.values.count <= 1 || rangeVectorGrid != nil || isRange
            else { throw line.error("an instant query has one value a series") }
            guard case .series(let known) = values else {
                throw line.error("a series beside a scalar or string")
            }
            values = .series(known + [series])
        }
    }

    private mutating func readExpectation(
        _ text: Substring, _ line: ScriptLine
    ) throws(ScriptSyntaxError) {
        var words = WordReader(text)
        let kind = words.next()
        switch kind {
        case "ordered": isOrdered = true
        case "no_warn": allowsWarnings = false
        case "no_info": allowsInfos = false
        case "fail": failure = try Self.pattern(words.rest, line)
        case "warn": warnings.append(try Self.pattern(words.rest, line))
        case "info": infos.append(try Self.pattern(words.rest, line))
        case "string":
            let literal = words.rest
            let (value, end) = try line.reading { () throws(NotationError) in
                try GoQuotedString.read(Array(literal.utf8), from: 0)
            }
            guard end == literal.utf8.count else { throw line.error("text after the string") }
            values = .string(value)
        case "range":
            guard words.skip("vector") else { throw line.error("expected range vector") }
            let (start, end, step) = try line.reading { () throws(NotationError) in
                try words.rangeAndStep()
            }
            rangeVectorGrid = StepGrid(start: start, end: end, step: step)
        default: throw line.error("invalid expectation \"\(kind)\"")
        }
    }

    private static func pattern(
        _ text: Substring, _ line: ScriptLine
    ) throws(ScriptSyntaxError) -> Pattern {
        if text.isEmpty { return .anything }
        if text.hasPrefix("msg:") {
            return .exactly(String(ScriptLines.trimmed(text.dropFirst(4))))
        }
        if text.hasPrefix("regex:") {
            return .matching(String(ScriptLines.trimmed(text.dropFirst(6))))
        }
        throw line.error("expected msg: or regex: before \"\(text)\"")
    }

    /// A number that is the whole line.
    private static func number(_ text: Substring) -> Double? {
        var scanner = NotationScanner(text)
        guard let value = try? scanner.number(), scanner.isAtEnd else { return nil }
        return value
    }
}

/// Takes words from the front of a text.
struct WordReader {
    private(set) var rest: Substring

    init(_ text: Substring) { rest = ScriptLines.trimmed(text) }

    mutating func next() -> Substring {
        let word = rest.prefix { !$0.isWhitespace }
        rest = ScriptLines.trimmed(rest[word.endIndex...])
        return word
    }

    mutating func skip(_ word: String) -> Bool {
        var ahead = self
        guard ahead.next() == word else { return false }
        self = ahead
        return true
    }

    /// `from <start> to <end> step <step>`.
    mutating func rangeAndStep() throws(NotationError) -> (Timestamp, Timestamp, Milliseconds) {
        guard skip("from") else { throw NotationError("expected from") }
        let start = Timestamp.epoch + (try DurationNotation.length(next()))
        guard skip("to") else { throw NotationError("expected to") }
        let end = Timestamp.epoch + (try DurationNotation.length(next()))
        guard skip("step") else { throw NotationError("expected step") }
        let step = try DurationNotation.length(next())
        guard end >= start else { throw NotationError("the end lies before the start") }
        return (start, end, step)
    }
}

/// An expression of spansets such as `{…} && ({…} >> {…})`, for one member: what matches nothing
/// there is taken out.
struct TraceQLSpansets {
    private let query: TraceQLQuery
    private let names: TraceQLNames
    private let range: Range<Int>
    private var position: Int
    private var depth = 0
    private static let maximumDepth = 128

    /// What a member is asked for a stage.
    enum Outcome: Equatable {
        case asked(String)
        /// Nothing matches, whatever the member holds.
        case nothing
    }

    private enum Failure: Error {
        /// Pipelines, scalars and the like: not an expression of spansets alone.
        case isOther
        case wrong(TraceQLError)
    }

    /// What a stage that begins with a brace or a parenthesis is for the member. A stage that is
    /// no expression of spansets is rewritten, and not judged.
    static func outcome(
        of range: Range<Int>, in query: TraceQLQuery, _ names: TraceQLNames
    ) throws(TraceQLError) -> Outcome {
        guard query.concerns(range, names) else { return .asked(query.source(range)) }
        var spansets = TraceQLSpansets(query, range, names)
        do throws(Failure) {
            let outcome = try spansets.logical()
            guard spansets.position == range.upperBound else { throw .isOther }
            return outcome
        } catch {
            switch error {
            case .isOther: return .asked(try query.rewritten(range, names))
            case .wrong(let error): throw error
            }
        }
    }

    private init(_ query: TraceQLQuery, _ range: Range<Int>, _ names: TraceQLNames) {
        self.query = query
        self.names = names
        self.range = range
        position = range.lowerBound
    }

    private static let structural: Set = [
        ">", ">>", "<", "<<", "~", "!>", "!>>", "!<", "!<<", "!~", "&>", "&>>", "&<", "&<<", "&~",
    ]

    private mutating func symbol(_ symbols: Set<String>) -> String? {
        guard position < range.upperBound, case .symbol = query.tokens[position].kind,
            symbols.contains(query.tokens[position].text)
        else { return nil }
        defer { position += 1 }
        return query.tokens[position].text
    }

    /// `&&` and `||` bind alike, from the left.
    private mutating func logical() throws(Failure) -> Outcome {
        var left = try structural()
        while let symbol = symbol(["&&", "||"]) {
            let right = try structural()
            switch (left, right) {
            case (.asked(let first), .asked(let second)):
                left = .asked("\(first) \(symbol) \(second)")
            case (.nothing, .asked): left = symbol == "||" ? right : .nothing
            case (.asked, .nothing): left = symbol == "||" ? left : .nothing
            case (.nothing, .nothing): break
            }
        }
        return left
    }

    private mutating func structural() throws(Failure) -> Outcome {
        var left = try primary()
        while let symbol = symbol(Self.structural) {
            let right = try primary()
            switch (left, right) {
            case (_, .nothing): left = .nothing
            case (.asked(let first), .asked(let second)):
                left = .asked("\(first) \(symbol) \(second)")
            // The spans on the right that have no relation to any on the left.
            case (.nothing, .asked): left = symbol.hasPrefix("!") ? right : .nothing
            }
        }
        return left
    }

    private mutating func primary() throws(Failure) -> Outcome {
        guard position < range.upperBound, let closing = query.closing(of: position) else {
            throw .isOther
        }
        if query.tokens[position].isSymbol("{") {
            let opening = position
            position = closing + 1
            do throws(TraceQLError) {
                return try query.filter(opening: opening, closing: closing, names)
                    .map { .asked($0) } ?? .nothing
            } catch { throw .wrong(error) }
        }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw .wrong(.refused(.badRequest("the query is nested too deeply")))
        }
        position += 1
        let inner = try logical()
        guard position == closing else { throw .isOther }
        position += 1
        guard case .asked(let text) = inner else { return .nothing }
        return .asked("(\(text))")
    }
}

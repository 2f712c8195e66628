public import PromQL
import RegularExpressions

/// What a token may ask for in the projects that it opens.
public struct TokenRights: Sendable, Hashable {
    /// The series that it sees; nil for all.
    public var matchers: TokenMatchers?
    public var limits: TokenLimits

    public init(matchers: TokenMatchers? = nil, limits: TokenLimits = TokenLimits()) {
        self.matchers = matchers
        self.limits = limits
    }
}

/// What the requests of a token may cost. Where a limit is nil, the gateway's own holds alone.
public struct TokenLimits: Sendable, Hashable {
    /// Requests under way at once; further ones wait.
    public var maxConcurrency: Int?
    /// How long the time may be that one query looks at.
    public var maxRange: Duration?
    /// Samples of one query in memory at once.
    public var maxSamples: Int?

    public init(
        maxConcurrency: Int? = nil, maxRange: Duration? = nil, maxSamples: Int? = nil
    ) {
        self.maxConcurrency = maxConcurrency
        self.maxRange = maxRange
        self.maxSamples = maxSamples
    }
}

/// The series that a token sees: those that all of the matchers accept.
public struct TokenMatchers: Sendable, Hashable {
    /// Why texts are no matchers of a token.
    public struct Refusal: Error, Sendable, Equatable {
        /// The text that is wrong; nil where it is all of them together.
        public var index: Int?
        public var problem: String
        public var mend: String
    }

    /// Selectors that one token may have.
    public static let most = 100
    /// Bytes of all of them: they are sent with each selector of each query.
    public static let longest = 8 << 10

    /// The selectors as written.
    public let texts: [String]
    /// What is added to every selector of what the token asks.
    public let matchers: [LabelMatcher]

    /// - Parameter texts: Selectors. A series is seen that one of them selects.
    public init(_ texts: [String]) throws(Refusal) {
        guard !texts.isEmpty else {
            throw Refusal(
                problem: "there is no selector, so that it is not said what the token may see",
                mend: "write at least one, or leave matchers out")
        }
        guard texts.count <= Self.most,
            texts.reduce(0, { $0 + $1.utf8.count }) <= Self.longest
        else {
            throw Refusal(
                problem: "more than \(Self.most) selectors, or \(Self.longest) bytes of them",
                mend: "join their values in one regular expression")
        }
        var sets: [[LabelMatcher]] = []
        for (index, text) in texts.enumerated() {
            sets.append(try Self.matchers(text, at: index))
        }
        guard let joined = Self.joined(sets) else {
            throw Refusal(
                problem: "the selectors cannot be joined in one, as they differ in more than "
                    + "the accepted values of one label",
                mend: "write one selector, or give each a token of its own")
        }
        self.texts = texts
        matchers = joined
    }

    private static func matchers(_ text: String, at index: Int) throws(Refusal) -> [LabelMatcher] {
        let selector: VectorSelector
        do throws(ParseError) {
            selector = try parseSelector(text)
        } catch {
            throw Refusal(
                index: index, problem: "is not a selector: \(error)",
                mend: "write it as '{namespace=~\"shop|cart\"}'")
        }
        guard !selector.matchers.isEmpty else {
            throw Refusal(
                index: index, problem: "selects every series",
                mend: "name a label, as '{namespace=\"shop\"}'")
        }
        return selector.matchers
    }

    /// Matchers that accept what any of the sets accepts, where they can say that: the sets differ
    /// in the values of one label at most.
    private static func joined(_ sets: [[LabelMatcher]]) -> [LabelMatcher]? {
        var unique: [Set<LabelMatcher>] = []
        for set in sets.map({ Set($0) }) where !unique.contains(set) { unique.append(set) }
        guard unique.count > 1, let first = sets.first else { return sets.first }
        let common = unique.dropFirst().reduce(unique[0]) { $0.intersection($1) }
        var kept: [LabelMatcher] = []
        for matcher in first where common.contains(matcher) && !kept.contains(matcher) {
            kept.append(matcher)
        }
        let rests = unique.map { $0.subtracting(common) }
        // A set that says nothing else includes the others.
        if rests.contains(where: \.isEmpty) { return kept }
        let single = rests.compactMap { $0.count == 1 ? $0.first : nil }
        guard single.count == rests.count, let name = single.first?.name,
            single.allSatisfy({ $0.name.utf8.elementsEqual(name.utf8) })
        else { return nil }
        var patterns: [String] = []
        for matcher in single {
            switch matcher.op {
            case .equal: patterns.append(RegularExpression.quoted(matcher.value.utf8))
            case .regexMatch: patterns.append("(?:\(matcher.value))")
            case .notEqual, .regexNoMatch: return nil
            }
        }
        return kept + [LabelMatcher(name, .regexMatch, patterns.joined(separator: "|"))]
    }
}

public import PromQL

/// Which series of a server are a project's, where the server holds those of others too. Its names
/// are the server's own.
public struct ProjectSelector: Sendable, Hashable, CustomStringConvertible {
    /// Bytes of the text of one.
    public static let longest = 4 << 10

    /// Why a text is no selector of a project.
    public struct Refusal: Error, Equatable {
        public var problem: String
        public var mend: String
    }

    /// As it was written.
    public let description: String
    /// All of which a series of the project satisfies; at least one.
    public let matchers: [LabelMatcher]

    /// - Throws: for what is no selector, has no matcher, or is too long.
    public init(_ text: String) throws(Refusal) {
        let mend = #"write a selector, as '{cluster="eu"}'"#
        guard text.utf8.count <= Self.longest else {
            throw Refusal(
                problem: "has \(text.utf8.count) bytes; at most \(Self.longest) are allowed",
                mend: "shorten it")
        }
        do throws(ParseError) {
            matchers = try parseSelector(text).matchers
        } catch {
            throw Refusal(problem: "is not a selector: \(error.description)", mend: mend)
        }
        guard !matchers.isEmpty else {
            throw Refusal(problem: "selects every series of the server", mend: mend)
        }
        description = text
    }

    /// Whether labels with these values satisfy every matcher.
    ///
    /// - Parameter value: the value of a label; nil where there is none.
    public func accepts(_ value: (_ name: String) -> String?) -> Bool {
        matchers.allSatisfy { $0.accepts(value($0.name) ?? "") }
    }
}

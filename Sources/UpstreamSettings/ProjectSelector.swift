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
    /// The label that answers do not show: the only one of the selector, which all series of the
    /// project have with one value. nil where they show all.
    public private(set) var hiddenLabel: String?

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

    /// The same series, without the label that the selector names.
    ///
    /// - Throws: for a selector that is not one `=` matcher of a label with a value.
    public func hidingLabel() throws(Refusal) -> ProjectSelector {
        let mend = "write a selector such as '{cluster=\"eu\"}', or remove keepLabel"
        guard matchers.count == 1, let only = matchers.first else {
            throw Refusal(
                problem: "keepLabel: false takes one label off, and the selector has "
                    + "\(matchers.count) matchers", mend: mend)
        }
        guard only.op == .equal else {
            throw Refusal(
                problem:
                    "keepLabel: false needs a selector with =, not \(only.op.rawValue): series "
                    + "with different values could become the same", mend: mend)
        }
        guard !only.value.isEmpty else {
            throw Refusal(
                problem: "keepLabel: false has no label to take off: the selector chooses series "
                    + "without \(only.name)", mend: mend)
        }
        guard !only.isOfName else {
            throw Refusal(
                problem: "keepLabel: false cannot take the name of the metric off", mend: mend)
        }
        var hiding = self
        hiding.hiddenLabel = only.name
        return hiding
    }

    /// Whether labels with these values satisfy every matcher.
    ///
    /// - Parameter value: the value of a label; nil where there is none.
    public func accepts(_ value: (_ name: String) -> String?) -> Bool {
        matchers.allSatisfy { $0.accepts(value($0.name) ?? "") }
    }
}

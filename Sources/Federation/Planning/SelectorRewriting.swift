public import PromQL
public import TimeSeries

/// Takes selectors apart by member: which members a selector chooses, and what it becomes for them.
public struct SelectorRewriting: Sendable {
    public let partition: PartitionLabel
    /// Members that find a regular expression anywhere in a value: theirs are sent with anchors.
    public let anchored: Set<String>
    /// Matchers that every selector gets: the client may see no series that they do not accept.
    public let restriction: [LabelMatcher]

    public init(
        partition: PartitionLabel, anchored: Set<String> = [], restriction: [LabelMatcher] = []
    ) {
        self.partition = partition
        self.anchored = anchored
        self.restriction = restriction
    }

    /// The matchers to send to the member of this name, those of the restriction among them: those
    /// on labels that are added are evaluated and gone, those on renamed labels are written in the
    /// member's own names. nil when the member is not chosen. Never such that every series would do: a
    /// selector of which nothing else is left asks for every name.
    ///
    /// An invalid regular expression chooses no member; the parser refuses it before.
    public func matchers(_ matchers: [LabelMatcher], forMember member: String) -> [LabelMatcher]? {
        guard var kept = ownMatchers(matchers, ofMember: member) else { return nil }
        if kept.allSatisfy({ Self.matcher($0, accepts: "") }) {
            kept.append(LabelMatcher("__name__", .regexMatch, ".+"))
        }
        return kept
    }

    /// As `matchers(_:forMember:)`, with nothing added; empty where nothing else is left.
    func ownMatchers(_ matchers: [LabelMatcher], ofMember member: String) -> [LabelMatcher]? {
        let labels = partition.labels(of: member)
        var kept: [LabelMatcher] = []
        for matcher in matchers + restriction {
            if let value = labels.value(of: matcher.name) {
                guard Self.matcher(matcher, accepts: value) else { return nil }
            } else {
                kept.append(
                    LabelMatcher(
                        labels.memberName(of: matcher.name), matcher.op,
                        value(of: matcher, forMember: member)))
            }
        }
        return kept
    }

    private func value(of matcher: LabelMatcher, forMember member: String) -> String {
        switch matcher.op {
        case .equal, .notEqual: matcher.value
        case .regexMatch, .regexNoMatch:
            anchored.contains(member) ? "^(?:\(matcher.value))$" : matcher.value
        }
    }

    /// What a member is sent of an expression that is its own, with no labels of ours in it.
    func expression(_ expression: Expression, ofMember member: String) -> Expression {
        guard anchored.contains(member) else { return expression }
        return expression.mapSelectors { selector in
            var own = selector
            own.matchers = selector.matchers.map {
                LabelMatcher($0.name, $0.op, value(of: $0, forMember: member))
            }
            return own
        }
    }

    /// As `matchers(_:forMember:)`, for a whole selector.
    public func selector(_ selector: VectorSelector, forMember member: String) -> VectorSelector? {
        guard let kept = matchers(selector.matchers, forMember: member) else { return nil }
        var rewritten = selector
        rewritten.matchers = kept
        // A name before the braces allows no matcher on the name in them.
        if restriction.contains(where: { $0.name == "__name__" }) { rewritten.name = nil }
        return rewritten
    }

    /// Whether a value satisfies one matcher; regular expressions are anchored at both ends.
    public static func matcher(_ matcher: LabelMatcher, accepts value: String) -> Bool {
        matcher.accepts(value)
    }
}

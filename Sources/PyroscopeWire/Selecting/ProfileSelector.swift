import GoText
public import PromQL
public import TimeSeries

/// A selector of profile series, which is one of Prometheus: `{service_name="api",pod=~"a.*"}`.
///
/// It may be `{}`, and so may be what is sent: all series.
public struct ProfileSelector: Sendable, Hashable {
    public let matchers: [LabelMatcher]

    public init(matchers: [LabelMatcher]) { self.matchers = matchers }

    /// - Throws: `invalid_argument` for a text that is no selector.
    public init(_ text: String) throws(ConnectError) {
        do throws(ParseError) {
            matchers = try parseSelector(text).matchers
        } catch {
            throw ConnectError(.invalidArgument, error.description)
        }
    }

    /// In braces, its matchers in their order.
    public var text: String {
        let texts = matchers.map { matcher in
            (LabelName.isLegacy(matcher.name) ? matcher.name : GoQuoting.quote(matcher.name))
                + matcher.op.rawValue + GoQuoting.quote(matcher.value)
        }
        return "{" + texts.joined(separator: ",") + "}"
    }

    /// The selector that a member is sent: matchers on labels that are added are evaluated and gone,
    /// those on renamed labels are written in the member's own names.
    ///
    /// - Parameters:
    ///   - labels: what the member's series get.
    ///   - restriction: matchers that a series must satisfy too for the client to see it.
    /// - Returns: nil when no series of the member can match by the labels that it gets: the member
    ///   is not asked.
    public func selector(
        toMember labels: LabelInjection, restriction: [LabelMatcher] = []
    ) -> ProfileSelector? {
        var kept: [LabelMatcher] = []
        for matcher in matchers + restriction {
            if let value = labels.value(of: matcher.name) {
                guard matcher.accepts(value) else { return nil }
            } else {
                kept.append(
                    LabelMatcher(
                        labels.memberName(of: matcher.name), matcher.op, matcher.value))
            }
        }
        return ProfileSelector(matchers: kept)
    }

    /// As `selector(toMember:restriction:)`, for a list of which a series satisfies one; an empty list
    /// is all series.
    static func texts(
        _ texts: [String], toMember labels: LabelInjection, restriction: [LabelMatcher]
    ) throws(ConnectError) -> [String]? {
        if texts.isEmpty {
            let all = ProfileSelector(matchers: [])
            guard let own = all.selector(toMember: labels, restriction: restriction) else {
                return nil
            }
            return own.matchers.isEmpty ? [] : [own.text]
        }
        var kept: [String] = []
        for text in texts {
            let selector = try ProfileSelector(text)
            if let own = selector.selector(toMember: labels, restriction: restriction) {
                kept.append(own.text)
            }
        }
        return kept.isEmpty ? nil : kept
    }
}

/// A request that can be asked of members, each in the words of its own labels.
public protocol SelectingRequest: ConnectMessage {
    /// What a member is asked.
    ///
    /// - Parameters:
    ///   - labels: what the member's series get.
    ///   - restriction: matchers that a series must satisfy too for the client to see it.
    /// - Returns: nil when the member is not chosen.
    /// - Throws: `invalid_argument` for a text that is no selector.
    func request(
        toMember labels: LabelInjection, restriction: [LabelMatcher]
    ) throws(ConnectError) -> Self?
}

extension LabelNamesRequest: SelectingRequest {
    public func request(
        toMember labels: LabelInjection, restriction: [LabelMatcher]
    ) throws(ConnectError) -> LabelNamesRequest? {
        guard
            let texts = try ProfileSelector.texts(
                matchers, toMember: labels, restriction: restriction)
        else { return nil }
        var own = self
        own.matchers = texts
        return own
    }
}

extension SeriesRequest: SelectingRequest {
    /// Labels that are added are not asked for. A request for them alone asks for all labels, as an
    /// empty list does; `SeriesResponse.merging` takes the others away.
    public func request(
        toMember labels: LabelInjection, restriction: [LabelMatcher]
    ) throws(ConnectError) -> SeriesRequest? {
        guard
            let texts = try ProfileSelector.texts(
                matchers, toMember: labels, restriction: restriction)
        else { return nil }
        var own = self
        own.matchers = texts
        own.labelNames = labels.memberNames(of: labelNames)
        return own
    }
}

/// A request for a flame graph.
public protocol FlameGraphRequest: SelectingRequest {
    var labelSelector: String { get set }
    var maxNodes: Int64? { get set }
}

extension FlameGraphRequest {
    /// The member is asked for as many nodes as it gives: sums over graphs that were cut are too
    /// small. What the client asked for is cut from the merged tree.
    public func request(
        toMember labels: LabelInjection, restriction: [LabelMatcher]
    ) throws(ConnectError) -> Self? {
        let selector = try ProfileSelector(labelSelector)
        guard let own = selector.selector(toMember: labels, restriction: restriction) else {
            return nil
        }
        var request = self
        request.labelSelector = own.text
        request.maxNodes = FlameGraphLimit.most
        return request
    }
}

extension SelectMergeStacktracesRequest: FlameGraphRequest {}
extension SelectMergeSpanProfileRequest: FlameGraphRequest {}

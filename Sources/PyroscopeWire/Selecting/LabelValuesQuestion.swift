public import PromQL
public import TimeSeries

/// What a member is asked for the values of a label.
public enum LabelValuesQuestion: Sendable, Equatable {
    /// The values of its own label.
    case values(LabelValuesRequest)
    /// Whether it has any profile: the label is one that it gets, and its value is known.
    case types(ProfileTypesRequest)
    /// Whether it has any series that matches.
    case names(LabelNamesRequest)

    /// - Parameters:
    ///   - labels: what the member's series get.
    ///   - restriction: matchers that a series must satisfy too for the client to see it.
    /// - Returns: nil when the member is not chosen, or has no such label to show.
    /// - Throws: `invalid_argument` for a text that is no selector.
    public init?(
        _ request: LabelValuesRequest, toMember labels: LabelInjection,
        restriction: [LabelMatcher] = []
    ) throws(ConnectError) {
        guard
            let texts = try ProfileSelector.texts(
                request.matchers, toMember: labels, restriction: restriction)
        else { return nil }
        switch labels.value(of: request.name) {
        case nil:
            var own = request
            own.name = labels.memberName(of: request.name)
            own.matchers = texts
            self = .values(own)
        case ""?: return nil
        case _? where texts.isEmpty:
            var types = ProfileTypesRequest()
            types.start = request.start
            types.end = request.end
            self = .types(types)
        case _?:
            var names = LabelNamesRequest()
            names.matchers = texts
            names.start = request.start
            names.end = request.end
            self = .names(names)
        }
    }

    public var method: QuerierMethod {
        switch self {
        case .values: .labelValues
        case .types: .profileTypes
        case .names: .labelNames
        }
    }

    /// The body of the question.
    public func bytes(_ codec: ConnectCodec) -> [UInt8] {
        switch self {
        case .values(let request): request.bytes(codec)
        case .types(let request): request.bytes(codec)
        case .names(let request): request.bytes(codec)
        }
    }

    /// The values that the member's answer gives to the label.
    ///
    /// - Parameters:
    ///   - name: the label, as the client asked for it.
    ///   - body: of the answer to `method`.
    public func values(
        of name: String, in body: [UInt8], codec: ConnectCodec, labels: LabelInjection
    ) throws(MessageError) -> [String] {
        let hasAny: Bool
        switch self {
        case .values: return try LabelValuesResponse(body, codec: codec).names
        case .types: hasAny = !(try ProfileTypesResponse(body, codec: codec)).profileTypes.isEmpty
        case .names: hasAny = !(try LabelNamesResponse(body, codec: codec)).names.isEmpty
        }
        return hasAny ? labels.value(of: name).map { [$0] } ?? [] : []
    }
}

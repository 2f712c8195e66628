public import PromQL
public import PrometheusWire
import UpstreamSettings

/// Adds the selector of a project to everything that its server is asked about series, so that the
/// server answers as one that holds the project's series alone.
///
/// A selector of a query may have two meanings: it selects series, and `absent` makes labels of its
/// `=` matchers. What is added must change the first and not the second. So it is never an `=`
/// matcher, which would make a label, and never stands beside an `=` matcher of the same label,
/// whose label it would take away: there it is known beforehand whether the value is allowed.
struct SelectorConjunction: Sendable {
    /// As configured.
    private let configured: [LabelMatcher]
    /// The same series, chosen without `=`.
    private let added: [LabelMatcher]
    /// The label of the selector, where the server answers as one without it.
    private let hidden: HiddenLabel?

    init(_ selector: ProjectSelector) {
        configured = selector.matchers
        hidden = selector.hiddenLabel.map(HiddenLabel.init)
        added = selector.matchers.map { matcher in
            guard matcher.op == .equal else { return matcher }
            return LabelMatcher(matcher.name, .regexMatch, ExternalLabels.quoted(matcher.value))
        }
    }

    // MARK: - Selectors

    /// What is added to matchers. Where they ask for a value that is not allowed, that is a matcher
    /// that no series satisfies; it is about the name, of which `absent` makes no label.
    private func additions(to matchers: [LabelMatcher]) -> [LabelMatcher] {
        var additions: [LabelMatcher] = []
        for (rule, matcher) in zip(configured, added) {
            let asked = matchers.first {
                $0.op == .equal && $0.name.utf8.elementsEqual(rule.name.utf8)
            }
            guard let asked else {
                additions.append(matcher)
                continue
            }
            if !rule.accepts(asked.value) { return [Self.nothing] }
        }
        return additions
    }

    private static let nothing = LabelMatcher("__name__", .regexNoMatch, ".*")

    func adding(to selector: VectorSelector) -> VectorSelector {
        var selector = selector
        let additions: [LabelMatcher]
        if let hidden {
            // No series has the label. Matchers that want a value stay, as `absent` makes a label.
            let own = selector.matchers.filter { $0.name.utf8.elementsEqual(hidden.name.utf8) }
            if own.allSatisfy(\.acceptsEmpty) {
                selector.matchers.removeAll { $0.name.utf8.elementsEqual(hidden.name.utf8) }
                additions = added
            } else {
                additions = [Self.nothing]
            }
        } else {
            additions = self.additions(to: selector.matchers)
        }
        // A name before the braces allows no other matcher of the name.
        if additions.contains(where: \.isOfName) { selector.name = nil }
        selector.matchers += additions
        return selector
    }

    /// - Throws: for a text that is no query.
    func adding(toQuery text: String) throws(ParseError) -> String {
        var options = ParserOptions.everything
        // What is sent may be wrapped in more than the client wrote.
        options.maximumDepth += 100
        let restricted = try parseExpression(text, options: options)
            .mapSelectors { adding(to: $0) }
        return (hidden?.takenOff(restricted) ?? restricted).description
    }

    /// A query of which only the selectors mean something.
    private func adding(toSelectorsOf text: String) throws(ParseError) -> String {
        try parseExpression(text, options: .everything).mapSelectors { adding(to: $0) }.description
    }

    private func adding(toSelector text: String) throws(ParseError) -> String {
        Expression.vectorSelector(adding(to: try parseSelector(text))).description
    }

    /// Selects the project's series, whatever their names.
    private var everything: String {
        let named =
            configured.allSatisfy(\.acceptsEmpty)
            ? [LabelMatcher("__name__", .regexMatch, ".+")] : []
        return Expression.vectorSelector(VectorSelector(matchers: configured + named)).description
    }

    /// A query of remote read, whose matchers have no second meaning.
    func adding(to query: RemoteReadRequest.Query) -> RemoteReadRequest.Query {
        var query = query
        if let hidden {
            let own = query.matchers.filter { $0.name.utf8.elementsEqual(hidden.name.utf8) }
            query.matchers.removeAll { $0.name.utf8.elementsEqual(hidden.name.utf8) }
            if !own.allSatisfy(\.inPromQL.acceptsEmpty) {
                query.matchers.append(RemoteReadRequest.Matcher(Self.nothing))
            }
        }
        query.matchers += configured.map(RemoteReadRequest.Matcher.init)
        return query
    }

    // MARK: - Requests

    /// The request as it is sent. Remote read has its part in its body already, and documents have
    /// no selector that could be added to.
    ///
    /// - Throws: for a query or a selector that is none.
    func adding(to request: UpstreamRequest) throws(ParseError) -> UpstreamRequest {
        var request = request
        switch request.path {
        case "/api/v1/query", "/api/v1/query_range":
            request.parameters = try request.parameters.mapping("query") {
                text throws(ParseError) in try adding(toQuery: text)
            }
        case "/api/v1/query_exemplars":
            request.parameters = try request.parameters.mapping("query") {
                text throws(ParseError) in try adding(toSelectorsOf: text)
            }
        case let path where Self.isOfLists(path):
            guard request.parameters.pairs.contains(where: { $0.name == "match[]" }) else {
                request.parameters.add("match[]", everything)
                break
            }
            request.parameters = try request.parameters.mapping("match[]") {
                text throws(ParseError) in try adding(toSelector: text)
            }
        default: break
        }
        return request
    }

    /// Whether a path answers with series or their labels.
    private static func isOfLists(_ path: String) -> Bool {
        path == "/api/v1/series" || path == "/api/v1/labels" || path.hasPrefix("/api/v1/label/")
    }
}

extension Parameters {
    /// A copy in which the values of a name are others.
    fileprivate func mapping(
        _ name: String, _ change: (String) throws(ParseError) -> String
    ) throws(ParseError) -> Parameters {
        var copy = Parameters()
        for pair in pairs {
            copy.add(pair.name, pair.name == name ? try change(pair.value) : pair.value)
        }
        return copy
    }
}

extension UpstreamClient {
    /// The request with the selector of the project in it.
    func restricted(_ request: UpstreamRequest) throws(UpstreamError) -> UpstreamRequest {
        guard let conjunction else { return request }
        do throws(ParseError) {
            return try conjunction.adding(to: request)
        } catch {
            throw UpstreamError(
                member: configuration.name,
                kind: .limit("the project's selector cannot be added: \(error.description)"))
        }
    }
}

extension RemoteReadRequest.Matcher {
    /// A matcher of a query, in the terms of remote read.
    public init(_ matcher: LabelMatcher) {
        let op: Operator =
            switch matcher.op {
            case .equal: .equal
            case .notEqual: .notEqual
            case .regexMatch: .regexMatch
            case .regexNoMatch: .regexNoMatch
            }
        self.init(matcher.name, op, matcher.value)
    }

    /// The same in the terms of a query.
    public var inPromQL: LabelMatcher {
        let op: LabelMatcher.Operator =
            switch op {
            case .equal: .equal
            case .notEqual: .notEqual
            case .regexMatch: .regexMatch
            case .regexNoMatch: .regexNoMatch
            }
        return LabelMatcher(name, op, value)
    }
}

/// What a Prometheus member is shown so that it answers.
public enum Credentials: Sendable, Hashable {
    case none
    case basic(username: String, password: Secret)
    case bearer(Secret)
    case oauth2(OAuth2Settings)

    /// The password, the token or the client secret, which may come from a file; nil for none.
    public var secret: Secret? {
        switch self {
        case .none: nil
        case .basic(_, let secret), .bearer(let secret): secret
        case .oauth2(let settings): settings.clientSecret
        }
    }

    /// All that must not be printed.
    public var secrets: [Secret] {
        switch self {
        case .none: []
        case .basic(_, let secret), .bearer(let secret): [secret]
        case .oauth2(let settings):
            [settings.clientSecret] + settings.endpointParameters.map(\.value)
        }
    }

    /// The same with another secret, as of a file.
    public func replacing(_ secret: Secret) -> Credentials {
        switch self {
        case .none: return .none
        case .basic(let username, _): return .basic(username: username, password: secret)
        case .bearer: return .bearer(secret)
        case .oauth2(var settings):
            settings.clientSecret = secret
            return .oauth2(settings)
        }
    }
}

/// How the gateway gets tokens for a member: as an OAuth 2.0 client by itself (RFC 6749, 4.4).
public struct OAuth2Settings: Sendable, Hashable {
    public var clientID: String
    public var clientSecret: Secret
    /// Where tokens are asked for.
    public var tokenURL: ServerURL
    /// What the tokens are to allow; empty for what the endpoint gives by itself.
    public var scopes: [String] = []
    /// Sent beside the request's own parameters; by name.
    public var endpointParameters: [NamedSecret] = []

    public init(clientID: String, clientSecret: Secret, tokenURL: ServerURL) {
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.tokenURL = tokenURL
    }
}

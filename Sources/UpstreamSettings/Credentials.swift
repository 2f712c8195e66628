/// What a Prometheus member is shown so that it answers.
public enum Credentials: Sendable, Hashable {
    case none
    case basic(username: String, password: Secret)
    case bearer(Secret)
    case oauth2(OAuth2Settings)
    case sigV4(SigV4Settings)

    /// The password, the token, the client secret or the secret key, which may come from a file; nil for none.
    public var secret: Secret? {
        switch self {
        case .none: nil
        case .basic(_, let secret), .bearer(let secret): secret
        case .oauth2(let settings): settings.clientSecret
        case .sigV4(let settings): settings.secretKey
        }
    }

    /// All that must not be printed.
    public var secrets: [Secret] {
        switch self {
        case .none: []
        case .basic(_, let secret), .bearer(let secret): [secret]
        case .oauth2(let settings):
            [settings.clientSecret] + settings.endpointParameters.map(\.value)
        case .sigV4(let settings): [settings.secretKey] + (settings.sessionToken.map { [$0] } ?? [])
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
        case .sigV4(var settings):
            settings.secretKey = secret
            return .sigV4(settings)
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

/// How requests to a member are signed: by AWS Signature Version 4.
public struct SigV4Settings: Sendable, Hashable {
    /// That of Amazon Managed Service for Prometheus.
    public static let defaultService = "aps"

    public var region: String
    public var service = SigV4Settings.defaultService
    public var accessKey: String
    public var secretKey: Secret
    /// Of keys that are valid for a time; nil for none.
    public var sessionToken: Secret?

    public init(region: String, accessKey: String, secretKey: Secret) {
        self.region = region
        self.accessKey = accessKey
        self.secretKey = secretKey
    }
}

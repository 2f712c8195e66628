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
    /// Whose keys sign the requests, which are asked for with those above; nil to sign with these.
    public var role: AWSRole?

    public init(region: String, accessKey: String, secretKey: Secret) {
        self.region = region
        self.accessKey = accessKey
        self.secretKey = secretKey
    }
}

/// A role of AWS that the gateway assumes.
public struct AWSRole: Sendable, Hashable {
    public let arn: String
    /// A condition that the role may set for those who assume it; AWS treats it as no secret. Nil for
    /// none.
    public var externalID: String?
    /// Where keys of the role are asked for; nil for the endpoint of the region.
    public var stsURL: ServerURL?

    /// nil for what is not the ARN of a role.
    public init?(arn: String) {
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard (20...2048).contains(arn.utf8.count), parts.count == 6, parts[0] == "arn",
            parts[2] == "iam", parts[5].hasPrefix("role/"), parts[5].utf8.count > 5,
            arn.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.arn = arn
    }

    /// The URL of the STS endpoint, with no slash at its end.
    public func endpoint(in region: String) -> String {
        if let stsURL { return stsURL.description }
        return "https://sts.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
    }
}

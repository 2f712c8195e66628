import Foundation

/// The key or token that a request brings.
public struct Credential: Sendable {
    public var text: String

    /// `X-API-Key`, else a bearer token, else the password of basic authentication (the user's name
    /// means nothing here). nil when the request brings none.
    ///
    /// - Parameter readsAuthorization: Whether `Authorization` is for this server, and not for those
    ///   that it asks.
    public init?(_ headers: HTTPHeaders, readsAuthorization: Bool) {
        if let key = headers["X-API-Key"], !key.isEmpty {
            text = key
            return
        }
        guard readsAuthorization, let authorization = headers["Authorization"] else { return nil }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard let scheme = parts.first?.lowercased() else { return nil }
        let value = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        switch scheme {
        case "bearer":
            text = value
        case "basic":
            let decoded = Data(base64Encoded: value).map { String(decoding: $0, as: UTF8.self) }
            guard let pair = decoded, let colon = pair.firstIndex(of: ":") else {
                text = ""
                return
            }
            text = String(pair[pair.index(after: colon)...])
        default:
            text = ""
        }
    }
}

import GoText
public import PrometheusServer
import Synchronization
public import UpstreamSettings

/// People who logged in with a token, each known by a cookie. They are forgotten when the gateway ends.
///
/// The cookie alone lets its owner read. A change also needs a header that no page of another origin
/// can send (`csrfHeader`).
public final class Sessions: Sendable {
    public static let cookie = "tributary_session"
    public static let csrfHeader = "X-Tributary-CSRF"

    private struct Session {
        var credential: SecretDigest
        var end: MonotonicInstant
    }

    private let most: Int
    private let lifetime: Duration
    /// By the digest of the cookie's value.
    private let sessions = Mutex<[SecretDigest: Session]>([:])

    /// - Parameters:
    ///   - most: Sessions at once; a further one ends the one that would end first.
    ///   - lifetime: From log-in on.
    public init(most: Int = 10_000, lifetime: Duration = .seconds(12 * 3600)) {
        self.most = most
        self.lifetime = lifetime
    }

    /// Begins a session.
    ///
    /// - Parameter credential: What its owner brought. It must be right at each request still.
    /// - Returns: the value of the cookie: 256 random bits.
    public func open(for credential: SecretDigest) -> String {
        let id = (0..<4).map { _ in
            let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
        let now = MonotonicInstant.now
        let session = Session(credential: credential, end: now.advanced(by: lifetime))
        sessions.withLock { sessions in
            if sessions.count >= most { sessions = sessions.filter { now < $0.value.end } }
            if sessions.count >= most,
                let first = sessions.min(by: { $0.value.end < $1.value.end })
            {
                sessions[first.key] = nil
            }
            sessions[SecretDigest(ofText: id)] = session
        }
        return id
    }

    /// What the owner of the session brought that a request names; nil where there is none.
    public func credential(in headers: HTTPHeaders) -> SecretDigest? {
        guard let id = Self.value(in: headers) else { return nil }
        return sessions.withLock { sessions in
            let key = SecretDigest(ofText: id)
            guard let session = sessions[key] else { return nil }
            if .now < session.end { return session.credential }
            sessions[key] = nil
            return nil
        }
    }

    /// Ends the session that a request names, if there is one.
    public func close(_ headers: HTTPHeaders) {
        guard let id = Self.value(in: headers) else { return }
        _ = sessions.withLock { $0.removeValue(forKey: SecretDigest(ofText: id)) }
    }

    /// The field `Set-Cookie`.
    ///
    /// - Parameters:
    ///   - id: nil takes the cookie away.
    ///   - base: The path that it is for.
    ///   - isSecure: Whether it must go over TLS only.
    public func field(_ id: String?, base: String, isSecure: Bool) -> String {
        let seconds = id == nil ? 0 : Int(lifetime / .seconds(1))
        return "\(Self.cookie)=\(id ?? ""); Path=\(base)/; Max-Age=\(seconds); HttpOnly; "
            + "SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    private static func value(in headers: HTTPHeaders) -> String? {
        for field in headers.values(of: "Cookie") {
            for pair in field.split(separator: ";") {
                let pair = pair.drop { $0 == " " }
                if pair.hasPrefix("\(cookie)=") { return String(pair.dropFirst(cookie.count + 1)) }
            }
        }
        return nil
    }
}

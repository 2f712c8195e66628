import GoText
import HTTPTransport
import PrometheusWire
import UpstreamSettings

/// The access token of a member, which the gateway gets as an OAuth 2.0 client by itself (RFC 6749,
/// section 4.4). A token is kept until shortly before it expires, or until the member refuses it.
final class OAuth2Tokens: Sendable {
    private struct Failure: Error {
        var refusal: CredentialRefusal
        /// Whether the endpoint did not take the client for the one that it says it is.
        var isOfTheClient = false

        init(_ text: String, isOfTheClient: Bool = false) {
            refusal = CredentialRefusal(text: text)
            self.isOfTheClient = isOfTheClient
        }
    }

    private static let mostPatience = Duration.seconds(10)
    /// Of an answer. No token is longer.
    static let mostBytes = 64 << 10
    /// How long a token is kept that does not say when it expires.
    static let standardLife = Duration.seconds(3600)
    /// No token is kept for longer.
    static let longestLife = Duration.seconds(30 * 86_400)

    private let settings: OAuth2Settings
    private let configuration: UpstreamConfiguration
    private let transport: CurlMulti
    private let owner = ConnectionOwner()
    private let token = RenewedCredential<String>()
    /// Some endpoints take the client's name and secret in the form alone.
    private let sendsSecretInForm = LockedValue(false)

    /// - Parameter configuration: The member's, whose proxy and TLS settings hold for the endpoint too.
    init(
        _ settings: OAuth2Settings, for configuration: UpstreamConfiguration, transport: CurlMulti
    ) {
        self.settings = settings
        self.configuration = configuration
        self.transport = transport
    }

    /// Tokens that the member may repeat in what it says.
    var exposed: [String] { token.known }

    /// A token that has not expired, as far as is known.
    ///
    /// - Throws: `unavailable` when the endpoint gives none, `timeout` when it does not in time.
    func token(
        until deadline: ContinuousClock.Instant
    ) async throws(UpstreamError.Kind) -> String {
        try await token.value(until: deadline) { await self.asked() }
    }

    /// The member refuses a token, which is used no more.
    func drop(_ text: String) { token.drop(text) }

    // MARK: - The endpoint

    private func asked() async -> RenewedCredential<String>.Answer {
        let inForm = sendsSecretInForm.withLock { $0 }
        do throws(Failure) {
            return .success(try await exchange(sendsSecretInForm: inForm))
        } catch {
            return error.isOfTheClient
                ? await other(than: inForm, error.refusal) : .failure(error.refusal)
        }
    }

    /// The same with the client's secret in the other place.
    private func other(
        than inForm: Bool, _ first: CredentialRefusal
    ) async -> RenewedCredential<String>.Answer {
        guard let token = try? await exchange(sendsSecretInForm: !inForm) else {
            return .failure(first)
        }
        sendsSecretInForm.withLock { $0 = !inForm }
        return .success(token)
    }

    private func request(sendsSecretInForm: Bool) -> TransferRequest {
        var form = Parameters([(name: "grant_type", value: "client_credentials")])
        if !settings.scopes.isEmpty { form.add("scope", settings.scopes.joined(separator: " ")) }
        for parameter in settings.endpointParameters {
            form.add(parameter.name, parameter.value.exposed)
        }
        var headers = HeaderFields()
        headers.append(name: "Accept", value: "application/json")
        headers.append(name: "User-Agent", value: "tributary")
        let secret = settings.clientSecret.exposed
        if sendsSecretInForm {
            form.add("client_id", settings.clientID)
            form.add("client_secret", secret)
        } else {
            // Encoded before they are joined (RFC 6749, section 2.3.1).
            headers.append(
                name: "Authorization",
                value: BasicCredentials.value(
                    user: FormText.encoded(settings.clientID), password: FormText.encoded(secret)))
        }
        // The name to expect in the certificate is the member's.
        var tls = TransferTLS(configuration.connection.tls)
        tls.serverName = nil
        let patience = min(Self.mostPatience, configuration.connection.timeout)
        return TransferRequest(
            url: settings.tokenURL.description, method: .post(form: form.encoded), headers: headers,
            tls: tls, proxy: configuration.proxy,
            connectTimeout: min(configuration.connectTimeout, patience), timeout: patience,
            maximumBytes: Self.mostBytes, lane: "\(configuration.name) tokens", laneWidth: 1,
            owner: owner)
    }

    private func exchange(
        sendsSecretInForm: Bool
    ) async throws(Failure) -> RenewedCredential<String>.Held {
        let begun = MonotonicInstant.now
        var bytes: [UInt8] = []
        let status: Int
        do throws(TransferError) {
            let response = try await transport.execute(
                request(sendsSecretInForm: sendsSecretInForm))
            status = response.status
            var chunks = response.body.makeAsyncIterator()
            while let chunk = try await chunks.next() { bytes += chunk }
        } catch {
            throw Failure(told("the token endpoint: \(error.text)"))
        }
        let answer = TokenAnswer(bytes)
        guard (200..<300).contains(status) else {
            let words = answer?.refusal.map { ": \(credentials.shown($0))" } ?? ""
            throw Failure(
                told("the token endpoint answered HTTP status \(status)\(words)"),
                isOfTheClient: status == 400 || status == 401)
        }
        guard let answer else {
            throw Failure(told("what the token endpoint answered is no JSON object"))
        }
        guard let text = answer.token, !text.isEmpty,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            let words = answer.refusal.map { ": \(credentials.shown($0))" } ?? ""
            throw Failure(told("the token endpoint answered without an access_token\(words)"))
        }
        if let type = answer.type, type.lowercased() != "bearer" {
            throw Failure(told("the token endpoint gave a token that is no bearer token"))
        }
        let life = answer.life ?? Self.standardLife
        return RenewedCredential.Held(
            value: text, begun: begun,
            freshUntil: begun.advanced(by: life - min(.seconds(30), life / 4)),
            expires: begun.advanced(by: life))
    }

    private func told(_ text: String) -> String { "OAuth 2.0: " + credentials.redacting(text) }

    private var credentials: Credentials { .oauth2(settings) }
}

/// What a token endpoint answers (RFC 6749, sections 5.1 and 5.2).
struct TokenAnswer: Sendable, Equatable {
    private(set) var token: String?
    private(set) var type: String?
    /// From the request on; nil where it is not told.
    private(set) var life: Duration?
    private var error: String?
    private var explanation: String?

    /// nil for what is no JSON object.
    init?(_ bytes: [UInt8]) {
        var cursor = JSONCursor(bytes)
        do throws(JSONCursor.Failure) {
            try cursor.object { (key, cursor) throws(JSONCursor.Failure) in
                let isText = try cursor.peek() == UInt8(ascii: "\"")
                switch key {
                case "access_token" where isText: token = try cursor.string()
                case "token_type" where isText: type = try cursor.string()
                case "error" where isText: error = try cursor.string()
                case "error_description" where isText: explanation = try cursor.string()
                // Some write it as a text.
                case "expires_in" where isText: life = Self.seconds(try cursor.string())
                case "expires_in":
                    guard let first = bytes[cursor.position...].first,
                        first == UInt8(ascii: "-") || (0x30...0x39).contains(first)
                    else { return try cursor.skip() }
                    life = Self.seconds(String(decoding: bytes[try cursor.number()], as: UTF8.self))
                default: try cursor.skip()
                }
            }
        } catch {
            return nil
        }
        guard bytes[cursor.position...].allSatisfy({ $0 <= 0x20 }) else { return nil }
    }

    private static func seconds(_ text: String) -> Duration? {
        guard let seconds = Double(text), seconds.isFinite else { return nil }
        return .seconds(min(max(0, seconds), OAuth2Tokens.longestLife / .seconds(1)))
    }

    /// The endpoint's words for why there is no token, shortened; nil for none.
    var refusal: String? {
        guard let error else { return nil }
        return [error, explanation].compactMap { $0 }.joined(separator: ": ")
    }
}

import GoText
import HTTPTransport
import PrometheusWire
import UpstreamSettings

/// The keys of a role of AWS, which the gateway asks STS for (`AssumeRole`). They are kept until five
/// minutes before they expire, or until the member refuses them.
final class AssumedRole: Sendable {
    private static let mostPatience = Duration.seconds(10)
    /// Of an answer. No session token is longer.
    static let mostBytes = 64 << 10
    /// No keys are kept for longer; AWS gives them for 12 hours at most.
    private static let longestLife = Duration.seconds(86_400)

    private let settings: SigV4Settings
    private let role: AWSRole
    private let configuration: UpstreamConfiguration
    private let transport: CurlMulti
    private let owner = ConnectionOwner()
    private let keys = RenewedCredential<SigV4Settings>()

    /// - Parameters:
    ///   - settings: The keys that the role is assumed with.
    ///   - configuration: The member's, whose proxy and TLS settings hold for the endpoint too.
    init(
        _ role: AWSRole, _ settings: SigV4Settings, for configuration: UpstreamConfiguration,
        transport: CurlMulti
    ) {
        self.role = role
        self.settings = settings
        self.configuration = configuration
        self.transport = transport
    }

    /// Secret keys and session tokens that the member may repeat in what it says.
    var exposed: [String] {
        keys.known.flatMap { [$0.secretKey.exposed] + ($0.sessionToken.map { [$0.exposed] } ?? []) }
    }

    /// How requests are signed by keys of the role that have not expired, as far as is known.
    ///
    /// - Throws: `unavailable` when the endpoint gives none, `timeout` when it does not in time.
    func signing(
        until deadline: ContinuousClock.Instant
    ) async throws(UpstreamError.Kind) -> SigV4Settings {
        try await keys.value(until: deadline) { await self.asked() }
    }

    /// The member refuses keys, which are used no more. It may refuse what the role may not do in the
    /// same way, so that new keys are kept.
    ///
    /// - Returns: Whether others are to be had.
    func drop(_ signing: SigV4Settings) -> Bool {
        keys.drop(signing, olderThan: configuration.roleKeysSettle)
    }

    // MARK: - The endpoint

    private func asked() async -> RenewedCredential<SigV4Settings>.Answer {
        do throws(CredentialRefusal) {
            return .success(try await exchange())
        } catch {
            return .failure(error)
        }
    }

    private var request: TransferRequest {
        var form = Parameters([
            (name: "Action", value: "AssumeRole"), (name: "Version", value: "2011-06-15"),
            (name: "RoleArn", value: role.arn), (name: "RoleSessionName", value: "tributary"),
        ])
        if let externalID = role.externalID { form.add("ExternalId", externalID) }
        var headers = HeaderFields()
        headers.append(name: "Accept", value: "application/xml")
        headers.append(name: "User-Agent", value: "tributary")
        // The name to expect in the certificate is the member's.
        var tls = TransferTLS(configuration.connection.tls)
        tls.serverName = nil
        var own = settings
        own.service = "sts"
        let patience = min(Self.mostPatience, configuration.connection.timeout)
        return TransferRequest(
            url: role.endpoint(in: settings.region), method: .post(form: form.encoded),
            headers: headers, tls: tls, proxy: configuration.proxy,
            connectTimeout: min(configuration.connectTimeout, patience), timeout: patience,
            maximumBytes: Self.mostBytes, lane: "\(configuration.name) role", laneWidth: 1,
            owner: owner, signature: RequestSignature(own).atSending)
    }

    private func exchange() async throws(CredentialRefusal)
        -> RenewedCredential<SigV4Settings>.Held
    {
        let begun = MonotonicInstant.now
        var bytes: [UInt8] = []
        let status: Int
        do throws(TransferError) {
            let response = try await transport.execute(request)
            status = response.status
            var chunks = response.body.makeAsyncIterator()
            while let chunk = try await chunks.next() { bytes += chunk }
        } catch {
            throw refusal("the STS endpoint: \(error.text)")
        }
        guard (200..<300).contains(status) else {
            let words =
                AssumeRoleAnswer.refusal(bytes).map {
                    ": \(Credentials.sigV4(settings).shown($0))"
                } ?? ""
            throw refusal("the STS endpoint answered HTTP status \(status)\(words)")
        }
        guard let answer = AssumeRoleAnswer(bytes) else {
            throw refusal("the STS endpoint answered without keys of the role")
        }
        var signing = settings
        signing.accessKey = answer.accessKey
        signing.secretKey = Secret(answer.secretKey)
        signing.sessionToken = Secret(answer.sessionToken)
        let left = answer.expiration.milliseconds - WallClock.now().milliseconds
        let life = min(max(.zero, .milliseconds(left)), Self.longestLife)
        return RenewedCredential.Held(
            value: signing, begun: begun,
            freshUntil: begun.advanced(by: life - min(.seconds(300), life / 3)),
            expires: begun.advanced(by: life))
    }

    private func refusal(_ text: String) -> CredentialRefusal {
        CredentialRefusal(text: "AWS role: " + Credentials.sigV4(settings).redacting(text))
    }
}

/// What STS answers to `AssumeRole`: XML, of which a few elements are read.
struct AssumeRoleAnswer: Sendable, Equatable {
    let accessKey: String
    let secretKey: String
    let sessionToken: String
    let expiration: Timestamp

    /// nil for what has no whole set of keys.
    init?(_ bytes: [UInt8]) {
        guard
            let keys = Self.element("Credentials", of: String(decoding: bytes, as: UTF8.self)[...]),
            let accessKey = Self.word("AccessKeyId", of: keys),
            let secretKey = Self.word("SecretAccessKey", of: keys),
            let sessionToken = Self.word("SessionToken", of: keys),
            let expiration = Self.word("Expiration", of: keys).flatMap(RFC3339.time)
        else { return nil }
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.expiration = expiration
    }

    /// The endpoint's words for why there are no keys; nil for none.
    static func refusal(_ bytes: [UInt8]) -> String? {
        guard let error = element("Error", of: String(decoding: bytes, as: UTF8.self)[...]) else {
            return nil
        }
        let parts = ["Code", "Message"].compactMap { element($0, of: error).map(unescaped) }
        return parts.isEmpty ? nil : parts.joined(separator: ": ")
    }

    /// What can be sent in a header field.
    private static func word(_ name: String, of text: Substring) -> String? {
        guard let found = element(name, of: text).map(unescaped), !found.isEmpty,
            found.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return found
    }

    /// What is between the tags of the first element of a name, which has no attributes.
    private static func element(_ name: String, of text: Substring) -> Substring? {
        guard let start = text.firstRange(of: "<\(name)>") else { return nil }
        let rest = text[start.upperBound...]
        return rest.firstRange(of: "</\(name)>").map { rest[..<$0.lowerBound] }
    }

    private static func unescaped(_ text: Substring) -> String {
        let marks = [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&"),
        ]
        return marks.reduce(String(text)) { $0.replacing($1.0, with: $1.1) }
    }
}

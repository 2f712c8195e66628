import GatewayConfiguration
import GatewayState
import PrometheusServer
import Upstream
import UpstreamSettings

/// Who may read which project, and who may change something.
struct AccessControl: Sendable {
    /// Why a request is turned away; 401 in Prometheus's error shape, 403 for `forbidden`.
    enum Refusal: Error, Equatable {
        case missing
        case unknown
        /// Right, but without the permission to change anything.
        case notAdministrator
        /// Asked by a name that is not the gateway's, where no `auth` is configured.
        case foreignHost

        /// As metrics name it.
        var counted: GatewayMetrics.AuthenticationFailure {
            switch self {
            case .missing: .missing
            case .unknown: .unknown
            case .notAdministrator: .forbidden
            case .foreignHost: .host
            }
        }

        var text: String {
            switch self {
            case .missing: "an API key or a token is needed"
            case .unknown: "the API key or token is not valid"
            case .notAdministrator: "a token with admin permission is needed"
            case .foreignHost:
                "without auth the gateway answers only to localhost, to loopback addresses and to "
                    + "the address that it listens on; the request names another Host"
            }
        }
    }

    private let tokens: [AccessToken]
    /// A key of a file may be another one at the next request.
    private enum Key: Sendable {
        case fixed(SecretDigest)
        case file(SecretFile)

        init(_ secret: Secret) {
            self = secret.file.map { .file($0) } ?? .fixed(SecretDigest(of: secret))
        }

        var digest: SecretDigest {
            switch self {
            case .fixed(let digest): digest
            case .file(let file): file.digest
            }
        }
    }

    private let keys: [(project: String, key: Key)]
    private let needsCredential: Bool
    private let isOpen: Bool
    private let readsAuthorization: Bool
    private let bound: ListenAddress
    /// `Host` fields that are ours; there are more.
    private let usualHosts: Set<String>
    let sessions: Sessions

    /// - Parameters:
    ///   - contents: Keys and tokens that were made through the API.
    ///   - bound: The address that the gateway was started on; the configuration's by default.
    init(
        _ configuration: Configuration, _ contents: StoreContents = StoreContents(),
        bound: ListenAddress? = nil, sessions: Sessions = Sessions()
    ) {
        let address = bound ?? configuration.listenAddress
        self.bound = address
        usualHosts = Set(["localhost", "127.0.0.1"].map { "\($0):\(address.port)" })
        self.sessions = sessions
        let own = Set(configuration.authentication?.tokens.map(\.name) ?? [])
        tokens =
            (configuration.authentication?.tokens ?? [])
            + contents.tokens.values.filter { !own.contains($0.name) }.map {
                AccessToken(
                    name: $0.name, digest: $0.digest, projects: $0.projects,
                    isAdministrator: $0.isAdministrator, rights: $0.rights)
            }
        // Of projects that are in the file, the file's keys are the truth; the store only has them
        // for the day when they are in the file no more.
        let inFile = Set(configuration.projects.filter { !$0.apiKeys.isEmpty }.map(\.name))
        keys =
            configuration.projects.flatMap { project in
                project.apiKeys.map { (project.name, Key($0.key)) }
            }
            + contents.projects.values.filter { !inFile.contains($0.project.name) }
            .flatMap { stored in stored.keys.map { (stored.project.name, Key.fixed($0.digest)) } }
        needsCredential = configuration.authentication.map { !$0.anonymous } ?? false
        isOpen = configuration.authentication == nil
        readsAuthorization = contents.effective(configuration).readsAuthorization
    }

    /// What a request with these headers may read. A credential that is brought must be right, also
    /// where none is needed.
    func grant(for headers: HTTPHeaders) throws(Refusal) -> Grant {
        guard let digest = credential(in: headers) ?? sessions.credential(in: headers) else {
            if needsCredential { throw .missing }
            try admitPage(headers)
            return .everything
        }
        // Every key is compared, so that the time says nothing about which one came near.
        var grant: Grant?
        for token in tokens where token.digest.equalsInConstantTime(digest) {
            grant = .token(token)
        }
        for (project, key) in keys where key.digest.equalsInConstantTime(digest) {
            grant = .project(project)
        }
        guard let grant else { throw .unknown }
        return grant
    }

    /// What a request brings itself; nil for none.
    func credential(in headers: HTTPHeaders) -> SecretDigest? {
        Credential(headers, readsAuthorization: readsAuthorization).map {
            SecretDigest(ofText: $0.text)
        }
    }

    /// Whether the cookie of a session is all that a request brings.
    func isBySession(_ headers: HTTPHeaders) -> Bool {
        credential(in: headers) == nil && sessions.credential(in: headers) != nil
    }

    /// Whether changes may be made by those who have a grant.
    func isAdministrator(_ grant: Grant) -> Bool {
        switch grant {
        case .everything: isOpen
        case .project: false
        case .token(let token): token.isAdministrator
        }
    }

    /// Lets everybody see the page who asks the gateway by a name of its own: what it shows is asked
    /// for by the API, with the reader's own rights.
    func admitPage(_ headers: HTTPHeaders) throws(Refusal) {
        if isOpen, let host = headers["Host"], !isOwn(host) { throw .foreignHost }
    }

    /// Whether a `Host` field names this gateway. A page whose name was made to point to this
    /// machine (DNS rebinding) is of the same origin as the gateway for its browser, and is known
    /// by this field alone.
    private func isOwn(_ authority: String) -> Bool {
        if usualHosts.contains(authority) { return true }
        let host = ListenAddress(authority)?.host ?? authority
        if HostName.isLoopback(host) { return true }
        if let address = IPAddress(host) { return address == IPAddress(bound.host) }
        return host.lowercased() == bound.host.lowercased()
    }

    /// Who a request comes from that wants to change something. Where no `auth` is configured the
    /// gateway listens on loopback only, and everybody there may.
    func administrator(for headers: HTTPHeaders) throws(Refusal) -> Administrator {
        switch try grant(for: headers) {
        case .everything:
            guard isOpen else { throw .missing }
            return Administrator(token: nil)
        case .project: throw .notAdministrator
        case .token(let token):
            guard token.isAdministrator else { throw .notAdministrator }
            return Administrator(token: token.name)
        }
    }
}

/// What a request may read.
enum Grant: Sendable, Equatable {
    /// Every project: no key is demanded here, and none was brought.
    case everything
    /// The one project that the API key belongs to.
    case project(String)
    /// What the token opens.
    case token(AccessToken)

    /// Whether what the gateway says about all projects together may be read.
    var seesEverything: Bool {
        switch self {
        case .everything: true
        case .project: false
        case .token(let token):
            token.isAdministrator || token.projects == nil && token.rights.matchers == nil
        }
    }

    var isKey: Bool { if case .project = self { true } else { false } }

    /// What may be asked for in the projects that are opened.
    var rights: TokenRights {
        if case .token(let token) = self { token.rights } else { TokenRights() }
    }

    func opens(_ project: String) -> Bool {
        switch self {
        case .everything: true
        case .project(let own): own.utf8.elementsEqual(project.utf8)
        case .token(let token): token.opens(project)
        }
    }

    /// Whose turns the request's work takes.
    func client(of project: String) -> ClientIdentity {
        switch self {
        case .everything: .project(project)
        case .project(let own): .key(project: own)
        case .token(let token): .token(token.name)
        }
    }
}

/// Who makes a change.
struct Administrator: Sendable, CustomStringConvertible {
    /// The name of the token; nil where none is demanded.
    var token: String?

    var description: String { token.map { "token \($0)" } ?? "somebody on this machine" }
}

import GoText
import HTTPTransport
import PrometheusWire
public import UpstreamSettings

/// What answers of a member are known by: a client, and how it asks, which includes credentials that
/// may come from files and change while it lasts, and what it passes on of a client's request.
public struct MemberIdentity: Sendable, Hashable {
    /// No two members of a process have the same.
    public let client: UInt64
    /// The same in every process that asks the same server in the same way. A reader of it
    /// can try credentials on it.
    public let asked: SecretDigest

    public init(client: UInt64, asked: SecretDigest = SecretDigest(ofText: "")) {
        self.client = client
        self.asked = asked
    }
}

/// Asks one member. Safe to use from any number of tasks; everything it learns about the member
/// (health, encoding, capabilities) is shared by them.
public final class UpstreamClient: Sendable {
    /// What its own requests taught it.
    struct State {
        var breaker = CircuitBreaker()
        var lastFailure: String?
        /// Forms were refused where queries were not.
        var sendsQueries = false
        var capabilities = CapabilityCache()
        var externalLabels = ExternalLabelCache()
        var missingUntil: [EndpointSupport.Endpoint: MonotonicInstant] = [:]
        /// Whether it takes the parameters of VictoriaMetrics, which keep it to the times asked for.
        var isVictoriaMetrics = false
        /// Those that its Go program uses; nil until it was asked, 0 where it does not tell.
        var processors: Int?
    }

    /// What is one for all clients of a member, whatever header fields they pass on.
    final class Common: Sendable {
        struct Link {
            var encoding: EncodingPolicy
            var health = UpstreamHealth()
            var events: MemberEventSource
            var traffic = MemberTraffic()
            /// To a question or a probe.
            var lastAnswer: MonotonicInstant?
            /// Whether the newest probe found it away.
            var isProbeFailing = false

            /// The member answered.
            mutating func answered() {
                lastAnswer = .now
                health.presence.answered(at: WallClock.now())
            }
        }

        let link: LockedValue<Link>
        /// The member's places for questions.
        let places: FairLine
        /// By which it is asked; nil for other credentials.
        let tokens: OAuth2Tokens?
        /// By whose keys its requests are signed; nil for other credentials.
        let role: AssumedRole?
        /// Tells the member from every other one of the process.
        let number = UpstreamClient.numbers.withLock { number in
            number += 1
            return number
        }

        init(_ configuration: UpstreamConfiguration, transport: CurlMulti) {
            let connection = configuration.connection
            if case .prometheus(let source) = configuration.source,
                case .oauth2(let settings) = source.credentials
            {
                tokens = OAuth2Tokens(settings, for: configuration, transport: transport)
            } else {
                tokens = nil
            }
            role = configuration.signing.flatMap { signing in
                signing.role.map {
                    AssumedRole($0, signing, for: configuration, transport: transport)
                }
            }
            link = LockedValue(
                Link(
                    encoding: EncodingPolicy(isOnLoopback: connection.url.isLoopback),
                    events: MemberEventSource(member: configuration.name, at: .now)))
            places = FairLine(places: connection.maxConcurrency)
        }
    }

    public let configuration: UpstreamConfiguration
    let transport: CurlMulti
    let state = LockedValue(State())
    let common: Common
    /// Those of the same member that pass on what clients sent.
    let forwardingClients = LockedValue(ForwardingClients())
    private let retry = RetryPolicy()
    /// No other client uses its connections: another project of the same server, with other
    /// credentials, is another client.
    private let connections = ConnectionOwner()
    private static let numbers = LockedValue<UInt64>(0)
    /// Keeps the series of others out of what it is asked; nil where the server has none.
    let conjunction: SelectorConjunction?
    /// What it is asked by; nil where that may change, as files do.
    private let asked: SecretDigest?

    /// - Parameter transport: belongs to the caller, who shuts it down after the last request.
    public convenience init(_ configuration: UpstreamConfiguration, transport: CurlMulti) {
        self.init(configuration, transport, Common(configuration, transport: transport))
    }

    /// - Parameter fields: What it passes on of a client's request.
    convenience init(_ client: UpstreamClient, forwarding fields: [NamedSecret]) {
        var configuration = client.configuration
        configuration.forwarded = fields
        self.init(configuration, client.transport, client.common)
    }

    private init(
        _ configuration: UpstreamConfiguration, _ transport: CurlMulti, _ common: Common
    ) {
        self.configuration = configuration
        self.transport = transport
        self.common = common
        let isFixed = configuration.connection.secrets.allSatisfy { $0.file == nil }
        asked = isFixed ? SecretDigest(ofText: configuration.askedAs) : nil
        conjunction = configuration.selector.map(SelectorConjunction.init)
    }

    /// Who is asked, and by which credentials.
    public var identity: MemberIdentity {
        MemberIdentity(
            client: common.number, asked: asked ?? SecretDigest(ofText: configuration.askedAs))
    }

    /// A snapshot: counts and the last failure are of all clients of the member.
    public var health: UpstreamHealth {
        let load = common.places.load
        var health = common.link.withLock { $0.health }
        (health.questionsRunning, health.questionsWaiting) = (load.running, load.waiting)
        health.waits = common.places.waits
        state.withLock { state in
            switch state.breaker.state {
            case .closed: health.circuit = .closed
            case .open: health.circuit = .open
            case .halfOpen: health.circuit = .halfOpen
            }
            health.version = state.capabilities.value?.version
        }
        return health
    }

    /// Why its own requests failed at last; nil before the first failure.
    public var lastFailure: String? { state.withLock { $0.lastFailure } }

    /// An answer whose beginning has been seen to be JSON.
    struct Answer {
        var call: UpstreamCall
        var body: UpstreamBody
    }

    /// Sends a request, again where that is safe, until an answer begins.
    func open(
        _ request: UpstreamRequest, deadline: ContinuousClock.Instant?
    ) async throws(UpstreamError) -> Answer {
        var request = try restricted(request)
        let end = ContinuousClock.now.advanced(by: timeForQuestion)
        let deadline = deadline.map { min($0, end) } ?? end
        let call = try await begin(request, deadline)
        request.passedOn = call.fields(besides: configuration.identification.map(\.name))
        while true {
            let kind: UpstreamError.Kind
            do throws(UpstreamError.Kind) {
                return Answer(call: call, body: try await attempt(request, call, deadline))
            } catch {
                kind = error
            }
            let action = retry.action(
                after: kind, attempts: call.attempts, remaining: deadline - .now,
                random: .random(in: 0..<1))
            guard case .retry(let pause) = action else { throw call.failed(kind) }
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw call.failed(.cancelled)
            }
        }
    }

    /// How long requests wait for the one that finds out whether the member is back.
    private static let probePatience = Duration.seconds(1)

    /// The requests of one query arrive together. After an outage one of them finds out whether the
    /// member is back, and the others share what it finds.
    private func begin(
        _ request: UpstreamRequest, _ deadline: ContinuousClock.Instant
    ) async throws(UpstreamError) -> UpstreamCall {
        if request.isForPresence { return UpstreamCall(client: self, isProbe: false, request) }
        let patience = ContinuousClock.now.advanced(by: Self.probePatience)
        while true {
            let now = MonotonicInstant.now
            let action = state.withLock { state in
                request.isAside ? state.breaker.aside(at: now) : state.breaker.request(at: now)
            }
            switch action {
            case .ask: return UpstreamCall(client: self, isProbe: false, request)
            case .probe: return UpstreamCall(client: self, isProbe: true, request)
            case .refuse(let pause): throw notAsked(again: pause)
            case .wait:
                guard ContinuousClock.now < min(patience, deadline) else {
                    throw notAsked("another request is finding out whether it is back")
                }
                do { try await Task.sleep(for: .milliseconds(2)) } catch {
                    throw UpstreamError(
                        member: configuration.name, kind: .cancelled)
                }
            }
        }
    }

    private func notAsked(again pause: Duration) -> UpstreamError {
        notAsked("not asked again for \(pause.wholeMilliseconds) ms")
    }

    private func notAsked(_ reason: String) -> UpstreamError {
        var error = UpstreamError(
            member: configuration.name, kind: .unavailable(lastFailure ?? "failing"))
        error.reasonNotAsked = reason
        return error
    }

    // MARK: - One attempt

    private func attempt(
        _ request: UpstreamRequest, _ call: UpstreamCall, _ deadline: ContinuousClock.Instant
    ) async throws(UpstreamError.Kind) -> UpstreamBody {
        let response = try await head(request, call, deadline)
        guard (200..<300).contains(response.status) else {
            throw await refusal(response, to: request)
        }
        if request.isRemoteRead {
            let body = try remoteReadBody(response, of: request.question?.work)
            call.began()
            return body
        }
        let body = try UpstreamBody(
            response, limits: configuration.limits.inflate, of: request.question?.work)
        let start = try await body.next().map(ContentSniffer.withoutMark)
        let type = (response.headers["Content-Type"] ?? "").lowercased()
        if let expected = request.telemetry, let source = configuration.telemetry {
            // A message without fields has no bytes.
            if let wrong = expected.problem(source.kind, start ?? [], type: type) { throw wrong }
            if let start { body.pushBack(start) }
            call.began()
            return body
        }
        guard let first = start else { throw .malformed("the answer is empty") }
        if let wrong = ContentSniffer.problem(first, contentType: type) { throw wrong }
        body.pushBack(first)
        call.began()
        return body
    }

    /// The head of the answer. A question has one of the member's places until it comes, and no
    /// longer: the member's own work is done then, and a slow reader must not take a place from
    /// others.
    private func head(
        _ request: UpstreamRequest, _ call: UpstreamCall, _ deadline: ContinuousClock.Instant
    ) async throws(UpstreamError.Kind) -> TransferResponse {
        guard let question = request.question else {
            return try await sent(request, call, deadline)
        }
        let client = question.work?.client ?? .project(configuration.name)
        let start = MonotonicInstant.now
        do throws(NoTurn) {
            try await common.places.take(client, rank: question.cost, until: deadline)
        } catch {
            switch error {
            case .timedOut: throw .laneTimeout
            case .cancelled: throw .cancelled
            }
        }
        defer { common.places.give(client) }
        call.countWaiting(.since(start))
        // Those before it may have shown meanwhile that the member is away.
        if case .refuse(let pause) = state.withLock({ $0.breaker.aside(at: .now) }) {
            throw notAsked(again: pause).kind
        }
        return try await sent(request, call, deadline)
    }

    private func sent(
        _ request: UpstreamRequest, _ call: UpstreamCall, _ deadline: ContinuousClock.Instant
    ) async throws(UpstreamError.Kind) -> TransferResponse {
        let asQuery =
            !request.isMessage
            && (request.method == .get || state.withLock { $0.sendsQueries })
        call.countAttempt()
        let start = MonotonicInstant.now
        var response = try await authorized(request, asQuery: asQuery, deadline)
        if !asQuery, !request.isMessage, [403, 405, 501].contains(response.status) {
            response = try await authorized(request, asQuery: true, deadline)
            if (200..<300).contains(response.status) {
                state.withLock { $0.sendsQueries = true }
            }
        }
        call.countAnswer(
            after: .since(start),
            httpVersion: response.version)
        return response
    }

    /// Sends a request with a token, or signed by keys of a role, where the member wants that. A token
    /// or keys that the member refuses are used no more, and the request is sent once more with others.
    private func authorized(
        _ request: UpstreamRequest, asQuery: Bool, _ deadline: ContinuousClock.Instant
    ) async throws(UpstreamError.Kind) -> TransferResponse {
        if let role = common.role {
            let signing = try await role.signing(until: deadline)
            let response = try await send(request, asQuery: asQuery, deadline, signing: signing)
            guard response.status == 403, role.drop(signing) else { return response }
            let other = try await role.signing(until: deadline)
            return try await send(request, asQuery: asQuery, deadline, signing: other)
        }
        guard let tokens = common.tokens else {
            return try await send(
                request, asQuery: asQuery, deadline, signing: configuration.signing)
        }
        let token = try await tokens.token(until: deadline)
        let response = try await send(request, asQuery: asQuery, deadline, token: token)
        guard response.status == 401 else { return response }
        tokens.drop(token)
        let other = try await tokens.token(until: deadline)
        return try await send(request, asQuery: asQuery, deadline, token: other)
    }

    private func send(
        _ request: UpstreamRequest, asQuery: Bool, _ deadline: ContinuousClock.Instant,
        token: String? = nil, signing: SigV4Settings? = nil
    ) async throws(UpstreamError.Kind) -> TransferResponse {
        let remaining = deadline - .now
        guard remaining > .zero else { throw .timeout }
        let limits = configuration.limits
        let connection = configuration.connection
        let transfer = TransferRequest(
            url: url(of: request, asQuery: asQuery),
            method: request.transferMethod(asQuery: asQuery),
            headers: headers(for: request, token: token), tls: TransferTLS(connection.tls),
            proxy: configuration.proxy,
            connectTimeout: min(configuration.connectTimeout, remaining),
            timeout: remaining,
            // A slow client of ours is not the member's fault.
            timeoutCountsPauses: false, maximumBytes: limits.responseBytes, window: limits.window,
            lane: request.question == nil ? configuration.lane : "\(configuration.lane) questions",
            laneWidth: request.question == nil
                ? limits.concurrentRequests : limits.concurrentAnswers,
            owner: connections,
            timeoutParameter: request.sendsTimeout ? Parameters.timeout : nil,
            signature: signing.map { RequestSignature($0).atSending })
        do throws(TransferError) {
            return try await transport.execute(transfer)
        } catch {
            // The connect timeout was cut to the deadline.
            if error.kind == .connectTimeout, deadline <= .now {
                throw .timeout
            }
            throw UpstreamError.Kind(error)
        }
    }

    /// The request's own parameters, where they are not in a form, and those of the member.
    private func url(of request: UpstreamRequest, asQuery: Bool) -> String {
        let connection = configuration.connection
        let url = request.url(base: connection.url.description, asQuery: asQuery)
        let added = Parameters(
            connection.queryParameters.map { (name: $0.name, value: $0.value.exposed) }
        ).encoded
        if added.isEmpty { return url }
        return url + (url.contains("?") ? "&" : "?") + String(decoding: added, as: UTF8.self)
    }

    private func headers(for request: UpstreamRequest, token: String?) -> HeaderFields {
        var fields = HeaderFields()
        if request.isRemoteRead {
            fields.append(name: "Content-Encoding", value: "snappy")
            fields.append(name: "Accept-Encoding", value: "snappy")
            fields.append(name: "X-Prometheus-Remote-Read-Version", value: "0.1.0")
        } else {
            let type = request.telemetry?.format.mediaType ?? "application/json"
            fields.append(name: "Accept", value: type)
            let isCompressed =
                switch configuration.connection.acceptEncoding {
                case .auto: common.link.withLock { $0.encoding.choice } == .gzip
                case .gzip: true
                case .identity: false
                }
            fields.append(name: "Accept-Encoding", value: isCompressed ? "gzip" : "identity")
        }
        fields.append(name: "User-Agent", value: "tributary")
        if let identity = configuration.gateway {
            fields.append(name: HopChain.header, value: HopChain.current.adding(identity).text)
        }
        for (name, value) in request.telemetry?.headers ?? [] {
            fields.append(name: name, value: value)
        }
        for (name, value) in request.passedOn { fields.append(name: name, value: value) }
        if let token { fields.append(name: "Authorization", value: "Bearer \(token)") }
        for (name, value) in configuration.identification {
            fields.append(name: name, value: value)
        }
        return fields
    }

    /// What a status outside of 2xx means, with what the body says.
    private func refusal(
        _ response: TransferResponse, to request: UpstreamRequest
    ) async -> UpstreamError.Kind {
        var bytes: [UInt8] = []
        let small = InflateLimits(maximumBytes: 1 << 20)
        // Prometheus 2 calls even the text of an error a snappy block.
        if let body = try? UpstreamBody(response, limits: small, isRemoteRead: request.isRemoteRead)
        {
            while bytes.count < 64 << 10, let page = try? await body.next() { bytes += page }
        }
        if response.status == HopChain.loopStatus,
            response.headers[HopChain.header] == HopChain.loopMark
        {
            return .loop
        }
        if case .remoteCoroot = configuration.source,
            Refusal.isAboutTheKey(status: response.status, body: bytes)
        {
            return .http(status: response.status, .keyRejected)
        }
        bytes = ContentSniffer.withoutMark(bytes)
        if request.telemetry != nil {
            return Refusal.telemetryKind(status: response.status, body: bytes)
        }
        if request.isRemoteRead {
            return Refusal.remoteReadKind(status: response.status, body: bytes)
        }
        return Refusal.kind(status: response.status, body: bytes)
    }

    // MARK: - Details

    /// Members may say what they were sent, as it was in the URL too; secrets are taken out of that.
    func redacted(_ kind: UpstreamError.Kind) -> UpstreamError.Kind {
        let plain =
            configuration.secrets.flatMap(\.exposedValues) + (common.tokens?.exposed ?? [])
            + (common.role?.exposed ?? [])
        let secrets = plain + plain.map(FormText.encoded).filter { !plain.contains($0) }
        let clean = { (text: String) in
            secrets.reduce(text) { text, secret in
                secret.count < 4 ? text : text.replacing(secret, with: "<redacted>")
            }
        }
        switch kind {
        case .http(let status, let failure):
            return .http(status: status, failure.changing(clean))
        case .notPrometheus(let text): return .notPrometheus(clean(text))
        case .rejectedQuery(let status, let errorType, let text):
            return .rejectedQuery(status: status, errorType: errorType, text: clean(text))
        case .exceeded(let status, let errorType, let text):
            return .exceeded(status: status, errorType: errorType, text: clean(text))
        case .partial(let text): return .partial(clean(text))
        case .connect, .tls, .connectTimeout, .timeout, .laneTimeout, .broken, .malformed,
            .oversized, .limit,
            .ownGrid, .unavailable, .undecidable, .noRemoteRead, .noTurn, .noMemory, .loop,
            .cancelled:
            return kind
        }
    }
}

extension UpstreamClient {
    /// Whether a request made now would be refused without asking, because the member kept failing.
    /// Once a pause is over this is false again, so that somebody finds out whether it is back.
    public var isResting: Bool {
        state.withLock { $0.breaker.refuses(at: .now) }
    }

    /// Ends the pause of a member that kept failing, where none other can be asked.
    ///
    /// - Returns: whether it had one.
    func endRest() -> Bool { state.withLock { $0.breaker.endPause(at: .now) } }

    /// Whether a request is under way that finds out whether the member is back; others wait for
    /// what comes of it.
    public var isBeingProbed: Bool {
        state.withLock { if case .halfOpen = $0.breaker.state { true } else { false } }
    }

    /// Counts that it is asked beside another one that is slow.
    func countHedge() { common.link.withLock { $0.health.hedges += 1 } }
}

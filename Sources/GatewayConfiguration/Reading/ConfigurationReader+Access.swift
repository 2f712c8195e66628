import UpstreamSettings

extension ConfigurationReader {
    mutating func readQuery(_ node: ConfigurationNode) -> QuerySettings {
        var settings = QuerySettings()
        guard let section = Section<Keys.Query>(node, &report) else { return settings }
        for key in Keys.Query.allCases {
            switch key {
            case .lookback:
                section.duration(key, atLeast: .milliseconds(1), &report).map {
                    settings.lookback = $0
                }
            case .timeout:
                section.duration(key, atLeast: .milliseconds(1), &report).map {
                    settings.timeout = $0
                }
            case .maxSamples:
                section.integer(key, atLeast: 1, &report).map { settings.maxSamples = $0 }
            case .maxConcurrency:
                section.integer(key, atLeast: 1, &report).map { settings.maxConcurrency = $0 }
            case .defaultSubqueryStep:
                section.duration(key, atLeast: .milliseconds(1), &report).map {
                    settings.defaultSubqueryStep = $0
                }
            case .hedgeAfter:
                section.duration(key, atLeast: .milliseconds(1), &report).map {
                    settings.hedgeAfter = $0
                }
            case .rangeBoundary:
                section.choice(key, of: QuerySettings.RangeBoundary.self, &report).map {
                    settings.rangeBoundary = $0
                }
            case .features:
                for (name, place) in section.names(key, &report) ?? [] {
                    section.choice(name, at: place, of: QuerySettings.Feature.self, &report).map {
                        _ = settings.features.insert($0)
                    }
                }
            }
        }
        return settings
    }

    mutating func readLimits(_ node: ConfigurationNode) -> Limits {
        var limits = Limits()
        guard let section = Section<Keys.Limits>(node, &report) else { return limits }
        for key in Keys.Limits.allCases {
            switch key {
            case .maxQueueMemory: readSize(section, key, into: &limits.maxQueueMemory)
            case .maxAnswerMemory: readSize(section, key, into: &limits.maxAnswerMemory)
            case .maxQueryBytes: readSize(section, key, into: &limits.maxQueryBytes)
            case .maxMemberRequests: read(section, key, into: &limits.maxMemberRequests)
            case .maxMemberConcurrency: read(section, key, into: &limits.maxMemberConcurrency)
            case .maxSeries: read(section, key, into: &limits.maxSeries)
            case .maxResponseBytes: readSize(section, key, into: &limits.maxResponseBytes)
            case .maxInflatedBytes: readSize(section, key, into: &limits.maxInflatedBytes)
            case .heldAnswerBytes: readSize(section, key, into: &limits.heldAnswerBytes)
            case .maxConnections: read(section, key, into: &limits.maxConnections)
            case .maxHeaderBytes: readSize(section, key, into: &limits.maxHeaderBytes)
            case .maxFormBytes: readSize(section, key, into: &limits.maxFormBytes)
            case .idleTimeout:
                section.duration(key, atLeast: .seconds(1), &report).map { limits.idleTimeout = $0 }
            case .shutdownGrace:
                section.duration(key, atLeast: .zero, &report).map { limits.shutdownGrace = $0 }
            }
        }
        return limits
    }

    private mutating func read(
        _ section: Section<Keys.Limits>, _ key: Keys.Limits, atLeast least: Int = 1,
        into value: inout Int
    ) {
        if let read = section.integer(key, atLeast: least, &report) { value = read }
    }

    /// No limit of bytes below one KiB makes sense, and one such is a unit forgotten.
    private mutating func readSize(
        _ section: Section<Keys.Limits>, _ key: Keys.Limits, into value: inout Int
    ) {
        if let read = section.byteCount(key, atLeast: 1024, &report) { value = read }
    }
}

extension ConfigurationReader {
    mutating func readAuthentication(_ node: ConfigurationNode?) -> Authentication? {
        guard let node else { return nil }
        var authentication = Authentication()
        guard let section = Section<Keys.Auth>(node, &report) else { return authentication }
        authentication.anonymous = section.bool(.anonymous, &report) ?? false
        for (index, element) in (section.list(.tokens, &report) ?? []).enumerated() {
            let name = element.value(of: "name")?.scalar
            let subject = name.map { "token \($0)" } ?? "token #\(index)"
            guard let token = Section<Keys.Token>(element, subject: subject, &report) else {
                continue
            }
            let secret = readSecret(plain: .token, file: .tokenFile, of: token)
            let projects = token.names(.projects, &report)?.map(\.name)
            guard let name = token.text(.name, &report), !name.isEmpty else {
                report.error(at: token.place(of: .name), subject: subject, "name is required")
                continue
            }
            let isAdministrator = token.bool(.admin, &report) ?? false
            guard let digest = readDigest(secret, of: token, at: element) else { continue }
            secret?.file?.require(bytes: Self.leastTokenBytes)
            authentication.tokens.append(
                AccessToken(
                    name: name, digest: digest, file: secret?.file, projects: projects,
                    isAdministrator: isAdministrator))
        }
        if authentication.tokens.isEmpty, !authentication.anonymous, section[.tokens] == nil {
            report.error(
                at: node, "auth lets no client in",
                mend: "add tokens, or anonymous: true to let everybody read")
        }
        return authentication
    }

    private static var leastTokenBytes: Int { 8 }

    /// The digest of a token that is written in one of three ways; nil when it is not, which is
    /// reported.
    private mutating func readDigest(
        _ secret: Secret?, of token: Section<Keys.Token>, at element: ConfigurationNode
    ) -> SecretDigest? {
        let subject = token.subject
        if let hash = token.text(.tokenHash, &report).map(SecretText.trimmed) {
            if secret != nil {
                report.error(
                    at: token.place(of: .tokenHash), subject: subject,
                    "tokenHash and a token exclude each other", mend: "keep one of them")
            }
            guard let digest = SecretDigest(written: hash) else {
                report.error(
                    at: token.place(of: .tokenHash), subject: subject,
                    "is not the hash of a token", mend: "write sha256: and 64 hexadecimal digits")
                return nil
            }
            return digest
        }
        guard let secret else {
            if token[.token] == nil, token[.tokenFile] == nil {
                report.error(
                    at: element, subject: subject, "the token is missing",
                    mend: "write token: ${VARIABLE}, tokenFile or tokenHash")
            }
            return nil
        }
        guard secret.exposed.utf8.count >= Self.leastTokenBytes else {
            report.error(
                at: element, subject: subject, "the token is too short to be safe",
                mend: "use at least 8 characters")
            return nil
        }
        return SecretDigest(of: secret)
    }

    /// Projects that tokens name must exist.
    mutating func checkTokenProjects(
        _ node: ConfigurationNode?, _ configuration: Configuration
    ) {
        guard case .list(let tokens)? = node?.value(of: "tokens")?.content else { return }
        for token in tokens {
            guard case .list(let names)? = token.value(of: "projects")?.content else { continue }
            let subject = token.value(of: "name")?.scalar.map { "token \($0)" }
            for place in names {
                guard let name = place.scalar else { continue }
                checkProjectName(name, at: place, subject: subject, in: configuration)
            }
        }
    }
}

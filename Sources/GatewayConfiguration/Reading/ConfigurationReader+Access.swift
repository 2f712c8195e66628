import UpstreamSettings

extension ConfigurationReader {
    mutating func readAuthentication(_ node: ConfigurationNode?) -> Authentication? {
        guard let node else { return nil }
        var authentication = Authentication()
        guard let section = Section<Keys.Auth>(node, &report) else { return authentication }
        authentication.anonymous = section.bool(.anonymous, &report) ?? false
        authentication.tokenHeader =
            section.choice(.tokenHeader, of: Authentication.TokenHeader.self, &report) ?? .any
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
            var rights = TokenRights()
            _ = TokenSection.table.read(token.settings, into: &rights, &self)
            if isAdministrator, token.settings.isWritten("matchers") {
                report.error(
                    at: token.settings.place(of: "matchers"), subject: subject,
                    TokenSection.administratorProblem, mend: TokenSection.administratorMend)
            }
            guard let digest = readDigest(secret, of: token, at: element) else { continue }
            secret?.file?.require(bytes: Self.leastTokenBytes)
            authentication.tokens.append(
                AccessToken(
                    name: name, digest: digest, file: secret?.file, projects: projects,
                    isAdministrator: isAdministrator, rights: rights))
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

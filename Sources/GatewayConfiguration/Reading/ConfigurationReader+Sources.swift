import GoText
import UpstreamSettings

extension ConfigurationReader {
    mutating func readPrometheus(
        _ node: ConfigurationNode, subject: String?
    ) -> PrometheusSource? {
        PrometheusSection.table.read(node, subject: subject, &self)
    }

    mutating func readRemoteCoroot(
        _ node: ConfigurationNode, subject: String?
    ) -> Project.Kind? {
        missingRemoteKey = nil
        let remote = RemoteCorootSection.table.read(
            node, subject: subject, lenient: isLenient, &self)
        guard let remote else { return nil }
        if let missingRemoteKey { return .misconfigured(reason: missingRemoteKey) }
        return .remoteCoroot(remote)
    }

    /// A reference beats a plain key; a reference to nothing falls back to the plain key. Where there
    /// is none either, only this project is out of service, and `missingRemoteKey` says why.
    ///
    /// - Returns: nil for one that is wrong, which is reported.
    mutating func readRemoteKey(_ section: Section<SettingName>) -> Secret? {
        if let node = section["apiKeySecret"] {
            switch readSecretReference(node, subject: section.subject) {
            case nil: return nil
            case .found(let secret): return secret
            case .missing(_, _, let reason), .unusable(let reason):
                report.note(at: node, reason)
                missingRemoteKey = reason
            }
        }
        if let plain = section.text("apiKey", &report), !plain.isEmpty {
            missingRemoteKey = nil
            return secret(
                plain, at: section.place(of: "apiKey"), subject: section.subject,
                called: "the API key")
        }
        if case .unusable = section["apiKey"]?.content { return nil }
        if missingRemoteKey != nil { return Secret("") }
        report.error(
            at: section.place(of: "apiKey"), subject: section.subject, "missing api key",
            mend: "write apiKey: ${VARIABLE}, or apiKeySecret with name and key")
        return nil
    }

    mutating func readCredentials(_ section: Section<SettingName>) -> Credentials {
        let proven = readProvenCredentials(section)
        let bearer = readSecret(
            plain: "bearerToken", file: "bearerTokenFile", of: section)
        // As from a variable that is set to nothing.
        if let bearer, bearer.exposed.isEmpty {
            report.error(
                at: section.place(of: "bearerToken"), subject: section.subject,
                "the token is empty", mend: "give it a value, or remove bearerToken")
        }
        if let proven { return proven }
        guard let node = section["basicAuth"] else { return bearer.map { .bearer($0) } ?? .none }
        if section["bearerToken"] != nil || section["bearerTokenFile"] != nil {
            report.error(
                at: node, subject: section.subject,
                "basicAuth and a bearer token exclude each other", mend: "keep one of them")
        }
        guard
            let basic = Section<SettingName>(
                node, subject: section.subject, shape: BasicAuthSection.shape, &report)
        else {
            return .none
        }
        let password = readSecret(plain: "password", file: "passwordFile", of: basic)
        guard
            let username = basic.text("username", &report).flatMap({
                secret(
                    $0, at: basic.place(of: "username"), subject: section.subject,
                    called: "the user name")
            })
        else {
            if basic["username"] != nil { return .none }
            report.error(
                at: basic.place(of: "username"), subject: section.subject, "a user name is needed")
            return .none
        }
        return .basic(username: username.exposed, password: password ?? Secret(""))
    }

    /// `oauth2` or `sigv4`, which exclude all other credentials; nil where neither is there.
    private mutating func readProvenCredentials(
        _ section: Section<SettingName>
    ) -> Credentials? {
        let all: [SettingName] = ["basicAuth", "bearerToken", "bearerTokenFile", "oauth2", "sigv4"]
        for (index, key) in all.enumerated() where index > 2 {
            guard let node = section[key] else { continue }
            for other in all.prefix(index) where section[other] != nil {
                report.error(
                    at: node, subject: section.subject,
                    "\(key.rawValue) and \(other.rawValue) exclude each other",
                    mend: "keep one of them")
            }
        }
        let tokens = section["oauth2"].flatMap {
            OAuth2Section.table.read($0, subject: section.subject, &self)
        }
        let signatures = section["sigv4"].flatMap {
            SigV4Section.table.read($0, subject: section.subject, &self)
        }
        return tokens.map { .oauth2($0) } ?? signatures.map { .sigV4($0) }
    }

    /// The `basicAuth` of a resource's Prometheus. As of other secrets, a reference beats the plain
    /// password, and one to nothing falls back to it; `missingPassword` then says why there is none.
    mutating func readExternalCredentials(_ section: Section<SettingName>) -> Credentials {
        missingPassword = nil
        guard let node = section["basicAuth"],
            let basic = Section<SettingName>(
                node, lenient: true, shape: ExternalPrometheusSection.basicAuth, &report)
        else { return .none }
        let user = basic.text("username", &report) ?? ""
        if let reference = basic["passwordSecret"] {
            switch readSecretReference(reference, subject: nil) {
            case nil: return .none
            case .found(let password): return .basic(username: user, password: password)
            case .missing(_, _, let reason), .unusable(let reason):
                report.note(at: reference, reason)
                missingPassword = reason
            }
        }
        guard let text = basic.text("password", &report), !text.isEmpty else {
            return .basic(username: user, password: Secret(""))
        }
        missingPassword = nil
        let password = secret(
            text, at: basic.place(of: "password"), subject: nil, called: "the password")
        return .basic(username: user, password: password ?? Secret(""))
    }

    /// A secret written in place or in a file of its own.
    mutating func readSecret<Key>(
        plain: Key, file: Key, of section: Section<Key>
    ) -> Secret? {
        if section[plain] != nil, let node = section[file] {
            report.error(
                at: node, subject: section.subject,
                "\(plain.rawValue) and \(file.rawValue) exclude each other",
                mend: "keep one of them")
        }
        if let text = section.text(plain, &report) {
            let nouns = [
                "password": "password", "secret": "secret", "clientSecret": "client secret",
                "secretKey": "secret key",
            ]
            return secret(
                text, at: section.place(of: plain), subject: section.subject,
                called: "the \(nouns[plain.rawValue] ?? "token")")
        }
        guard let path = section.text(file, &report) else { return nil }
        do throws(SecretFiles.Failure) {
            return try secrets.file(path)
        } catch let failure {
            let problem: String
            switch failure {
            case .missing: problem = "there is no file \(path)"
            case .unreadable(let why): problem = "\(path) \(why)"
            }
            report.error(at: section.place(of: file), subject: section.subject, problem)
            return nil
        }
    }
}

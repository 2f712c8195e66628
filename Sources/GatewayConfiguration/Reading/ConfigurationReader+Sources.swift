import GoText
import UpstreamSettings

extension ConfigurationReader {
    mutating func readPrometheus(
        _ node: ConfigurationNode, subject: String?
    ) -> PrometheusSource? {
        guard let section = Section<Keys.Prometheus>(node, subject: subject, &report) else {
            return nil
        }
        let credentials = readCredentials(section)
        let headers = readHeaders(section)
        let tls = readTLS(section[.tls], skipVerify: section.bool(.tlsSkipVerify, &report), subject)
        let acceptEncoding = section.choice(.acceptEncoding, of: AcceptEncoding.self, &report)
        let timeout = section.duration(.timeout, atLeast: .milliseconds(1), &report)
        let capabilities = readCapabilities(section)
        let externalLabels = readExternalLabels(section)
        guard let url = section.url(.url, &report) else { return nil }
        var source = PrometheusSource(
            url: url, credentials: credentials, headers: headers, tls: tls,
            acceptEncoding: acceptEncoding ?? .auto,
            timeout: timeout ?? PrometheusSource.defaultTimeout)
        source.capabilities = capabilities
        source.externalLabels = externalLabels
        return source
    }

    private mutating func readCapabilities(
        _ section: Section<Keys.Prometheus>
    ) -> EndpointSupport {
        var found = EndpointSupport()
        guard let node = section[.capabilities],
            let keys = Section<Keys.Capabilities>(node, subject: section.subject, &report)
        else { return found }
        let read = { (key: Keys.Capabilities, report: inout ConfigurationReport) in
            keys.choice(key, of: EndpointSupport.Support.self, &report) ?? .auto
        }
        found.instantQuery = read(.instantQuery, &report)
        found.labelNames = read(.labelNames, &report)
        found.labelValues = read(.labelValues, &report)
        found.stepGrid = read(.stepGrid, &report)
        return found
    }

    private mutating func readExternalLabels(
        _ section: Section<Keys.Prometheus>
    ) -> [String: String]? {
        guard let entries = section.freeMapping(.externalLabels, &report) else { return nil }
        var labels: [String: String] = [:]
        for entry in entries {
            guard !entry.key.isEmpty else {
                report.error(
                    at: entry.value, subject: section.subject, "a label needs a name")
                continue
            }
            guard let value = section.text(of: entry.value, &report) else { continue }
            labels[entry.key] = value
        }
        return labels
    }

    mutating func readRemoteCoroot(
        _ node: ConfigurationNode, subject: String?
    ) -> Project.Kind? {
        guard
            let section = Section<Keys.RemoteCoroot>(
                node, subject: subject, lenient: isLenient, &report)
        else { return nil }
        let url = section.url(.url, &report)
        let resolution = readResolution(section)
        let tls = readTLS(section[.tls], skipVerify: section.bool(.tlsSkipVerify, &report), subject)
        let acceptEncoding = section.choice(.acceptEncoding, of: AcceptEncoding.self, &report)
        let timeout = section.duration(.timeout, atLeast: .milliseconds(1), &report)
        let key = readRemoteKey(section)
        guard let url else { return nil }
        switch key {
        case .unusable: return nil
        case .missing(let reason): return .misconfigured(reason: reason)
        case .key(let key):
            return .remoteCoroot(
                RemoteCoroot(
                    url: url, apiKey: key,
                    metricResolution: resolution ?? RemoteCoroot.defaultResolution, tls: tls,
                    acceptEncoding: acceptEncoding ?? .auto,
                    timeout: timeout ?? PrometheusSource.defaultTimeout))
        }
    }

    private enum RemoteKey {
        case key(Secret)
        /// A secret that is not there: only this project is out of service.
        case missing(reason: String)
        /// Reported.
        case unusable
    }

    /// A reference beats a plain key; a reference to nothing falls back to the plain key.
    private mutating func readRemoteKey(_ section: Section<Keys.RemoteCoroot>) -> RemoteKey {
        var missing: String?
        if let node = section[.apiKeySecret] {
            switch readSecretReference(node, subject: section.subject) {
            case nil: return .unusable
            case .found(let secret): return .key(secret)
            case .missing(_, _, let reason), .unusable(let reason):
                report.note(at: node, reason)
                missing = reason
            }
        }
        if let plain = section.text(.apiKey, &report), !plain.isEmpty {
            let place = section.place(of: .apiKey)
            let key = secret(plain, at: place, subject: section.subject, called: "the API key")
            return key.map { .key($0) } ?? .unusable
        }
        if case .unusable = section[.apiKey]?.content { return .unusable }
        if let missing { return .missing(reason: missing) }
        report.error(
            at: section.place(of: .apiKey), subject: section.subject, "missing api key",
            mend: "write apiKey: ${VARIABLE}, or apiKeySecret with name and key")
        return .unusable
    }

    private mutating func readResolution(_ section: Section<Keys.RemoteCoroot>) -> Duration? {
        guard let text = section.text(.metricResolution, &report) else { return nil }
        let place = section.place(of: .metricResolution)
        guard let resolution = DurationText.duration(text),
            resolution <= ConfigurationReader.longestDuration
        else {
            report.error(
                at: place, subject: section.subject, "\"\(text)\" is not a duration",
                mend: "write a number and one of s, m, h, d, w, y, as 15s")
            return nil
        }
        guard resolution >= .seconds(1) else {
            report.error(
                at: place, subject: section.subject, "metric_resolution too short",
                mend: "write at least 1s")
            return nil
        }
        return resolution
    }

    private mutating func readCredentials(_ section: Section<Keys.Prometheus>) -> Credentials {
        let bearer = readSecret(
            plain: .bearerToken, file: .bearerTokenFile, of: section)
        // As from a variable that is set to nothing.
        if let bearer, bearer.exposed.isEmpty {
            report.error(
                at: section.place(of: .bearerToken), subject: section.subject,
                "the token is empty", mend: "give it a value, or remove bearerToken")
        }
        guard let node = section[.basicAuth] else { return bearer.map { .bearer($0) } ?? .none }
        if section[.bearerToken] != nil || section[.bearerTokenFile] != nil {
            report.error(
                at: node, subject: section.subject,
                "basicAuth and a bearer token exclude each other", mend: "keep one of them")
        }
        guard let basic = Section<Keys.BasicAuth>(node, subject: section.subject, &report) else {
            return .none
        }
        let password = readSecret(plain: .password, file: .passwordFile, of: basic)
        guard
            let username = basic.text(.username, &report).flatMap({
                secret(
                    $0, at: basic.place(of: .username), subject: section.subject,
                    called: "the user name")
            })
        else {
            if basic[.username] != nil { return .none }
            report.error(
                at: basic.place(of: .username), subject: section.subject, "a user name is needed")
            return .none
        }
        return .basic(username: username.exposed, password: password ?? Secret(""))
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
            return secret(
                text, at: section.place(of: plain), subject: section.subject,
                called: "the \(plain.rawValue == "password" ? "password" : "token")")
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

    private mutating func readHeaders(
        _ section: Section<Keys.Prometheus>
    ) -> [NamedSecret] {
        let credential = [Keys.Prometheus.basicAuth, .bearerToken, .bearerTokenFile]
            .first { section[$0] != nil }
        var rules = HeaderRules(credential: credential?.rawValue)
        var headers: [NamedSecret] = []
        for entry in section.freeMapping(.headers, &report) ?? [] {
            var place = entry.value
            (place.line, place.column) = (entry.line, entry.column)
            if let refusal = rules.refusal(of: entry.key, line: entry.line) {
                report.error(
                    at: place, subject: section.subject, refusal.problem, mend: refusal.mend)
                continue
            }
            guard let text = section.text(of: entry.value, &report),
                let value = secret(
                    text, at: entry.value, subject: section.subject,
                    called: "the value of header \(entry.key)")
            else { continue }
            headers.append(NamedSecret(name: entry.key, value: value))
        }
        // The store keeps no order, and a file must be what it was when it is read again.
        return headers.sorted { $0.name < $1.name }
    }

    private mutating func readTLS(
        _ node: ConfigurationNode?, skipVerify: Bool?, _ subject: String?
    ) -> TLSSettings {
        var settings = TLSSettings(skipVerify: skipVerify ?? false)
        guard let node, let section = Section<Keys.TLS>(node, subject: subject, &report) else {
            return settings
        }
        settings.caFile = section.text(.caFile, &report)
        settings.certFile = section.text(.certFile, &report)
        settings.keyFile = section.text(.keyFile, &report)
        settings.serverName = section.text(.serverName, &report)
        if let skip = section.bool(.skipVerify, &report) { settings.skipVerify = skip }
        if (settings.certFile == nil) != (settings.keyFile == nil) {
            report.error(
                at: node, subject: subject, "certFile and keyFile belong together",
                mend: "write both or neither")
        }
        return settings
    }
}

import UpstreamSettings

/// The definition of one project as a document: a block of `projects` in the configuration file,
/// read by the rules of the file.
public enum ProjectDocument {
    /// Stands for a secret in what people are shown. Sent back, it keeps the secret that is stored.
    public static let redacted = "<redacted>"

    private static let misconfigured = "misconfigured"
    /// In what is stored: the files that secrets come from, by the keys of the secrets.
    private static let secretFiles = "secretFiles"

    /// What people are shown: no secret, no keys.
    public static func shown(_ project: Project) -> DocumentValue {
        document(project) { _ in redacted }
    }

    /// What the store keeps; the name is kept beside it.
    static func written(_ project: Project) -> String {
        var document = document(project) { $0.exposed }
        document["name"] = nil
        // Members by name have a table of their own.
        let wildcards = project.memberChoice.wildcards
        document["memberProjects"] =
            wildcards.isEmpty ? nil : .list(wildcards.map { .text($0.description) })
        let files = Self.files(of: project)
        if !files.isEmpty {
            document[secretFiles] = .mapping(files.mapValues { .text($0.path) })
        }
        return String(decoding: document.json, as: UTF8.self)
    }

    /// The files that secrets of a project come from, by the keys of the secrets.
    private static func files(of project: Project) -> [String: SecretFile] {
        var files: [String: SecretFile] = [:]
        switch project.kind {
        case .prometheus(let source): files["prometheus"] = source.credentials.secret?.file
        case .replicas(let group):
            for (index, replica) in group.replicas.enumerated() {
                files[fileKey(ofReplica: index)] = replica.prometheus?.credentials.secret?.file
            }
        case .remoteCoroot(let remote): files["remoteCoroot"] = remote.apiKey.file
        case .clusterPool, .telemetryOnly, .multiCluster, .misconfigured: break
        }
        for source in project.telemetry.all {
            files[source.kind.rawValue] = source.credentials.secret?.file
        }
        return files
    }

    private static func fileKey(ofReplica index: Int) -> String { "replicas[\(index)]" }

    /// The project with its secret read from the file that it came from, if that is there.
    private static func attach(_ files: DocumentValue?, to project: Project) -> Project {
        func current(_ secret: Secret, _ key: String) -> Secret {
            guard let path = files?[key]?.text else { return secret }
            return (try? SecretFiles().file(path, isWatched: true)) ?? secret
        }
        func attach(to source: inout PrometheusSource, _ key: String) {
            guard let secret = source.credentials.secret else { return }
            source.credentials = source.credentials.replacing(current(secret, key))
        }
        var project = project
        switch project.kind {
        case .prometheus(var source):
            attach(to: &source, "prometheus")
            project.kind = .prometheus(source)
        case .replicas(var group):
            for index in group.replicas.indices {
                guard var source = group.replicas[index].prometheus else { continue }
                attach(to: &source, fileKey(ofReplica: index))
                group.replicas[index].source = .prometheus(source)
            }
            project.kind = .replicas(group)
        case .remoteCoroot(var remote):
            remote.apiKey = current(remote.apiKey, "remoteCoroot")
            project.kind = .remoteCoroot(remote)
        case .clusterPool, .telemetryOnly, .multiCluster, .misconfigured: break
        }
        for var source in project.telemetry.all {
            guard let secret = source.credentials.secret else { continue }
            source.credentials = source.credentials.replacing(
                current(secret, source.kind.rawValue))
            project.telemetry[source.kind] = source
        }
        return project
    }

    /// Reads what `written` made. What breaks the rules, as they are by now, is out of service, and
    /// the other projects go on.
    static func read(_ text: String, name: String, members: [String]) throws -> Project {
        var document = try DocumentValue(written: Array(text.utf8))
        if let reason = document[misconfigured]?.text {
            return Project(name: name, kind: .misconfigured(reason: reason))
        }
        document["name"] = .text(name)
        let files = document[secretFiles]
        document[secretFiles] = nil
        if !members.isEmpty {
            var all = members.map { DocumentValue.text($0) }
            if case .list(let wildcards)? = document["memberProjects"] { all += wildcards }
            document["memberProjects"] = .list(all)
        }
        var reader = ConfigurationReader(secrets: SecretFiles(), existingProjects: Set(members))
        // The configuration file has it.
        reader.partitionLabel = nil
        let projects = reader.readProjects([document.node()])
        guard let project = projects.first, reader.report.errors.isEmpty else {
            let reasons = reader.report.errors.map { error in
                "\(error.keyPath): \(error.problem)" + (error.mend.map { "; \($0)" } ?? "")
            }
            return Project(
                name: name,
                kind: .misconfigured(
                    reason: "its definition in the store breaks a rule: "
                        + reasons.joined(separator: "; ")))
        }
        return attach(files, to: project)
    }

    /// Reads what somebody sent.
    ///
    /// - Parameters:
    ///   - known: The other projects, which may be members, and whose names are taken.
    ///   - old: The project as it was, whose secrets are kept where `redacted` stands, as long as
    ///     they go to the same server.
    ///   - partitionLabel: What no static label may be.
    ///   - keepsAuthorization: Whether no server may be sent the client's `Authorization`.
    static func read(
        _ document: DocumentValue, name: String, among known: [Project], old: Project?,
        partitionLabel: String, keepsAuthorization: Bool = false
    ) throws(StoreRefusal) -> Project {
        guard case .mapping = document else {
            throw .invalid("the body is not an object with a project in it")
        }
        try refuseForeignSecrets(document, path: "", stored: old.map(shown))
        var document = document
        if case .text(redacted)? = document.firstText(where: { $0 == redacted }) {
            document = try withKeptSecrets(document, old: old)
        }
        document["name"] = .text(name)
        // An empty list is what a form sends that lists no members.
        if case .list(let members)? = document["memberProjects"], members.isEmpty {
            document["memberProjects"] = nil
        }
        let regular = Set(known.filter { !$0.isMultiCluster }.map(\.name))
        let aggregates = known.filter(\.isMultiCluster).map { shown($0).node() }
        var reader = ConfigurationReader(secrets: SecretFiles(), existingProjects: regular)
        reader.partitionLabel = partitionLabel
        reader.keepsAuthorization = keepsAuthorization
        let projects = reader.readProjects(aggregates + [document.node()])
        // Of the others only their names and members matter here.
        let errors = reader.report.errors.filter { $0.subject == "project \(name)" }
        guard errors.isEmpty, let project = projects.last, project.name == name else {
            throw .invalid(errors)
        }
        return project
    }

    private static let shape = ConfigurationKeys.Project.shape
    private static let keysOfThisMachine = shape.names(where: \.isOfThisMachine)
    private static let mappings = shape.names(where: \.type.isMapping)

    /// Files and secrets of the gateway's machine are for its configuration file alone; keys are
    /// made by the gateway.
    ///
    /// - Parameter stored: What is in the same place of the project as it was. A project that came
    ///   from the file keeps the files that it has.
    private static func refuseForeignSecrets(
        _ document: DocumentValue, path: String, stored: DocumentValue?
    ) throws(StoreRefusal) {
        switch document {
        case .list(let elements):
            for (index, element) in elements.enumerated() {
                try refuseForeignSecrets(
                    element, path: path + "[]", stored: stored?.element(at: index))
            }
        case .mapping(let pairs):
            for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
                let inner = path.isEmpty ? key : "\(path).\(key)"
                let isInMapping = mappings.contains { path == $0 || path.hasSuffix(".\($0)") }
                if !isInMapping, keysOfThisMachine.contains(key), stored?[key] != value {
                    throw .invalid(
                        "\(inner) can only be used in the configuration file",
                        mend: path.hasSuffix("tls")
                            ? "leave it out" : "send the secret itself")
                }
                if path.isEmpty, key == "apiKeys" || key == "api_keys" {
                    throw .invalid(
                        "\(key) cannot be sent: keys are made by the gateway",
                        mend: "POST to /api/projects/<project>/keys")
                }
                try refuseForeignSecrets(value, path: inner, stored: stored?[key])
            }
        case .null, .bool, .number, .text: return
        }
    }

    private static func withKeptSecrets(
        _ document: DocumentValue, old: Project?
    ) throws(StoreRefusal) -> DocumentValue {
        let problem = "\(redacted) keeps a secret only while its server stays the same"
        guard let old else { throw .invalid(problem, mend: "send the secret itself") }
        let stored = Self.document(old) { $0.exposed }
        var document = document
        let servers = ["prometheus", "remoteCoroot"] + TelemetryKind.allCases.map(\.rawValue)
        for source in servers {
            guard let new = document[source] else { continue }
            document[source] = withKeptSecrets(new, of: stored[source])
        }
        if case .list(var replicas)? = document["replicas"] {
            for (index, replica) in replicas.enumerated() {
                guard let new = replica["prometheus"] else { continue }
                let kept = stored["replicas"]?.element(at: index)?["prometheus"]
                replicas[index]["prometheus"] = withKeptSecrets(new, of: kept)
            }
            document["replicas"] = .list(replicas)
        }
        guard document.firstText(where: { $0 == redacted }) == nil else {
            throw .invalid(problem, mend: "send the secret itself")
        }
        return document
    }

    /// A server's settings with the secrets that it had, where it is still the same server.
    private static func withKeptSecrets(
        _ new: DocumentValue, of kept: DocumentValue?
    ) -> DocumentValue {
        let url = new["url"]?.text.flatMap { try? ServerURL($0).description }
        guard let kept, let url, kept["url"]?.text == url, tlsIsSame(new, kept),
            wayIsSame(new, kept)
        else { return new }
        return new.replacing(redacted, from: kept)
    }

    /// An edit that turns verification off would let a third party read the secret on its way.
    private static func tlsIsSame(_ new: DocumentValue, _ old: DocumentValue) -> Bool {
        let skips = { (document: DocumentValue) in
            document["tlsSkipVerify"] == .bool(true)
                || document["tls"]?["skipVerify"] == .bool(true)
        }
        return skips(new) == skips(old)
            && new["tls"]?["caFile"] ?? .null == old["tls"]?["caFile"] ?? .null
            && new["tls"]?["serverName"] ?? .null == old["tls"]?["serverName"] ?? .null
    }

    /// Secrets go through a proxy, that of OAuth 2.0 to the endpoint of tokens, and the session token
    /// of `sigv4` to that of STS.
    private static func wayIsSame(_ new: DocumentValue, _ old: DocumentValue) -> Bool {
        func url(_ value: DocumentValue?) -> String? {
            value?.text.map { text in (try? ServerURL(text).description) ?? text }
        }
        return url(new["proxyUrl"]) == url(old["proxyUrl"])
            && url(new["oauth2"]?["tokenUrl"]) == url(old["oauth2"]?["tokenUrl"])
            && url(new["sigv4"]?["stsUrl"]) == url(old["sigv4"]?["stsUrl"])
    }

    // MARK: Writing

    private static func document(
        _ project: Project, _ secret: (Secret) -> String
    ) -> DocumentValue {
        var document = DocumentValue(ConfigurationKeys.Project.settings.written(project), secret)
        document["name"] = .text(project.name)
        switch project.kind {
        case .prometheus(let source):
            document["prometheus"] = DocumentValue(PrometheusSection.table.written(source), secret)
        case .replicas(let group):
            document["replicas"] = .list(
                group.replicas.map { DocumentValue(ReplicaSection.table.written($0), secret) })
            if !group.labels.isEmpty {
                document["replicaLabels"] = .list(group.labels.map { .text($0) })
            }
            document["dedup"] = .text(group.deduplication.rawValue)
        case .remoteCoroot(let remote):
            document["remoteCoroot"] = DocumentValue(
                RemoteCorootSection.table.written(remote), secret)
        case .clusterPool(.attributes): document["clusterPool"] = .text("attributes")
        case .clusterPool(.pool(let pool)): document["clusterPool"] = .text(pool)
        case .multiCluster:
            let members = project.writtenMembers
            if !members.isEmpty {
                document["memberProjects"] = .list(members.map { .text($0) })
            }
        case .telemetryOnly: break
        case .misconfigured(let reason): document[misconfigured] = .text(reason)
        }
        for source in project.telemetry.all {
            let table = TelemetrySection.table(source.kind)
            document[source.kind.rawValue] = DocumentValue(table.written(source), secret)
        }
        return document
    }
}

extension DocumentValue {
    /// The settings of a section, secrets as they are to be.
    init(_ pairs: [WrittenSetting.Pair], _ secret: (Secret) -> String) {
        let values = pairs.map { ($0.name, DocumentValue($0.value, secret)) }
        self = .mapping(Dictionary(values, uniquingKeysWith: { _, last in last }))
    }

    private init(_ setting: WrittenSetting, _ secret: (Secret) -> String) {
        switch setting {
        case .text(let text), .word(let text): self = .text(text)
        case .number(let number): self = .number(String(number))
        case .flag(let flag): self = .bool(flag)
        case .secret(let value): self = .text(secret(value))
        case .list(let names): self = .list(names.map { .text($0) })
        case .lines(let pairs), .braces(let pairs): self.init(pairs, secret)
        }
    }

    /// nil where this is no list, or a shorter one.
    fileprivate func element(at index: Int) -> DocumentValue? {
        guard case .list(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The first text, anywhere within, that fits.
    fileprivate func firstText(where fits: (String) -> Bool) -> DocumentValue? {
        switch self {
        case .null, .bool, .number: return nil
        case .text(let text): return fits(text) ? self : nil
        case .list(let elements):
            for element in elements {
                if let found = element.firstText(where: fits) { return found }
            }
            return nil
        case .mapping(let pairs):
            for value in pairs.values {
                if let found = value.firstText(where: fits) { return found }
            }
            return nil
        }
    }

    /// A copy in which every text `hidden` is what stands in the same place of another document.
    fileprivate func replacing(
        _ hidden: String, from other: DocumentValue?
    ) -> DocumentValue {
        switch self {
        case .text(hidden):
            if case .text? = other { return other ?? self }
            return self
        case .mapping(let pairs):
            return .mapping(
                Dictionary(
                    uniqueKeysWithValues: pairs.map { key, value in
                        (key, value.replacing(hidden, from: other?[key]))
                    }))
        case .null, .bool, .number, .text, .list: return self
        }
    }
}

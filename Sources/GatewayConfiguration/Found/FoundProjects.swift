import UpstreamSettings

/// Reads what a source of members told: target groups as in Prometheus's service discovery, one
/// project a target, by the rules of the configuration file.
public enum FoundProjects {
    /// How many projects one source may tell.
    public static let most = 1000

    /// Reads the answer of a server.
    ///
    /// - Parameters:
    ///   - source: What it is called in errors.
    ///   - partitionLabel: What no label may be.
    public static func read(
        json: [UInt8], source: String, partitionLabel: String
    ) throws(ConfigurationErrors) -> [Project] {
        let document: DocumentValue
        do throws(StoreRefusal) {
            document = try DocumentValue(json: json)
        } catch {
            let problem = error.description.replacing("the body is", with: "the answer is")
            throw ConfigurationErrors(path: source, errors: [ConfigurationError(problem: problem)])
        }
        var reader = reader(partitionLabel)
        let projects = reader.readTargetGroups([document.node()])
        // Of an answer there are no lines to tell.
        let errors = reader.report.errors.map { error in
            var error = error
            error.line = nil
            return error
        }
        guard errors.isEmpty else { throw ConfigurationErrors(path: source, errors: errors) }
        return projects
    }

    /// Reads what files hold, as JSON or as YAML.
    public static func read(
        _ look: FileLook, partitionLabel: String
    ) throws(ConfigurationErrors) -> [Project] {
        var reader = reader(partitionLabel)
        var documents: [ConfigurationNode] = []
        for problem in look.problems.sorted(by: { $0.key < $1.key }).map(\.value) {
            reader.report.error(ConfigurationError(problem: problem.problem, mend: problem.mend))
        }
        for file in look.files {
            switch file.content {
            case .problem(let problem):
                reader.report.error(ConfigurationError(file: file.path, problem: problem))
            case .text(let text):
                // What others write must not read the gateway's variables.
                let read = YAMLDocuments(substitution: nil, file: file.path)
                    .read(text, &reader.report)
                if read.isEmpty, reader.report.errors.isEmpty {
                    reader.report.error(
                        ConfigurationError(
                            file: file.path, problem: "the file is empty",
                            mend: "write [] for no targets"))
                }
                documents += read
            }
        }
        let projects = reader.readTargetGroups(documents)
        let errors = reader.report.sortedErrors
        guard errors.isEmpty else {
            throw ConfigurationErrors(path: "discovery.files", errors: errors)
        }
        return projects
    }

    private static func reader(_ partitionLabel: String) -> ConfigurationReader {
        var reader = ConfigurationReader(secrets: SecretFiles(), existingProjects: [])
        reader.partitionLabel = partitionLabel
        return reader
    }
}

extension ConfigurationReader {
    fileprivate mutating func readTargetGroups(_ documents: [ConfigurationNode]) -> [Project] {
        var elements: [ConfigurationNode] = []
        for document in documents {
            guard case .list(let groups) = document.content else {
                report.error(
                    at: document, "must be a list of target groups, not \(document.kindName)",
                    mend: "write [{\"targets\": [\"host:port\"], "
                        + "\"labels\": {\"__project__\": \"name\"}}]")
                continue
            }
            for group in groups { elements += readTargetGroup(group) }
        }
        guard elements.count <= FoundProjects.most else {
            report.error(
                ConfigurationError(
                    problem:
                        "\(elements.count) targets are told; at most \(FoundProjects.most) are "
                        + "allowed", mend: "tell fewer"))
            return []
        }
        return readProjects(elements)
    }

    /// Each target as a block of `projects`.
    private mutating func readTargetGroup(_ node: ConfigurationNode) -> [ConfigurationNode] {
        guard
            let section = Section<Keys.TargetGroup>(node, lenient: true, &report),
            let targets = section.names(.targets, &report)
        else {
            if case .mapping = node.content, node.value(of: "targets") == nil {
                report.error(at: node, "the group has no targets", mend: "list them as host:port")
            }
            return []
        }
        var special: [String: ConfigurationNode] = [:]
        var labels: [ConfigurationNode.Entry] = []
        for entry in section.freeMapping(.labels, &report) ?? [] {
            // A label without a value is none.
            guard case .scalar(let text) = entry.value.content, !text.isEmpty else {
                if case .scalar = entry.value.content { continue }
                if case .null = entry.value.content { continue }
                report.error(
                    at: entry.value,
                    "label \(entry.key) must be a text, not \(entry.value.kindName)")
                continue
            }
            if entry.key.hasPrefix("__") {
                special[entry.key] = entry.value
            } else {
                labels.append(entry)
            }
        }
        guard let name = special["__project__"] else {
            if !targets.isEmpty {
                report.error(
                    at: section.place(of: .labels), "the label __project__ is missing",
                    mend: "give each target the name of its project")
            }
            return []
        }
        return targets.compactMap { target, place in
            guard Self.isAuthority(target) else {
                report.error(
                    at: place, subject: name.scalar.map { "project \($0)" },
                    "\"\(target)\" is no target", mend: "write it as host:port")
                return nil
            }
            let scheme = special["__scheme__"]?.scalar ?? "http"
            let prefix = special["__path_prefix__"]?.scalar ?? ""
            let slash = prefix.isEmpty || prefix.hasPrefix("/") ? "" : "/"
            func value(_ content: ConfigurationNode.Content) -> ConfigurationNode {
                var value = place
                value.content = content
                return value
            }
            func entry(_ key: String, _ node: ConfigurationNode) -> ConfigurationNode.Entry {
                .init(key: key, line: node.line, column: node.column, value: node)
            }
            let url = value(.scalar("\(scheme)://\(target)\(slash)\(prefix)"))
            return value(
                .mapping([
                    entry("name", name), entry("prometheus", value(.mapping([entry("url", url)]))),
                    entry("labels", value(.mapping(labels))),
                ]))
        }
    }

    /// Whether a text can only be a host and a port of a URL.
    private static func isAuthority(_ text: String) -> Bool {
        !text.isEmpty
            && !text.utf8.contains { byte in
                byte <= 0x20 || "/?#@\\".utf8.contains(byte)
            }
    }
}

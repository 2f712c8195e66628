import UpstreamSettings

extension Configuration {
    /// The configuration in force as YAML, with every default written out and every secret left
    /// out, for people who look at a running gateway.
    public var redactedYAML: String {
        var lines = ["listen_address: \(quoted(listenAddress.description))"]
        if let tls {
            lines += WrittenSetting.lines(ServerTLSSection.table.written(tls)).lines("tls")
        }
        if !urlBasePath.isEmpty { lines.append("url_base_path: \(quoted(urlBasePath))") }
        if let dataDirectory { lines.append("data_dir: \(quoted(dataDirectory))") }
        if postgres != nil { lines.append("postgres: {connection_string: \(redacted)}") }
        if let defaultProject { lines.append("defaultProject: \(defaultProject)") }
        lines.append("partitionLabel: \(partitionLabel)")
        if let authentication { lines += authentication.lines }
        lines += WrittenSetting.lines(QuerySection.table.written(query)).lines("query")
        lines += WrittenSetting.lines(LimitsSection.table.written(limits)).lines("limits")
        lines += WrittenSetting.lines(CacheSection.table.written(cache)).lines("cache")
        lines += WrittenSetting.lines(ProbesSection.table.written(probes)).lines("probes")
        lines += WrittenSetting.lines(LogSection.table.written(log)).lines("log")
        if let tracing {
            lines += WrittenSetting.lines(TracingSection.table.written(tracing)).lines("tracing")
        }
        lines += WrittenSetting.lines(WebSection.table.written(web)).lines("web")
        if !projectFiles.patterns.isEmpty {
            let patterns = projectFiles.patterns.map(\.description)
            lines.append("# projectFiles: \(list(patterns)), whose projects are among these")
        }
        lines.append("projects:")
        for project in projects { lines += project.lines }
        if !clusters.isEmpty { lines.append("clusters:") }
        for cluster in clusters {
            lines.append("  - name: \(quoted(cluster.name))")
            lines += (cluster.source.lines + cluster.telemetry.lines).map { "    " + $0 }
            if let bucket = cluster.bucketName {
                lines.append("    storage: {bucketName: \(quoted(bucket))}")
            }
            lines.append("    enabled: \(cluster.enabled)")
        }
        if !clusterPools.isEmpty { lines.append("clusterPools:") }
        for pool in clusterPools { lines.append("  \(quoted(pool.name)): \(pool.inOneLine)") }
        if !clusterPoolAttributes.isEmpty { lines.append("clusterPoolAttributes:") }
        for attribute in clusterPoolAttributes {
            let workflow = attribute.workflow.map { ", workflow: \(quoted($0))" } ?? ""
            lines.append(
                "  - {project: \(quoted(attribute.project)), domain: \(quoted(attribute.domain))"
                    + "\(workflow), clusterPoolName: \(quoted(attribute.clusterPoolName))}")
        }
        if clusterPoolAssignments != ClusterPoolAssignments() {
            lines.append("clusterPoolAssignments:")
            lines.append("  projects: \(mapping(clusterPoolAssignments.projects))")
            lines.append("  domains: \(mapping(clusterPoolAssignments.domains))")
        }
        if bucketRule != .enforce { lines.append("bucketRule: \(bucketRule.rawValue)") }
        return lines.joined(separator: "\n") + "\n"
    }
}

private let redacted = "<redacted>"

/// Plain where that is safe to read back, else in double quotes.
private func quoted(_ text: String) -> String {
    let isPlain =
        !text.isEmpty && !text.hasPrefix("-")
        && text.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "/")
                || byte == UInt8(ascii: ".")
                || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
        }
    if isPlain { return text }
    return doubleQuotedYAML(text)
}

private func list(_ names: [String]) -> String {
    "[\(names.map(quoted).joined(separator: ", "))]"
}

private func mapping(_ pairs: [String: String]) -> String {
    let sorted = pairs.sorted { $0.key < $1.key }
    return "{\(sorted.map { "\(quoted($0.key)): \(quoted($0.value))" }.joined(separator: ", "))}"
}

extension Project {
    fileprivate var lines: [String] {
        var lines = ["  - name: \(name)"]
        switch kind {
        case .prometheus, .remoteCoroot:
            lines += source.map { $0.lines.map { "    " + $0 } } ?? []
        case .replicas(let group):
            lines.append("    replicas:")
            for replica in group.replicas {
                let written = WrittenSetting.lines(ReplicaSection.table.written(replica))
                lines += written.element.map { "      " + $0 }
            }
            if !group.labels.isEmpty { lines.append("    replicaLabels: \(list(group.labels))") }
            lines.append("    dedup: \(group.deduplication.rawValue)")
        case .clusterPool(.attributes): lines.append("    clusterPool: attributes")
        case .clusterPool(.pool(let pool)): lines.append("    clusterPool: \(quoted(pool))")
        case .multiCluster:
            if !writtenMembers.isEmpty {
                lines.append("    memberProjects: \(list(writtenMembers))")
            }
        case .telemetryOnly: break
        case .misconfigured(let reason): lines.append("    # out of service: \(reason)")
        }
        lines += telemetry.lines.map { "    " + $0 }
        if !apiKeys.isEmpty { lines.append("    apiKeys:") }
        for key in apiKeys {
            let description =
                key.description.isEmpty ? "" : ", description: \(quoted(key.description))"
            lines.append("      - {key: \(redacted)\(description)}")
        }
        let settings = ConfigurationKeys.Project.settings.written(self)
        return lines + settings.flatMap { $0.value.lines($0.name) }.map { "    " + $0 }
    }
}

extension ClusterPool {
    /// With the servers that were found among its clusters.
    fileprivate var inOneLine: String {
        guard let discovery else { return list(clusters) }
        let clusters = clusters.isEmpty ? "" : "clusters: \(list(clusters)), "
        let names = WrittenSetting.braces(PoolSection.names.written(discovery)).inOneLine
        return "{\(clusters)discovery: {dns: \(names)}}"
    }
}

extension Authentication {
    fileprivate var lines: [String] {
        var lines = [
            "auth:", "  anonymous: \(anonymous)", "  tokenHeader: \(tokenHeader.rawValue)",
        ]
        if !tokens.isEmpty { lines.append("  tokens:") }
        for token in tokens {
            let projects = token.projects.map { ", projects: \(list($0))" } ?? ""
            let admin = token.isAdministrator ? ", admin: true" : ""
            let rights = TokenSection.table.written(token.rights)
                .map { ", \($0.name): \($0.value.inOneLine)" }.joined()
            lines.append(
                "    - {name: \(quoted(token.name)), token: \(redacted)\(projects)\(admin)"
                    + "\(rights)}")
        }
        return lines
    }
}

extension UpstreamSource {
    fileprivate var lines: [String] {
        switch self {
        case .prometheus(let source):
            WrittenSetting.lines(PrometheusSection.table.written(source)).lines("prometheus")
        case .remoteCoroot(let remote):
            WrittenSetting.lines(RemoteCorootSection.table.written(remote)).lines("remoteCoroot")
        case .telemetry(let source): source.lines
        }
    }
}

extension TelemetrySource {
    fileprivate var lines: [String] {
        WrittenSetting.lines(TelemetrySection.table(kind).written(self)).lines(kind.rawValue)
    }
}

extension TelemetrySources {
    fileprivate var lines: [String] { all.flatMap(\.lines) }
}

extension WrittenSetting {
    /// The setting at a key, no secret shown.
    func lines(_ name: String) -> [String] {
        guard case .lines(let pairs) = self else { return ["\(quoted(name)): \(inOneLine)"] }
        return ["\(quoted(name)):"]
            + pairs.flatMap { $0.value.lines($0.name) }.map { "  " + $0 }
    }

    /// A mapping as an element of a list, no secret shown.
    var element: [String] {
        guard case .lines(let pairs) = self else { return ["- \(inOneLine)"] }
        let lines = pairs.flatMap { $0.value.lines($0.name) }
        return lines.enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }
    }

    fileprivate var inOneLine: String {
        switch self {
        case .text(let text): quoted(text)
        case .word(let word): word
        case .number(let number): String(number)
        case .flag(let flag): String(flag)
        case .secret: redacted
        case .list(let names): "[\(names.map(quoted).joined(separator: ", "))]"
        case .lines(let pairs), .braces(let pairs):
            "{\(pairs.map { "\(quoted($0.name)): \($0.value.inOneLine)" }.joined(separator: ", "))}"
        }
    }
}

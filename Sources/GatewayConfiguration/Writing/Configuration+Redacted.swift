import GoText
import UpstreamSettings

extension Configuration {
    /// The configuration in force as YAML, with every default written out and every secret left
    /// out, for people who look at a running gateway.
    public var redactedYAML: String {
        var lines = ["listen_address: \(quoted(listenAddress.description))"]
        if !urlBasePath.isEmpty { lines.append("url_base_path: \(quoted(urlBasePath))") }
        if let dataDirectory { lines.append("data_dir: \(quoted(dataDirectory))") }
        if postgres != nil { lines.append("postgres: {connection_string: \(redacted)}") }
        if let defaultProject { lines.append("defaultProject: \(defaultProject)") }
        lines.append("partitionLabel: \(partitionLabel)")
        if let authentication { lines += authentication.lines }
        lines += query.lines + limits.lines
        lines.append("projects:")
        for project in projects { lines += project.lines }
        if !clusters.isEmpty { lines.append("clusters:") }
        for cluster in clusters {
            lines.append("  - name: \(quoted(cluster.name))")
            switch cluster.source {
            case .prometheus(let source): lines += source.lines.map { "    " + $0 }
            case .remoteCoroot(let remote): lines += remote.lines.map { "    " + $0 }
            }
            if let bucket = cluster.bucketName {
                lines.append("    storage: {bucketName: \(quoted(bucket))}")
            }
            lines.append("    enabled: \(cluster.enabled)")
        }
        if !clusterPools.isEmpty { lines.append("clusterPools:") }
        for pool in clusterPools { lines.append("  \(quoted(pool.name)): \(list(pool.clusters))") }
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

/// A text as a configuration file writes it in double quotes: `$` twice, so that no variable is read.
func doubleQuotedYAML(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "$": out += "$$"
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}

private func list(_ names: [String]) -> String {
    "[\(names.map(quoted).joined(separator: ", "))]"
}

private func mapping(_ pairs: [String: String]) -> String {
    let sorted = pairs.sorted { $0.key < $1.key }
    return "{\(sorted.map { "\(quoted($0.key)): \(quoted($0.value))" }.joined(separator: ", "))}"
}

private func duration(_ duration: Duration) -> String {
    DurationText.text(milliseconds: duration.wholeMilliseconds)
}

extension Project {
    /// `prometheus`, `remoteCoroot`, `clusterPool`, `multiCluster` or `misconfigured`.
    public var kindName: String {
        switch kind {
        case .prometheus: "prometheus"
        case .remoteCoroot: "remoteCoroot"
        case .clusterPool: "clusterPool"
        case .multiCluster: "multiCluster"
        case .misconfigured: "misconfigured"
        }
    }

    fileprivate var lines: [String] {
        var lines = ["  - name: \(name)"]
        switch kind {
        case .prometheus(let source): lines += source.lines.map { "    " + $0 }
        case .remoteCoroot(let remote): lines += remote.lines.map { "    " + $0 }
        case .clusterPool(.attributes): lines.append("    clusterPool: attributes")
        case .clusterPool(.pool(let pool)): lines.append("    clusterPool: \(quoted(pool))")
        case .multiCluster(let members): lines.append("    memberProjects: \(list(members))")
        case .misconfigured(let reason): lines.append("    # out of service: \(reason)")
        }
        if !apiKeys.isEmpty { lines.append("    apiKeys:") }
        for key in apiKeys {
            let description =
                key.description.isEmpty ? "" : ", description: \(quoted(key.description))"
            lines.append("      - {key: \(redacted)\(description)}")
        }
        lines.append("    partialResponse: \(partialResponse.rawValue)")
        lines.append("    exactness: \(exactness.rawValue)")
        return lines
    }
}

extension PrometheusSource {
    fileprivate var lines: [String] {
        var lines = ["prometheus:", "  url: \(quoted(url.description))"]
        switch credentials {
        case .none: break
        case .basic(let username, _):
            lines.append("  basicAuth: {username: \(quoted(username)), password: \(redacted)}")
        case .bearer: lines.append("  bearerToken: \(redacted)")
        }
        if !headers.isEmpty { lines.append("  headers:") }
        for header in headers { lines.append("    \(quoted(header.name)): \(redacted)") }
        lines += tls.lines.map { "  " + $0 }
        lines.append("  acceptEncoding: \(acceptEncoding.rawValue)")
        lines.append("  timeout: \(duration(timeout))")
        if capabilities != EndpointSupport() {
            lines.append(
                "  capabilities: {instantQuery: \(capabilities.instantQuery.rawValue), "
                    + "labelNames: \(capabilities.labelNames.rawValue), "
                    + "labelValues: \(capabilities.labelValues.rawValue), "
                    + "stepGrid: \(capabilities.stepGrid.rawValue)}")
        }
        if let externalLabels { lines.append("  externalLabels: \(mapping(externalLabels))") }
        return lines
    }
}

extension RemoteCoroot {
    fileprivate var lines: [String] {
        ["remoteCoroot:", "  url: \(quoted(url.description))", "  apiKey: \(redacted)"]
            + ["  metricResolution: \(duration(metricResolution))"] + tls.lines.map { "  " + $0 }
            + ["  acceptEncoding: \(acceptEncoding.rawValue)", "  timeout: \(duration(timeout))"]
    }
}

extension TLSSettings {
    fileprivate var lines: [String] {
        if self == TLSSettings() { return [] }
        let files = [
            ("caFile", caFile), ("certFile", certFile), ("keyFile", keyFile),
            ("serverName", serverName),
        ]
        return ["tls:"]
            + files.compactMap { name, value in value.map { "  \(name): \(quoted($0))" } }
            + ["  skipVerify: \(skipVerify)"]
    }
}

extension Authentication {
    fileprivate var lines: [String] {
        var lines = ["auth:", "  anonymous: \(anonymous)"]
        if !tokens.isEmpty { lines.append("  tokens:") }
        for token in tokens {
            let projects = token.projects.map { ", projects: \(list($0))" } ?? ""
            let admin = token.isAdministrator ? ", admin: true" : ""
            lines.append(
                "    - {name: \(quoted(token.name)), token: \(redacted)\(projects)\(admin)}")
        }
        return lines
    }
}

extension QuerySettings {
    fileprivate var lines: [String] {
        [
            "query:", "  lookback: \(duration(lookback))", "  timeout: \(duration(timeout))",
            "  maxSamples: \(maxSamples)", "  maxConcurrency: \(maxConcurrency)",
            "  defaultSubqueryStep: \(duration(defaultSubqueryStep))",
            "  hedgeAfter: \(duration(hedgeAfter))",
            "  rangeBoundary: \(rangeBoundary.rawValue)",
            "  features: \(list(features.map(\.rawValue).sorted()))",
        ]
    }
}

extension Limits {
    fileprivate var lines: [String] {
        [
            "limits:", "  maxQueueMemory: \(ByteCountText.text(maxQueueMemory))",
            "  maxAnswerMemory: \(ByteCountText.text(maxAnswerMemory))",
            "  maxQueryBytes: \(ByteCountText.text(maxQueryBytes))",
            "  maxMemberRequests: \(maxMemberRequests)",
            "  maxMemberConcurrency: \(maxMemberConcurrency)", "  maxSeries: \(maxSeries)",
            "  maxResponseBytes: \(ByteCountText.text(maxResponseBytes))",
            "  maxInflatedBytes: \(ByteCountText.text(maxInflatedBytes))",
            "  heldAnswerBytes: \(ByteCountText.text(heldAnswerBytes))",
            "  maxConnections: \(maxConnections)",
            "  maxHeaderBytes: \(ByteCountText.text(maxHeaderBytes))",
            "  maxFormBytes: \(ByteCountText.text(maxFormBytes))",
            "  idleTimeout: \(duration(idleTimeout))",
            "  shutdownGrace: \(duration(shutdownGrace))",
        ]
    }
}

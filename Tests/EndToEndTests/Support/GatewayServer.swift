import Foundation
import RealServers
import TestSupport

/// The gateway as users run it: the built binary with a configuration file.
final class GatewayServer: Sendable {
    let process: ChildProcess
    let port: UInt16

    /// A regular project, and what else stands in its `prometheus:` section.
    struct Member {
        var name: String
        var url: String
        var options = ""
        var labels: [String: String] = [:]
        /// Which series of the server it has; nil for all.
        var selector: String?
        /// Further settings of the project, a line each.
        var settings: [String] = []
    }

    /// A multi-cluster project; without a policy the default holds.
    struct Project {
        var name: String
        var members: [String]
        var partialResponse: String?
    }

    /// - Parameter settings: further sections of the configuration; without one for it the cache is off.
    init(
        name: String, members: [Member], projects: [Project], features: [String] = [],
        settings: String = "", directory: String
    ) throws {
        port = try LoopbackPort.free()
        var text = "listen_address: 127.0.0.1:\(port)\n\(settings)"
        // What is compared is what members answer, each time.
        if !settings.contains("cache:") { text += "cache: {enabled: false}\n" }
        if !settings.contains("probes:") { text += "probes: {interval: 0s}\n" }
        if let first = projects.first { text += "defaultProject: \(first.name)\n" }
        if !features.isEmpty {
            text += "query:\n  features: [\(features.joined(separator: ", "))]\n"
        }
        text += "projects:\n"
        for member in members {
            text += "  - name: \(member.name)\n"
            text += "    prometheus: {url: \"\(member.url)\"\(member.options)}\n"
            let labels = member.labels.map { "\($0.key): \($0.value)" }.sorted()
            if !labels.isEmpty { text += "    labels: {\(labels.joined(separator: ", "))}\n" }
            if let selector = member.selector { text += "    selector: '\(selector)'\n" }
            for setting in member.settings { text += "    \(setting)\n" }
        }
        for project in projects {
            let list = project.members.map { "\"\($0)\"" }.joined(separator: ", ")
            text += "  - name: \(project.name)\n    memberProjects: [\(list)]\n"
            if let policy = project.partialResponse { text += "    partialResponse: \(policy)\n" }
        }
        let path = "\(directory)/\(name).yaml"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        process = try ChildProcess(
            name: name, command: [try Repository.gateway(), "serve", "--config", path],
            logPath: "\(directory)/\(name).log")
        try process.waitUntilReady(HTTPAddress(port: port))
    }

    func project(_ name: String) -> HTTPAddress { HTTPAddress(port: port, prefix: "/p/\(name)") }
}

extension ChildProcess {
    /// A gateway over a configuration file, once it is ready.
    ///
    /// - Parameter environment: Further variables, each with its value: `NAME=value`.
    static func gateway(
        _ name: String, over path: String, in folder: String, environment: [String] = []
    ) throws -> (process: ChildProcess, address: HTTPAddress) {
        let address = HTTPAddress(port: try LoopbackPort.free())
        let process = try ChildProcess(
            name: name,
            command: ["/usr/bin/env"] + environment + [
                try Repository.gateway(), "serve", "--config", path, "--listen",
                "127.0.0.1:\(address.port)",
            ], logPath: "\(folder)/gateway.log")
        try process.waitUntilReady(address)
        return (process, address)
    }
}

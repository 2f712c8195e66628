import Foundation

/// The gateway as users run it: the built binary with a configuration file.
final class GatewayServer: Sendable {
    let process: ChildProcess
    let port: UInt16

    /// One member and what else stands in its `prometheus:` section.
    struct Member {
        var name: String
        var url: String
        var options = ""
    }

    /// Projects `all` (with `partialResponse` as asked) and, for each other policy, one named
    /// after it; all of them have every member.
    init(name: String, members: [Member], directory: String, more: String = "") throws {
        port = try LoopbackServer.freePort()
        var text = "listen: 127.0.0.1:\(port)\ndefaultProject: all\n\(more)projects:\n"
        for member in members {
            text += "  - name: \(member.name)\n    prometheus: {url: \"\(member.url)\"\(member.options)}\n"
        }
        let list = members.map { "\"\($0.name)\"" }.joined(separator: ", ")
        for (project, policy) in [("all", ""), ("warn", "warn"), ("safe", "safe"), ("abort", "abort")]
        {
            text += "  - name: \(project)\n    memberProjects: [\(list)]\n"
            if !policy.isEmpty { text += "    partialResponse: \(policy)\n" }
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

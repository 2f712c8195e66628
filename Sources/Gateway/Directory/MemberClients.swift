import Members
import Projects

/// The clients of a configuration: one for every project that can be reached, and every cluster.
enum MemberClients {
    static func make(_ configuration: Configuration) throws -> [String: MemberClient] {
        var clients: [String: MemberClient] = [:]
        for project in configuration.projects { clients[project.name] = MemberClient() }
        return clients
    }
}

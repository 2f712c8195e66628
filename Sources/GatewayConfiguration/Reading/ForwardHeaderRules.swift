import UpstreamSettings

/// Which header fields of a client's request can be passed on to a member: those that a
/// configuration may write itself, but for the gateway's own credentials.
enum ForwardHeaderRules {
    /// Names that one member can be given.
    static let most = 20

    static let authorizationProblem =
        "Authorization cannot be passed on: clients send the gateway's own tokens in it"
    static let authorizationMend =
        "write auth.tokenHeader: X-API-Key, so that tokens are taken from that header alone, or "
        + "remove it"

    /// Why a name cannot be given; nil when it can.
    fileprivate static func refusal(
        of name: String, line: Int, _ rules: inout HeaderRules, keepsAuthorization: Bool
    ) -> NameRefusal? {
        if name.lowercased() == "x-api-key" {
            return NameRefusal(
                problem: "header \(name) holds the gateway's own keys and tokens", mend: "remove it"
            )
        }
        if let refusal = rules.refusal(of: name, line: line) { return refusal }
        guard keepsAuthorization, name.lowercased() == "authorization" else { return nil }
        return NameRefusal(problem: authorizationProblem, mend: authorizationMend)
    }
}

extension ConfigurationReader {
    mutating func readForwardHeaders(_ section: Section<SettingName>) -> [String] {
        guard let names = section.names("forwardHeaders", &report) else { return [] }
        guard names.count <= ForwardHeaderRules.most else {
            report.error(
                at: section.place(of: "forwardHeaders"), subject: section.subject,
                "\(names.count) headers are given; at most \(ForwardHeaderRules.most) are allowed",
                mend: "remove some")
            return []
        }
        var rules = HeaderRules.of(section)
        // What is the same in every request is not the client's.
        if case .mapping(let written)? = section["headers"]?.content {
            for entry in written { _ = rules.refusal(of: entry.key, line: entry.line) }
        }
        return names.compactMap { name, place in
            guard
                let refusal = ForwardHeaderRules.refusal(
                    of: name, line: place.line, &rules, keepsAuthorization: keepsAuthorization)
            else { return name }
            report.error(
                at: place, subject: section.subject, refusal.problem, mend: refusal.mend)
            return nil
        }
    }
}

extension Authentication {
    /// Whether `Authorization` is the gateway's own, so that no member is sent it.
    var keepsAuthorization: Bool { tokenHeader == .any }
}

extension Configuration {
    /// Whether the gateway looks for its own credentials in `Authorization`. Without `auth` it does,
    /// unless members are sent what clients write there.
    public var readsAuthorization: Bool {
        if let authentication { return authentication.keepsAuthorization }
        let sources = projects.compactMap(\.source) + clusters.map(\.source)
        return !sources.contains { source in
            if case .prometheus(let source) = source {
                source.forwards("Authorization")
            } else {
                false
            }
        }
    }
}

extension Project {
    /// Why its server cannot be sent the client's `Authorization`; nil where it can, or is not.
    func conflict(with authentication: Authentication?) -> String? {
        guard authentication?.keepsAuthorization == true, case .prometheus(let source) = kind,
            source.forwards("Authorization")
        else { return nil }
        return ForwardHeaderRules.authorizationProblem
    }

    /// The project, out of service where it passes on a header that is the gateway's own: the
    /// configuration file may have got `auth` since the project was made.
    func checked(against authentication: Authentication?) -> Project {
        guard let problem = conflict(with: authentication) else { return self }
        var project = self
        project.kind = .misconfigured(
            reason: "prometheus.forwardHeaders: \(problem); \(ForwardHeaderRules.authorizationMend)"
        )
        return project
    }
}

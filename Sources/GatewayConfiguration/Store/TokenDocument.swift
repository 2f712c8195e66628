import UpstreamSettings

/// An access token that somebody asks for: the body of a request, read by the rules of the
/// configuration file.
public struct TokenDocument: Sendable, Equatable {
    public var name: String
    /// nil: every project.
    public var projects: [String]?
    public var isAdministrator = false
    public var rights = TokenRights()

    /// - Throws: `StoreRefusal.invalid` for what is no such token.
    public init(_ document: DocumentValue) throws(StoreRefusal) {
        guard case .mapping(var pairs) = document else {
            throw .invalid("the body is not an object")
        }
        let known =
            ["name", "projects", "admin"] + TokenSection.table.settings.map(\.name.rawValue)
        if let unknown = pairs.keys.filter({ !known.contains($0) }).min() {
            throw .invalid(
                "unknown key \(unknown); known here are \(known.joined(separator: ", "))")
        }
        guard let name = pairs["name"]?.text else { throw .invalid("name is required") }
        self.name = name
        switch pairs["projects"] {
        case nil, .null: break
        case .list(let elements):
            let names = elements.compactMap(\.text)
            guard names.count == elements.count else {
                throw .invalid("projects must be a list of names")
            }
            projects = names
        case .bool, .number, .text, .mapping: throw .invalid("projects must be a list of names")
        }
        switch pairs["admin"] {
        case nil, .null: break
        case .bool(let value): isAdministrator = value
        case .number, .text, .list, .mapping: throw .invalid("admin must be true or false")
        }
        for key in ["name", "projects", "admin"] { pairs[key] = nil }
        rights = try Self.rights(of: .mapping(pairs))
        if isAdministrator, rights.matchers != nil {
            throw .invalid(
                TokenSection.administratorProblem, mend: TokenSection.administratorMend)
        }
    }

    private static func rights(of document: DocumentValue) throws(StoreRefusal) -> TokenRights {
        var reader = ConfigurationReader(secrets: SecretFiles(), existingProjects: [])
        var rights = TokenRights()
        _ = TokenSection.table.read(document.node(), into: &rights, subject: nil, &reader)
        guard reader.report.errors.isEmpty else { throw .invalid(reader.report.errors) }
        return rights
    }

    // MARK: What is stored

    /// nil for what a token has that nothing is said of.
    static func written(_ rights: TokenRights) -> String? {
        guard rights != TokenRights() else { return nil }
        return String(decoding: document(rights).json, as: UTF8.self)
    }

    /// What `written` wrote.
    static func rights(_ text: String) throws(StoreRefusal) -> TokenRights {
        try rights(of: DocumentValue(written: Array(text.utf8)))
    }

    /// What is said of a token, as it is sent: keys and values, by key.
    public static func shown(_ rights: TokenRights) -> [(key: String, value: DocumentValue)] {
        guard case .mapping(let pairs) = document(rights) else { return [] }
        return pairs.sorted { $0.key < $1.key }
    }

    private static func document(_ rights: TokenRights) -> DocumentValue {
        // None of it is secret.
        DocumentValue(TokenSection.table.written(rights)) { _ in ProjectDocument.redacted }
    }
}

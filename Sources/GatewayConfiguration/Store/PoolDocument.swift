import UpstreamSettings

/// A cluster pool that somebody asks for: the body of a request, read by the rules of the
/// configuration file.
public enum PoolDocument {
    /// - Parameter name: Of the path.
    /// - Throws: `StoreRefusal.invalid` for what is no such pool.
    public static func read(
        _ document: DocumentValue, name: String
    ) throws(StoreRefusal) -> ClusterPool {
        guard case .mapping(let pairs) = document else {
            throw .invalid("the body is not an object")
        }
        let known = ["name", "clusters", "discovery"]
        if let unknown = pairs.keys.filter({ !known.contains($0) }).min() {
            throw .invalid(
                "unknown key \(unknown); known here are \(known.joined(separator: ", "))")
        }
        if let written = pairs["name"], written != .text(name) {
            throw .invalid("name is not that of the path; a pool cannot be renamed")
        }
        var pool = ClusterPool(name: name, clusters: [])
        switch pairs["discovery"] {
        case nil, .null: break
        case let document?: pool.discovery = try discovery(document)
        }
        switch pairs["clusters"] {
        case nil where pool.discovery != nil, .null where pool.discovery != nil: break
        case .list(let elements):
            pool.clusters = elements.compactMap(\.text)
            guard pool.clusters.count == elements.count else {
                throw .invalid("clusters must be a list of names")
            }
        default: throw .invalid("clusters must be a list of names")
        }
        return pool
    }

    private static func discovery(
        _ document: DocumentValue
    ) throws(StoreRefusal) -> NameDiscovery? {
        var reader = ConfigurationReader(secrets: SecretFiles(), existingProjects: [])
        let discovery = reader.readNameDiscovery(
            document.node(keyPath: "discovery"), subject: nil)
        guard reader.report.errors.isEmpty else { throw .invalid(reader.report.errors) }
        return discovery
    }

    /// What finds servers of a pool, as it is sent.
    public static func shown(_ discovery: NameDiscovery) -> DocumentValue {
        // None of it is secret.
        DocumentValue(PoolSection.names.written(discovery)) { _ in ProjectDocument.redacted }
    }

    // MARK: What is stored

    /// nil for a pool that lists its clusters alone.
    static func written(_ pool: ClusterPool) -> String? {
        pool.discovery.map { String(decoding: shown($0).json, as: UTF8.self) }
    }

    /// What `written` wrote.
    static func storedDiscovery(_ text: String) throws(StoreRefusal) -> NameDiscovery? {
        try discovery(.mapping(["dns": DocumentValue(written: Array(text.utf8))]))
    }
}

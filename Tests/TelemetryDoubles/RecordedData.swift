/// What a real Loki and a real Tempo were given when their answers were recorded: two members, and the
/// union that holds the data of both with the label `project`.
package enum RecordedData {
    package enum Part: String, CaseIterable, Sendable {
        case memberA = "member-a"
        case memberB = "member-b"
        case union

        /// The tenant under which it was recorded.
        package var tenant: String {
            switch self {
            case .memberA: "prod-a"
            case .memberB: "prod-b"
            case .union: "union"
            }
        }
    }

    package static func logs(_ part: Part) throws -> LogStore {
        var store = LogStore()
        try store.push(json: unpacked("loki-\(part.rawValue).json.gz"))
        return store
    }

    /// A Loki with all parts, each as a tenant of its own.
    package static func loki() throws -> LokiDouble {
        var tenants: [String: LogStore] = [:]
        for part in Part.allCases { tenants[part.tenant] = try logs(part) }
        return LokiDouble(tenants: tenants)
    }

    package static func traces(_ part: Part) throws -> TraceStore {
        var store = TraceStore()
        for body in JSONNode(try unpacked("tempo-\(part.rawValue).json.gz"))?.elements ?? [] {
            store.push(otlp: body)
        }
        return store
    }

    /// A Tempo with all parts, each as a tenant of its own.
    package static func tempo() throws -> TempoDouble {
        var tenants: [String: TraceStore] = [:]
        for part in Part.allCases { tenants[part.tenant] = try traces(part) }
        return TempoDouble(tenants: tenants)
    }

    private static func unpacked(_ name: String) throws -> [UInt8] {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        return try CompressedFile.bytes("/\(folder)/Fixtures/\(name)")
    }
}

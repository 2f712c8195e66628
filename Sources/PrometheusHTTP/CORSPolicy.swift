/// Which other sites' scripts may read answers, as Prometheus `--web.cors.origin`.
public enum CORSPolicy: Sendable {
    /// The default pattern `.*`: every origin.
    case anyOrigin
    /// Origins for which this is true. The reference asks a regular expression that must match the
    /// whole origin.
    case origins(@Sendable (String) -> Bool)

    func apply(to headers: inout HTTPHeaders, origin: String?) {
        headers.add("Vary", "Origin")
        guard let origin, !origin.isEmpty else { return }
        headers["Access-Control-Allow-Headers"] = "Accept, Authorization, Content-Type, Origin"
        headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        headers["Access-Control-Expose-Headers"] = "Date"
        // 3.x answers with the origin's own name, also where every origin is allowed.
        if allows(origin) { headers["Access-Control-Allow-Origin"] = origin }
    }

    private func allows(_ origin: String) -> Bool {
        switch self {
        case .anyOrigin: true
        case .origins(let areAllowed): areAllowed(origin)
        }
    }
}

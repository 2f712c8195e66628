/// Which other sites' scripts may read answers, as Prometheus `--web.cors.origin`.
public enum CORSPolicy: Sendable {
    /// The default pattern `.*`: every origin, answered with `*`.
    case anyOrigin
    /// Origins for which this is true are answered with their own name. The reference asks a
    /// regular expression that must match the whole origin.
    case origins(@Sendable (String) -> Bool)

    func apply(to headers: inout HTTPHeaders, origin: String?) {
        headers.add("Vary", "Origin")
        guard let origin, !origin.isEmpty else { return }
        headers["Access-Control-Allow-Headers"] = "Accept, Authorization, Content-Type, Origin"
        headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        headers["Access-Control-Expose-Headers"] = "Date"
        switch self {
        case .anyOrigin:
            headers["Access-Control-Allow-Origin"] = "*"
        case .origins(let areAllowed):
            if areAllowed(origin) { headers["Access-Control-Allow-Origin"] = origin }
        }
    }
}

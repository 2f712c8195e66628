import PrometheusHTTP

/// Tells the client which pool stood for a pooled project, how it was found, and which of its
/// clusters answered. Of several pooled members each value is given as `<project>=<value>`.
enum PoolHeaders {
    static func add(to response: inout PrometheusResponse, for project: ResolvedProject) async {
        let calls = project.members.compactMap(\.pool)
        guard !calls.isEmpty else { return }
        var pools: [String] = []
        var levels: [String] = []
        var clusters: [String] = []
        for call in calls {
            let prefix = project.isMultiCluster ? "\(call.project)=" : ""
            pools.append(prefix + call.choice.pool)
            levels.append(prefix + call.choice.level.rawValue)
            clusters += await call.answered.map { prefix + $0 }
        }
        response.headers["X-Tributary-Pool"] = pools.joined(separator: ", ")
        response.headers["X-Tributary-Pool-Level"] = levels.joined(separator: ", ")
        if !clusters.isEmpty {
            response.headers["X-Tributary-Cluster"] = clusters.joined(separator: ", ")
        }
    }
}

import PrometheusServer

/// A member that answers documents as they are written here, and 404 to everything else.
struct ScriptedMember: Sendable {
    /// The `data` by path below `/api/v1`.
    var data: [String: String]
    let visits = Visits()

    var responder: PrometheusResponder {
        visits.responder { request in
            let path = String(request.path.dropFirst("/api/v1".count))
            guard let data = data[path] else {
                return .text(status: 404, "404 page not found\n")
            }
            return .json(Array(#"{"status":"success","data":\#(data)}"#.utf8))
        }
    }
}

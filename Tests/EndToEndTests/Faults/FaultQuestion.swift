import GoText
import PrometheusWire
import RealServers
import TestSupport

/// A request that clients make, in the matrix of faults.
struct FaultQuestion: Sendable {
    /// How a member that is missing shows.
    enum Kind: Sendable {
        /// In `warnings`, where the answer stays right without it.
        case query
        /// Less data would make another answer, so that only `warn` gives one.
        case invertible
        /// In `warnings`; less is never wrong.
        case list
        /// As a list, of documents that not every server has.
        case document
        /// In a header field, and only under `warn`.
        case remoteRead
        /// In a header field.
        case federate
    }

    var name: String
    var kind: Kind
    var ask: @Sendable (HTTPAddress, _ parameters: [(String, String)]) throws -> HTTPAnswer

    private static let time = QueryCase.seconds(FederationData.start + 900_000)
    private static let range: [(String, String)] = [
        ("start", time), ("end", QueryCase.seconds(FederationData.start + 1_500_000)),
        ("step", "30"),
    ]

    static let all: [FaultQuestion] = [
        instant("up"), ranged("up"), instant("temperature[5m]"), instant("sum(temperature)"),
        ranged("avg by (job) (temperature)"), ranged("max by (project) (up)"),
        instant("up unless on (job) temperature", .invertible),
        ranged("absent(nope)", .invertible), ranged("count(up) < 5", .invertible),
        get("labels", .list, "/api/v1/labels"),
        get("label values", .list, "/api/v1/label/job/values"),
        get("series", .list, "/api/v1/series", [("match[]", "up")]),
        get("metadata", .document, "/api/v1/metadata"),
        get("rules", .document, "/api/v1/rules"),
        FaultQuestion(name: "remote read", kind: .remoteRead) { address, parameters in
            let request = RemoteReadRequest(
                queries: [
                    RemoteReadRequest.Query(
                        start: FederationData.start + 60_000, end: FederationData.end - 60_000,
                        matchers: [.init("__name__", .equal, "up")])
                ], accepted: [.samples])
            let form = HTTPAddress.form(parameters)
            return try RemoteReadAnswer.of(
                address, request, parameters: form.isEmpty ? "" : "?\(form)")
        },
    ]

    private static func instant(_ query: String, _ kind: Kind = .query) -> FaultQuestion {
        get("query \(query)", kind, "/api/v1/query", [("query", query), ("time", time)])
    }

    private static func ranged(_ query: String, _ kind: Kind = .query) -> FaultQuestion {
        get("range \(query)", kind, "/api/v1/query_range", [("query", query)] + range)
    }

    private static func get(
        _ name: String, _ kind: Kind, _ path: String, _ parameters: [(String, String)] = []
    ) -> FaultQuestion {
        FaultQuestion(name: name, kind: kind) { try $0.get(path, parameters + $1) }
    }

    /// Whether a behaviour can be applied to what a member answers to it.
    func admits(_ scope: FaultBehaviour.Scope) -> Bool {
        switch (scope, kind) {
        case (.all, _): true
        case (.json, .remoteRead): false
        case (.json, _): true
        case (.queries, .query), (.queries, .invertible): true
        case (.queries, _): false
        }
    }
}

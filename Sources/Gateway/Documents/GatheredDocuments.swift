import Projects
import PrometheusAPI
import PrometheusHTTP

/// What the members together said to one question.
struct GatheredDocuments: Sendable {
    /// Sorted by project name.
    var given: [(project: String, data: JSONValue)] = []
    /// Members that did not answer.
    var failures: [(project: String, error: any Error)] = []
    /// Members that answered without some of their data.
    var parts: [(project: String, error: any Error)] = []
    /// Members that do not know the question.
    var limitations: [String] = []
    var warnings: Set<String> = []
    var infos: Set<String> = []

    /// Who is missing, in words.
    var shortfalls: [String] {
        (failures + parts).map { MetadataFailure.error(of: $0.error, member: $0.project).message }
            + limitations
    }

    /// A member that is missing, or some of its data, takes elements away and falsifies none, so
    /// `safe` warns like `warn`. A member that does not know the question has nothing to say to it under every
    /// policy. If no member answers, that is an error.
    func check(_ policy: PartialResponse) throws(APIError) {
        let first = failures.first ?? (policy == .abort ? parts.first : nil)
        guard let first, policy == .abort || given.isEmpty else { return }
        throw MetadataFailure.error(of: first.error, member: first.project)
    }

    /// The answer made of them.
    ///
    /// - Throws: what the policy makes of missing members.
    func response(
        _ data: JSONValue, _ policy: PartialResponse
    ) throws(APIError) -> PrometheusResponse {
        try check(policy)
        var out = Envelope.head
        data.append(to: &out)
        Envelope.appendTail(failures: shortfalls, warnings: warnings, infos: infos, to: &out)
        return .json(out)
    }
}

import Members

/// What a member says to a question that not every kind of member knows.
enum DocumentReply: Sendable {
    case document(MemberDocument)
    /// It knows the question, and has nothing: some answer 404 in Prometheus's shape then.
    case nothing
    /// It does not know the path.
    case lacking
}

extension MemberClient {
    /// Asks for a document. That the path is missing is no failure, and neither is a failure of it
    /// one of the member.
    func reply(
        to question: DocumentQuestion, deadline: ContinuousClock.Instant
    ) async throws(MemberFailure) -> DocumentReply {
        do throws(MemberFailure) {
            return .document(
                try await getJSON(
                    "/api/v1" + question.path, question.parameters, deadline: deadline,
                    isAdvisory: true))
        } catch {
            switch error.kind {
            case .http(404, let text) where text.hasPrefix("not_found:"): return .nothing
            case .http(404, _), .http(405, _), .http(501, _): return .lacking
            // As VictoriaMetrics says it.
            case .http(400, let text) where text == "unsupported path": return .lacking
            // Coroot sends its page for every path it does not know.
            case .notPrometheus:
                if case .remoteCoroot = configuration.kind { return .lacking }
                throw error
            default: throw error
            }
        }
    }
}

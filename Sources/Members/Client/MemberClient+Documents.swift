import PrometheusAPI

extension MemberClient {
    /// `GET` of a path such as `/api/v1/metadata`, its answer read wholly; for small answers.
    ///
    /// - Parameter isAdvisory: the member may not know the path, and is no worse for it.
    /// - Throws: `.limit` when the answer is larger than `limits.documentBytes`.
    public func getJSON(
        _ path: String, _ parameters: Parameters = Parameters(),
        deadline: ContinuousClock.Instant? = nil, isAdvisory: Bool = false
    ) async throws(MemberFailure) -> MemberDocument {
        try await document(
            MemberRequest(
                path: path, parameters: parameters, method: .get, isAdvisory: isAdvisory),
            deadline: deadline)
    }

    /// Types, help texts and units, of one metric or of all; `data` is the object of `metadata`.
    public func metadata(
        metric: String? = nil, deadline: ContinuousClock.Instant? = nil
    ) async throws(MemberFailure) -> MemberDocument {
        var parameters = Parameters()
        if let metric { parameters.add("metric", metric) }
        return try await getJSON("/api/v1/metadata", parameters, deadline: deadline)
    }

    func document(
        _ request: MemberRequest, deadline: ContinuousClock.Instant?
    ) async throws(MemberFailure) -> MemberDocument {
        let answer = try await open(request, deadline: deadline)
        var all: [UInt8] = []
        do throws(MemberFailure.Kind) {
            while let page = try await answer.body.next() {
                all += page
                if all.count > configuration.limits.documentBytes {
                    throw .limit(
                        "the answer is larger than \(configuration.limits.documentBytes) bytes")
                }
            }
        } catch {
            throw answer.call.failed(error)
        }
        do throws(ScanError) {
            let document = try MemberDocument(all)
            answer.call.succeeded(answer.body)
            return document
        } catch {
            throw answer.call.failed(MemberFailure.Kind(error))
        }
    }
}

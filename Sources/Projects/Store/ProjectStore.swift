/// Where projects, keys, tokens and pools that users make are kept, and what the configuration
/// file's projects were at the last start.
public protocol ProjectStore: Sendable {
    /// Grows with each change, also one that another gateway made.
    func revision() async throws(StoreError) -> Int64

    /// Everything, as of one moment.
    func contents() async throws(StoreError) -> StoreContents

    /// Changes what is there as one transaction; no other change comes between the reading and the
    /// writing, not even another gateway's.
    ///
    /// - Returns: What the edit returned, and the contents after it. An edit that changes nothing
    ///   leaves the revision as it is.
    func change<Outcome: Sendable>(
        _ edit:
            @escaping @Sendable (inout StoreContents) throws(StoreRefusal) -> Outcome
    ) async throws(StoreError) -> (outcome: Outcome, contents: StoreContents)
}

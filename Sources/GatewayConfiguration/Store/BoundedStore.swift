import GoText

/// A store whose calls all end in time, whatever the database below does. The stores have bounds of
/// their own; this one is for what they cannot bound: the lookup of a name, a disk that hangs.
struct BoundedStore: ProjectStore {
    /// More than the stores' own bound, whose words say more.
    static let patience = ProjectStoreTime.call + .seconds(2)

    let base: any ProjectStore
    var patience = BoundedStore.patience

    func revision() async throws(StoreError) -> Int64 {
        try await reading { () throws(StoreError) in try await base.revision() }
    }

    func contents() async throws(StoreError) -> StoreContents {
        try await reading { () throws(StoreError) in try await base.contents() }
    }

    /// Goes on when the caller is cancelled, so that what was changed is known to have been.
    func change<Outcome: Sendable>(
        _ edit: @escaping @Sendable (inout StoreContents) throws(StoreRefusal) -> Outcome
    ) async throws(StoreError) -> (outcome: Outcome, contents: StoreContents) {
        let changed = try await bounded(isCancellable: false) { () throws(StoreError) in
            let (outcome, contents) = try await base.change(edit)
            return Changed(outcome: outcome, contents: contents)
        }
        return (changed.outcome, changed.contents)
    }

    private struct Changed<Outcome: Sendable>: Sendable {
        var outcome: Outcome
        var contents: StoreContents
    }

    private func reading<Value: Sendable>(
        _ work: @escaping @Sendable () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await bounded(isCancellable: true, work)
    }

    private func bounded<Value: Sendable>(
        isCancellable: Bool, _ work: @escaping @Sendable () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let task = Task { () async -> Result<Value, StoreError> in
            do throws(StoreError) {
                return .success(try await work())
            } catch {
                return .failure(error)
            }
        }
        let result = await task.value(within: patience, isCancellable: isCancellable)
        guard let result else {
            task.cancel()
            throw .unavailable(
                Task.isCancelled
                    ? "the call was given up"
                    : "it gave no answer for \(patience.components.seconds) s")
        }
        return try result.get()
    }
}

/// How long the stores may take.
enum ProjectStoreTime {
    /// One call, from the moment it is made: the waiting for calls before it, connecting and the
    /// whole transaction.
    static let call = Duration.seconds(10)
}

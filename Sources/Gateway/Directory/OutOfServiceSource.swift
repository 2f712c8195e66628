/// The fragments of a member that cannot be asked: each fails with the reason.
struct OutOfServiceSource: FragmentSource {
    let reason: String

    func open(_ question: FragmentQuestion) async throws(FragmentFailure) -> any FragmentStream {
        throw .unavailable(reason)
    }

    func knowsCustomBuckets(by deadline: ContinuousClock.Instant) async -> Bool { true }
}

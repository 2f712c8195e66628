extension Member {
    /// What answers fragments for the member over the network.
    var fragmentSource: any FragmentSource {
        if let reason = outOfService { return OutOfServiceSource(reason: reason) }
        if let pool { return PoolFragmentSource(pool: pool) }
        return MemberFragmentSource(client: client)
    }
}

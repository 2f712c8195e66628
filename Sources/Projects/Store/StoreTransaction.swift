/// What happens inside the transaction of a change, whichever database it is.
enum StoreTransaction {
    static func change<Outcome>(
        _ session: some SQLSession, _ edit: (inout StoreContents) throws(StoreRefusal) -> Outcome
    ) throws -> (outcome: Outcome, contents: StoreContents) {
        let old = try StoreRows.contents(session)
        var contents = old
        let outcome = try edit(&contents)
        guard contents != old else { return (outcome, old) }
        contents.revision = old.revision + 1
        try StoreRows.write(contents, over: old, session)
        return (outcome, contents)
    }
}

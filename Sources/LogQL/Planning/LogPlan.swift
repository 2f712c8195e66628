import PromQL
import TimeSeries

/// How a query for lines is answered: what each member is asked. The lines of all are merged.
public struct LogPlan: Sendable {
    public struct Fetch: Sendable, Hashable {
        /// Index into the scope's members.
        public var member: Int
        /// The LogQL text sent.
        public var text: String
        /// Whether each stream of the answer gets the partition label. Where the pipeline took it
        /// away, streams of several members can be equal, and are one then.
        public var addsLabel: Bool
        /// Whether the member's `everyStream` is in the text, for a selector that chose members and
        /// no more.
        public var usesEveryStream: Bool
    }

    /// In the order of the members; those that are not chosen, or of which no line passes, are left
    /// out.
    public var fetches: [Fetch]
    /// Whether some name in the query says something else to members that have own labels of the
    /// partition label's name. Then ask for them (`LogMember.ownLabels`) and plan again.
    public var dependsOnOwnLabels: Bool
}

extension LogScope {
    /// The plan of a query for lines; linear in the size of the query times the number of members.
    ///
    /// - Throws: that the query reads or writes the partition label in a way that is not supported.
    public func plan(_ query: LogQuery) throws(LogQLRefusal) -> LogPlan {
        var plan = LogPlan(fetches: [], dependsOnOwnLabels: false)
        for member in members.indices {
            var rewriting = PipelineRewriting(partition, members[member])
            // Before members are chosen: the same query is refused for all choices of members.
            let stages = try rewriting.stages(query.stages)
            if rewriting.dependsOnOwnLabels { plan.dependsOnOwnLabels = true }
            guard let stages, let selector = selector(query.matchers, of: member) else { continue }
            let own = LogQuery(selector.everyStream + selector.matchers, stages: stages)
            plan.fetches.append(
                LogPlan.Fetch(
                    member: member, text: own.description,
                    addsLabel: rewriting.keepsLabel && !partition.isNone,
                    usesEveryStream: !selector.everyStream.isEmpty))
        }
        return plan
    }
}

import Members
import Projects
import PromQLEngine

extension QueryExecution {
    /// The execution of a configuration, over the network and by the wall clock.
    ///
    /// - Parameter resources: Shared with the queries of a former configuration.
    init(configuration: Configuration, resources: QueryResources) {
        self.init(
            settings: configuration.query, limits: configuration.limits,
            resources: resources,
            source: { $0.fragmentSource },
            boundary: { [setting = configuration.query.rangeBoundary] members, deadline in
                await Self.boundary(setting, members, deadline)
            },
            now: { EpochClock.milliseconds() })
    }

    /// Members of 2.x include both ends; one of them is enough to follow them, as the window of
    /// what runs here then is never shorter than that of what runs there.
    private static func boundary(
        _ setting: QuerySettings.RangeBoundary, _ members: [Member],
        _ deadline: ContinuousClock.Instant
    ) async -> EngineOptions.RangeBoundary {
        switch setting {
        case .leftOpen: return .leftOpen
        case .closed: return .closed
        case .auto:
            return await withTaskGroup(of: Bool.self) { group in
                for member in members {
                    group.addTask {
                        await member.client.capabilities(deadline: deadline).rangeBoundary
                            == .closed
                    }
                }
                for await isClosed in group where isClosed { return .closed }
                return .leftOpen
            }
        }
    }
}

import GoText
import Members
import Projects
import PromQL
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
            languages: { [setting = configuration.query.rangeBoundary] members, deadline in
                await Self.languages(setting, members, deadline)
            },
            now: { WallClock.milliseconds() })
    }

    /// By member. Where the version does not tell, `query.rangeBoundary: closed` says that it is 2.x.
    private static func languages(
        _ setting: QuerySettings.RangeBoundary, _ members: [Member],
        _ deadline: ContinuousClock.Instant?
    ) async -> [LanguageVersion?] {
        await BoundedFanOut.results(of: members, width: members.count) { member in
            if let known = await capabilities(of: member.client, deadline).language {
                return LanguageVersion(known.major, known.minor)
            }
            return setting == .closed ? LanguageVersion(2, 55) : nil
        }
    }

    /// Members of 2.x include both ends; one of them, or one cluster of a pool, is enough to follow
    /// them, as the window of what runs here then is never shorter than that of what runs there.
    private static func boundary(
        _ setting: QuerySettings.RangeBoundary, _ members: [Member],
        _ deadline: ContinuousClock.Instant?
    ) async -> EngineOptions.RangeBoundary {
        switch setting {
        case .leftOpen: return .leftOpen
        case .closed: return .closed
        case .auto:
            return await withTaskGroup(of: Bool.self) { group in
                for client in members.flatMap(\.clients) {
                    group.addTask {
                        await capabilities(of: client, deadline).rangeBoundary == .closed
                    }
                }
                for await isClosed in group where isClosed { return .closed }
                return .leftOpen
            }
        }
    }

    /// What the version of a member says, as far as it is known already without a deadline.
    private static func capabilities(
        of client: MemberClient, _ deadline: ContinuousClock.Instant?
    ) async -> MemberCapabilities {
        guard let deadline else { return client.knownCapabilities }
        return await client.capabilities(deadline: deadline)
    }
}

import RealServers
import TestSupport
import Testing

/// Generated queries in every scene: how many differ from the union oracle, and how many prove
/// anything.
private func expectNoDifferences(
    _ name: String, oneIn part: Int, _ profile: QueryProfile
) async throws {
    let scene = try Scene.required()
    let count = QueryCampaign.count(oneIn: part)
    let campaign = QueryCampaign(
        gateway: scene.gateway.project("all"), oracles: scene.oracles.map(\.address),
        profile: profile)
    let clock = ContinuousClock()
    let began = clock.now
    let outcome = try await offPool { campaign.run(count) }
    print(
        "\(name): \(count) generated queries with seed \(Scene.seed), \(outcome.empty) empty,",
        "\(outcome.refused) refused by both, \(outcome.undecided) undecided,",
        "\(outcome.differences.count) differences, \(clock.now - began)")
    for difference in outcome.differences { Issue.record("\(difference)") }
    // A generator that mostly makes queries without an answer would prove nothing.
    #expect(outcome.refused * 5 < count)
    #expect(outcome.empty * 2 < count)
    #expect(outcome.undecided * 5 < count)
}

extension EndToEnd {
    /// The gateway over real Prometheus servers must answer as one real Prometheus that holds it all.
    struct GeneratedQueryTests {
        @Test("Generated queries are answered as the union oracle answers them")
        func generated() async throws {
            try await expectNoDifferences(
                "end to end", oneIn: 1,
                .federation([.version3, .release35, .durationExpressions], hasInfo: true))
        }
    }
}

extension EndToEndDelayedNames {
    struct GeneratedQueryTests {
        @Test("Generated queries are answered as a union that removes metric names late does")
        func generated() async throws {
            try await expectNoDifferences(
                "delayed names", oneIn: 6,
                .federation([.version3, .release35, .durationExpressions, .delayedNames]))
        }
    }
}

extension EndToEndStaticLabels {
    struct GeneratedQueryTests {
        @Test("Generated queries over members with static labels are answered as the union's are")
        func generated() async throws {
            var profile = QueryProfile.federation(
                [.version3, .release35, .durationExpressions], hasInfo: true)
            profile.askForStaticLabels()
            try await expectNoDifferences("static labels", oneIn: 1, profile)
        }
    }
}

extension EndToEndShared {
    struct GeneratedQueryTests {
        @Test("Generated queries of parts of one server are answered as their union answers them")
        func generated() async throws {
            try await expectNoDifferences(
                "one server", oneIn: 2,
                .federation([.version3, .release35, .durationExpressions], hasInfo: true))
        }
    }
}

extension EndToEndHidden {
    struct GeneratedQueryTests {
        @Test("Generated queries of parts of one server whose label is hidden are the union's")
        func generated() async throws {
            try await expectNoDifferences(
                "hidden label", oneIn: 2,
                .federation([.version3, .release35, .durationExpressions], hasInfo: true))
        }
    }
}

extension EndToEndHiddenDelayedNames {
    struct GeneratedQueryTests {
        @Test("Generated queries with a hidden label are those of a union that removes names late")
        func generated() async throws {
            try await expectNoDifferences(
                "hidden label, delayed names", oneIn: 6,
                .federation([.version3, .release35, .durationExpressions, .delayedNames]))
        }
    }
}

extension EndToEndVersion2 {
    struct GeneratedQueryTests {
        @Test("Generated queries are answered as a union of 2.42 answers them")
        func generated() async throws {
            try await expectNoDifferences("Prometheus 2", oneIn: 5, .federation([]))
        }
    }
}

extension EndToEndMixed {
    struct GeneratedQueryTests {
        /// What members answer follows their own version, and what runs here that of the oldest
        /// one. So the data and the times keep clear of the edges of windows, and a query is
        /// compared where a union of 2.42 and a union of 3.5 give one answer, but for annotations,
        /// which 2.42 does not have. What only 3.x knows is refused, with the name of the member.
        @Test("Where 2.42 and 3.5 agree, members of both are answered for as both unions answer")
        func generated() async throws {
            try await expectNoDifferences("mixed versions", oneIn: 6, .federation([.offEdges]))
        }
    }
}

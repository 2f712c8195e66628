import Federation
import GoText
import PromQL
import Testing
import TimeSeries

/// Plans over three members with static labels: `a` and `b` are of one region, each has a cluster of
/// its own, and `c` has no environment.
private let scope = FederationScope(
    members: ["a", "b", "c"],
    partition: PartitionLabel(labels: [
        "a": ["region": "eu", "cluster": "k0", "env": "prod"],
        "b": ["region": "eu", "cluster": "k1", "env": "dev"],
        "c": ["region": "us", "cluster": "k2"],
    ]))

private func planned(_ query: String) throws -> Plan {
    try Planner.plan(
        try parseExpression(query, options: .everything),
        on: StepGrid(start: 600_000, end: 1_200_000, step: 60_000), in: scope)
}

/// What is asked, as `member: text`, with the labels that the answer does not carry.
private func asked(_ plan: Plan) -> [String] {
    plan.fetches.map { fetch in
        let omitted = fetch.omitted.isEmpty ? "" : " -" + fetch.omitted.joined(separator: " -")
        return "\(scope.members[fetch.member]): \(fetch.text)\(omitted)"
    }
}

private func isUnion(_ plan: Plan) -> Bool {
    if case .union = plan.root { true } else { false }
}

@Suite struct StaticLabelPlanTests {
    @Test func aKeyOfDistinctLabelsIsPushedDownWhole() throws {
        let plan = try planned("sum by (cluster) (x)")
        #expect(isUnion(plan))
        #expect(
            asked(plan) == [
                "a: sum(x) -env -project -region", "b: sum(x) -env -project -region",
                "c: sum(x) -project -region",
            ])
        #expect(plan.memberKeys.map(\.reason) == ["no two members have the same cluster"])
    }

    @Test func aKeyOfASharedLabelTakesTwoSteps() throws {
        let plan = try planned("sum by (region) (x)")
        #expect(!isUnion(plan))
        #expect(asked(plan) == ["a: sum(x)", "b: sum(x)", "c: sum(x)"])
    }

    @Test func matchersDecideWhichMembersAKeyTellsApart() throws {
        let plan = try planned("max by (region) (x{cluster!=\"k1\"})")
        #expect(isUnion(plan))
        #expect(
            asked(plan) == ["a: max(x) -cluster -env -project", "c: max(x) -cluster -project"])
    }

    @Test func aMemberWithoutTheLabelMayHaveValuesOfItsOwn() throws {
        let plan = try planned("sum by (env) (x)")
        #expect(!isUnion(plan))
        #expect(asked(plan) == ["a: sum(x)", "b: sum(x)", "c: sum by (env) (x)"])
    }

    @Test(arguments: [
        ("x{region=\"eu\"}", ["a: x", "b: x"]), ("x{region!=\"eu\"}", ["c: x"]),
        ("x{region=~\"u.\", job=\"j\"}", ["c: x{job=\"j\"}"]),
        ("x{env=\"\"}", ["c: x{env=\"\"}"]), ("x{env!~\"p.*\"}", ["b: x", "c: x{env!~\"p.*\"}"]),
        (
            "x{exported_env=\"y\"}",
            ["a: x{env=\"y\"}", "b: x{env=\"y\"}", "c: x{exported_env=\"y\"}"]
        ),
    ])
    func matchersChooseMembers(query: String, expected: [String]) throws {
        #expect(asked(try planned(query)) == expected)
    }

    @Test func aJoinOnDistinctLabelsRunsWithinMembers() throws {
        let plan = try planned("x / on (cluster) y")
        #expect(isUnion(plan))
        #expect(asked(plan).last == "c: x / on () y -project -region")
        #expect(!isUnion(try planned("x / on (region) y")))
    }

    @Test func aJoinWithASideThatLostALabelRunsHere() throws {
        #expect(!isUnion(try planned("x - ignoring () sum without (region) (x)")))
        #expect(isUnion(try planned("x - ignoring (region) sum without (region) (x)")))
    }

    @Test func groupLeftTakesALabelAsTheOneSideHasIt() throws {
        let plan = try planned(
            "sum by (cluster, job) (x) * on (cluster) group_left (region) max by (cluster, region) (y)"
        )
        #expect(isUnion(plan))
        #expect(asked(plan).last == "c: sum by (job) (x) * on () group_left () max(y) -project")
    }

    @Test func labelReplaceReadsStaticLabelsWhilePlanning() throws {
        let plan = try planned("label_replace(x, \"where\", \"in-$1\", \"region\", \"(.*)\")")
        #expect(
            asked(plan).first
                == "a: label_replace(x, \"where\", \"in-eu\", \"__name__\", \".*\")")
        #expect(!isUnion(try planned("label_replace(x, \"region\", \"y\", \"job\", \".*\")")))
    }
}

import Testing
import UpstreamSettings

@testable import GatewayConfiguration

/// Members that are chosen by wildcards and by labels.
@Suite struct MemberChoiceTests {
    private static let members = """
        projects:
          - {name: prod-us, prometheus: {url: http://us}, labels: {env: prod, region: us}}
          - {name: edge, prometheus: {url: http://edge}, labels: {env: prod}}
          - {name: prod-eu, clusterPool: default}
          - {name: test-eu, prometheus: {url: http://test}}

        """
    private static let pools = """
        clusters: [{name: one, prometheus: {url: http://one}}]
        clusterPools: {default: [one]}

        """

    private func configuration(_ all: String) throws(ConfigurationErrors) -> Configuration {
        try Configuration.parse(
            Self.members + "  - {name: all, \(all)}\n" + Self.pools, path: "c.yaml"
        ).withChosenMembers
    }

    private func chosen(_ all: String) throws -> [String]? {
        try configuration(all).project(named: "all")?.members
    }

    private func errors(_ all: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try configuration(all)
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    @Test(
        arguments: [
            ("memberProjects: [\"prod-*\"]", ["prod-eu", "prod-us"]),
            ("memberProjects: [\"*\"]", ["edge", "prod-eu", "prod-us", "test-eu"]),
            ("memberProjects: [\"*-eu\"]", ["prod-eu", "test-eu"]),
            ("memberProjects: [\"*o*u*\"]", ["prod-eu", "prod-us"]),
            ("memberProjects: [\"none-*\"]", []),
            (
                "memberProjects: [test-eu, \"prod-*\", edge]",
                ["test-eu", "edge", "prod-eu", "prod-us"]
            ),
            ("memberProjects: [prod-us, \"prod-*\"]", ["prod-us", "prod-eu"]),
            ("memberSelector: {env: prod}", ["edge", "prod-us"]),
            ("memberSelector: {env: prod, region: us}", ["prod-us"]),
            ("memberSelector: {env: test}", []),
            (
                "memberProjects: [\"test-*\"], memberSelector: {region: us}",
                ["prod-us", "test-eu"]
            ),
        ] as [(String, [String])])
    func `Names come first as written, then what fits by name`(
        all: String, members: [String]
    ) throws {
        #expect(try chosen(all) == members)
    }

    @Test
    func `A project that stands later in the file fits too, and no multi-cluster project does`()
        throws
    {
        let read = try Configuration.parse(
            "projects:\n  - {name: all, memberProjects: [\"*\"]}\n"
                + "  - {name: some, memberProjects: [\"a*\"]}\n"
                + "  - {name: a, prometheus: {url: http://a}}\n", path: "c.yaml"
        ).withChosenMembers
        #expect(read.project(named: "all")?.members == ["a"])
        #expect(read.project(named: "some")?.members == ["a"])
    }

    @Test(
        arguments: [
            ("*", "", true), ("a*", "a", true), ("a*a", "a", false), ("a*a", "aa", true),
            ("a*b*c", "abc", true), ("a*b*c", "axbxbxc", true), ("a*b*c", "acb", false),
            ("*ab*ab", "abab", true), ("*ab*ab", "aab", false), ("**", "x", true),
        ] as [(String, String, Bool)])
    func `A star is any text, also none`(wildcard: String, name: String, fits: Bool) throws {
        #expect(try #require(NameWildcard(wildcard)).matches(name) == fits)
    }

    @Test(arguments: ["prod", "", "Prod-*", "a.*", "é*", String(repeating: "*", count: 64)])
    func `A text without a star, or with what no name has, is no wildcard`(text: String) {
        #expect(NameWildcard(text) == nil)
    }

    @Test(
        arguments: [
            (
                "memberProjects: [\"Prod-*\"]",
                "6:34: projects[4].memberProjects[0]: project all: \"Prod-*\" fits no name of a "
                    + "project; write a-z, 0-9, - and _, and * for any of them, at most 63 characters"
            ),
            (
                "memberProjects: [\"a*\", \"a*\"]",
                "6:40: projects[4].memberProjects[1]: project all: duplicate member a*; list every "
                    + "member once"
            ),
            (
                "memberSelector: {env: \"\"}",
                "6:39: projects[4].memberSelector.env: project all: label env has no value; write one, "
                    + "or leave the label out"
            ),
            (
                "memberSelector: {project: x}",
                "6:34: projects[4].memberSelector.project: project all: label project is the partition "
                    + "label; write another name"
            ),
            (
                "memberSelector: {env: x}, prometheus: {url: http://a}",
                "6:5: projects[4]: project all: prometheus and memberSelector exclude each other; keep "
                    + "one of them"
            ),
            (
                "memberProjects: [\"*\"], apiKeys: [{key: 12345678}]",
                "6:49: projects[4].apiKeys: project all: a multi-cluster project has no api keys; use "
                    + "the keys of its members, or auth.tokens"
            ),
            (
                "memberSelector: {env: prod}}\n  - {name: b, memberProjects: [all]",
                "7:32: projects[5].memberProjects[0]: project b: member all is itself a multi-cluster "
                    + "project; list the members of all instead"
            ),
        ] as [(String, String)])
    func `What is wrong is told with its place and the mend`(all: String, error: String) {
        #expect(errors(all).contains(error), "\(errors(all))")
    }

    @Test(arguments: [
        "memberProjects: [edge, \"prod-*\"], memberSelector: {env: prod}",
        "memberProjects: [\"prod-*\"]", "memberSelector: {env: prod}",
    ])
    func `A choice is printed, stored and sent as it was written`(all: String) throws {
        let configuration = try configuration(all)
        let project = try #require(configuration.project(named: "all"))
        let printed = try Configuration.parse(
            configuration.redactedYAML, path: "printed.yaml"
        ).withChosenMembers.project(named: "all")
        #expect(printed == project)
        let asRead = StoredProject(project: project).project
        #expect(asRead.chosenMembers.isEmpty)
        guard case .multiCluster(let named) = asRead.kind else {
            Issue.record("\(asRead.kind)")
            return
        }
        let stored = try ProjectDocument.read(
            ProjectDocument.written(asRead), name: "all", members: named)
        #expect(stored == asRead)
        let sent = try ProjectDocument.read(
            ProjectDocument.shown(project), name: "all",
            among: configuration.projects.filter { $0.name != "all" }, old: nil,
            partitionLabel: "project")
        #expect(sent == asRead)
    }

    @Test func `What is in the store fits, and a project of the file hides one of its name`() throws
    {
        let file = try configuration("memberSelector: {env: prod}")
        var contents = StoreContents()
        for (name, url) in [("local", "http://local"), ("edge", "http://hidden")] {
            var project = Project(
                name: name, kind: .prometheus(.init(url: try .init(url))))
            project.labels = ["env": "prod"]
            contents.projects[name] = StoredProject(project: project)
        }
        let all = contents.effective(file).project(named: "all")
        #expect(all?.members == ["edge", "local", "prod-us"])
    }
}

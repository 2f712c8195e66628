import Testing

@testable import GatewayConfiguration

/// `labels` of a project.
@Suite struct StaticLabelTests {
    private func errors(_ yaml: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try Configuration.parse(yaml, path: "c.yaml")
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    private func project(_ labels: String) -> String {
        "projects:\n  - {name: a, prometheus: {url: http://a}, labels: {\(labels)}}\n"
    }

    @Test func labelsAreReadAndPrinted() throws {
        let configuration = try Configuration.parse(
            project("region: eu, env: \"a b\""), path: "c.yaml")
        #expect(configuration.projects[0].labels == ["region": "eu", "env": "a b"])
        #expect(configuration.redactedYAML.contains("labels: {env: \"a b\", region: eu}"))
    }

    @Test(arguments: [
        ("9x: y", "9x", "\"9x\" is not a label name; write letters, digits and _, no digit first"),
        (
            "__x: y", "__x",
            "label __x begins with __, as the names of Prometheus's own labels do; write a name "
                + "without __ at its beginning"
        ),
        (
            "le: y", "le",
            "label le tells the parts of a histogram or summary apart; write another name"
        ),
        ("project: y", "project", "label project is the partition label; write another name"),
        (
            "exported_project: y", "exported_project",
            "label exported_project is what an own project of a series becomes, because project is "
                + "the partition label; write another name"
        ),
    ])
    func aNameThatCannotBeHadIsRefusedWithItsPlace(
        labels: String, name: String, problem: String
    ) {
        #expect(
            errors(project(labels)) == [
                "2:53: projects[0].labels.\(name): project a: \(problem)"
            ])
    }

    @Test func noLabelIsWhatTheChainOfAnotherMakes() {
        #expect(
            errors(project("region: eu, exported_exported_region: x")).first?.hasSuffix(
                "label exported_exported_region is what an own region of a series becomes, because "
                    + "region is a label of the project too; write another name") == true)
        #expect(
            errors(project("exported_region: x, region: eu")).first?.hasSuffix(
                "an own region of a series would become exported_region, which is a label of the "
                    + "project too; write another name") == true)
    }

    @Test func aLabelNeedsAValue() {
        #expect(
            errors(project("region: \"\"")) == [
                "2:61: projects[0].labels.region: project a: label region has no value; write one, "
                    + "or leave the label out"
            ])
    }

    @Test func labelsStandAtMembers() {
        let yaml =
            project("region: eu")
            + "  - {name: all, memberProjects: [a], labels: {env: prod}}\n"
        #expect(
            errors(yaml).first?.hasSuffix(
                "a multi-cluster project has no labels of its own; write them at its members")
                == true)
    }

    @Test func aStoredProjectIsOutOfServiceUnderAnotherPartitionLabel() throws {
        let stored = try Configuration.parse(project("region: eu"), path: "c.yaml").projects[0]
        var contents = StoreContents()
        contents.projects["a"] = StoredProject(project: stored)
        let file = try Configuration.parse(
            "partitionLabel: region\nprojects: [{name: b, prometheus: {url: http://b}}]\n",
            path: "c.yaml")
        #expect(
            contents.effective(file).projects.last?.kind
                == .misconfigured(reason: "label region is the partition label"))
    }
}

import Testing
import TimeSeries

@Suite struct PartitionLabelTests {
    let partition = PartitionLabel()

    @Test func makesRoomByRenamingTheWholeChain() {
        let labels = LabelSet(["project": "x", "exported_project": "y", "job": "j"])
        let expected = LabelSet([
            "project": "a", "exported_project": "x", "exported_exported_project": "y", "job": "j",
        ])
        #expect(partition.injecting("a", into: labels) == expected)
    }

    @Test func staticLabelsOfAMemberMakeRoomInItAlone() {
        let partition = PartitionLabel(labels: ["a": ["region": "eu", "env": ""]])
        let own = LabelSet(["region": "x", "env": "y", "exported_region": "z"])
        #expect(
            partition.injecting("a", into: own)
                == LabelSet([
                    "project": "a", "region": "eu", "exported_region": "x", "exported_env": "y",
                    "exported_exported_region": "z",
                ]))
        #expect(
            partition.injecting("b", into: own)
                == LabelSet([
                    "project": "b", "region": "x", "env": "y", "exported_region": "z",
                ]))
    }

    @Test func whatIsLeftOutStillMakesRoom() {
        let labels = PartitionLabel(labels: ["a": ["region": "eu"]]).labels(of: "a")
            .leavingOut(["project"])
        #expect(
            labels.injecting(into: LabelSet(["project": "own", "region": "x"]))
                == LabelSet([
                    "exported_project": "own", "region": "eu", "exported_region": "x",
                ]))
    }

    @Test func leavesOtherNamesAlone() {
        let labels = LabelSet(["projects": "x", "my_exported_project": "y"])
        #expect(partition.injecting("a", into: labels).removing(LabelNames(["project"])) == labels)
    }

    @Test(arguments: [
        ("exported_project", "project"), ("exported_exported_project", "exported_project"),
        ("job", "job"), ("exported_job", "exported_job"),
    ])
    func undoesOneLinkForMembers(visible: String, member: String) {
        let labels = partition.labels(of: "a")
        #expect(labels.memberName(of: visible) == member)
        #expect(labels.visibleName(of: member) == visible)
    }
}

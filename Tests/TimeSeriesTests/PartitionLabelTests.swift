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

    @Test func leavesOtherNamesAlone() {
        let labels = LabelSet(["projects": "x", "my_exported_project": "y"])
        #expect(partition.injecting("a", into: labels).removing(LabelNames(["project"])) == labels)
    }

    @Test(arguments: [
        ("exported_project", "project"), ("exported_exported_project", "exported_project"),
        ("job", "job"), ("exported_job", "exported_job"),
    ])
    func undoesOneLinkForMembers(visible: String, member: String) {
        #expect(partition.memberName(of: visible) == member)
        #expect(partition.visibleName(of: member) == visible)
    }
}

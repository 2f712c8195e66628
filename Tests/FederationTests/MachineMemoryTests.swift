import Testing

@testable import Federation

@Suite struct MachineMemoryTests {
    @Test func thereIsSomeMemory() { #expect(MachineMemory.bytes >= 64 << 20) }

    @Test func everyGroupAroundTheProcessCounts() {
        #expect(
            MachineMemory.files(ofGroup: "0::/kube/pod") == [
                "/sys/fs/cgroup/kube/pod/memory.max", "/sys/fs/cgroup/kube/memory.max",
                "/sys/fs/cgroup/memory.max",
            ])
        #expect(
            MachineMemory.files(ofGroup: "9:cpu,memory:/a") == [
                "/sys/fs/cgroup/memory/a/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            ])
        #expect(MachineMemory.files(ofGroup: "3:cpu:/a") == [])
        #expect(MachineMemory.files(ofGroup: "nonsense") == [])
    }
}

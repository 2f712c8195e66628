import RealServers
import Testing

/// Compares what a gateway over three members needs for a small answer and for one ten times as
/// large.
struct MemoryComparison {
    /// What is measured, in one word: for the report, and for the names of files.
    var name: String
    /// Each makes as much of `small` and `large` as it is asked for.
    var member: () throws -> LoopbackServer

    /// - Parameter size: asks the project for the series of a name, and gives the bytes received.
    func run(
        in directory: String, size: (HTTPAddress, _ series: String) throws -> Int
    ) throws {
        let members = try (0..<3).map { _ in try member() }
        let gateway = try GatewayServer(
            name: "bounded-\(name)",
            members: members.enumerated().map { .init(name: "m\($0)", url: $1.address.url) },
            projects: [.init(name: "all", members: ["m0", "m1", "m2"])],
            directory: directory)
        defer { gateway.process.stop() }
        let project = gateway.project("all")
        _ = try size(project, "small")
        let small = try size(project, "small")
        let memoryOfSmall = gateway.process.peakMemory
        let large = try size(project, "large")
        let memoryOfLarge = gateway.process.peakMemory
        print(
            "end to end: a \(name) of \(small >> 20) MiB with a peak of",
            "\(memoryOfSmall >> 20) MiB, of \(large >> 20) MiB with",
            "\(memoryOfLarge >> 20) MiB")
        #expect(large > small * 9)
        #expect(memoryOfSmall > 0)
        #expect(memoryOfLarge - memoryOfSmall < large / 6)
    }
}

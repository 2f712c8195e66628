/// One of the places a demonstration federates: a small site with machines and a web service.
public struct DemoMember: Sendable, Hashable {
    /// Fit to be a project's name.
    public var name: String
    var machines: Int
    var processors: Int
    var instances: Int
    /// Requests a second of each instance, on average.
    var requestRate: Double
    /// Seconds that the typical request takes.
    var latency: Double
    /// The share of requests that fail.
    var errorShare: Double
    /// Seconds in which its load rises and falls once.
    var rhythm: Double
    /// Seconds after which its web service restarts, so that its counters begin anew.
    var restart: Double

    /// Three sites that differ in size, speed, health and rhythm.
    public static let all: [DemoMember] = [
        DemoMember(
            name: "amsterdam", machines: 2, processors: 4, instances: 3, requestRate: 42,
            latency: 0.03, errorShare: 0.004, rhythm: 600, restart: 86_400),
        DemoMember(
            name: "singapore", machines: 1, processors: 2, instances: 2, requestRate: 17,
            latency: 0.11, errorShare: 0.02, rhythm: 420, restart: 1500),
        DemoMember(
            name: "virginia", machines: 3, processors: 8, instances: 4, requestRate: 75,
            latency: 0.06, errorShare: 0.001, rhythm: 900, restart: 86_400),
    ]
}

import Glibc

/// A Loki with many lines, for a process of its own: one of several members that hold the lines
/// together.
public struct LoadedLoki: Sendable {
    private let server: TelemetryServer

    /// Begins to answer on a port of loopback.
    ///
    /// - Parameters:
    ///   - lines: Of all members together.
    ///   - member: Which of them it is, counted from 0.
    public init(port: Int, lines: Int, of member: Int, among members: Int) throws {
        var double = LokiDouble(LogLoad.store(lines: lines, of: member, among: members))
        double.mostLines = lines
        server = try TelemetryServer(double, port: port)
    }

    /// Answers until the process is killed.
    public func serve() -> Never {
        while true { pause() }
    }
}

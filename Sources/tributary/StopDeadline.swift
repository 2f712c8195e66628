import Dispatch
import GoText

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Ends the process a fixed time after SIGINT or SIGTERM, when it has not ended by itself. It runs on a
/// queue of its own, since all threads that tasks share may be busy or blocked.
struct StopDeadline {
    /// A shorter grace counts as this one.
    private static let least = Duration.seconds(1)
    /// What of the grace is kept for the end itself.
    private static let last = Duration.milliseconds(250)

    private let sources: [any DispatchSourceSignal]

    /// - Parameter grace: From the signal to the end.
    init(grace: Duration) {
        let grace = max(grace, Self.least)
        let queue = DispatchQueue(label: "stop-deadline")
        sources = [SIGINT, SIGTERM].map { signal in
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler {
                let time = DispatchTimeInterval.milliseconds(
                    Int((grace - Self.last).wholeMilliseconds))
                queue.asyncAfter(deadline: .now() + time) { Self.end(after: grace) }
            }
            source.resume()
            return source
        }
    }

    private static func end(after grace: Duration) {
        // Writing may wait too, for one who reads no more.
        DispatchQueue.global().async {
            Console.say(
                "something did not end within limits.shutdownGrace (\(grace / .seconds(1)) s) of the "
                    + "signal; the process ends without it")
        }
        usleep(100_000)
        _exit(1)
    }
}

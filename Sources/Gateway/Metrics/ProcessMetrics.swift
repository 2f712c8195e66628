import GoText
import PrometheusWire

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What the operating system knows about this process, under Prometheus's usual names.
struct ProcessMetrics: Sendable {
    /// Seconds since the epoch.
    let startTime: Double

    init() {
        startTime = WallClock.now().seconds
    }

    func exposition() -> ExpositionText {
        var text = ExpositionText()
        text.family("process_start_time_seconds", .gauge, "When the gateway started.")
        text.sample([], startTime)
        var usage = rusage()
        #if canImport(Glibc)
        let read = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
        let read = getrusage(RUSAGE_SELF, &usage)
        #endif
        guard read == 0 else { return text }
        let user = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) * 1e-6
        let system = Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) * 1e-6
        text.family("process_cpu_seconds_total", .counter, "Seconds of CPU used.")
        text.sample([], user + system)
        text.family("process_peak_resident_memory_bytes", .gauge, "The most memory held so far.")
        #if canImport(Glibc)
        text.sample([], Double(usage.ru_maxrss) * 1024)
        #else
        text.sample([], Double(usage.ru_maxrss))
        #endif
        return text
    }
}

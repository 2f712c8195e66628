import GoText
public import PrometheusWire

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What the operating system knows about this process, under Prometheus's usual names. What it does
/// not tell is left out.
public struct ProcessMetrics: Sendable {
    /// Seconds since the epoch.
    public let startTime: Double

    public init() {
        startTime = WallClock.now().seconds
    }

    /// The process as it is now.
    public func exposition() -> ExpositionText {
        var text = ExpositionText()
        text.family(Self.start, is: startTime)
        var usage = rusage()
        #if canImport(Glibc)
        let read = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
        let read = getrusage(RUSAGE_SELF, &usage)
        #endif
        if read == 0 {
            let user = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) * 1e-6
            let system = Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) * 1e-6
            text.family(Self.cpu, is: user + system)
            #if canImport(Glibc)
            text.family(Self.peakMemory, is: Double(usage.ru_maxrss) * 1024)
            #else
            text.family(Self.peakMemory, is: Double(usage.ru_maxrss))
            #endif
        }
        #if canImport(Glibc)
        if let pages = Self.pages {
            let size = Double(sysconf(Int32(_SC_PAGESIZE)))
            text.family(Self.virtualMemory, is: pages.virtual * size)
            text.family(Self.memory, is: pages.resident * size)
        }
        if let open = Self.openDescriptors { text.family(Self.openFiles, is: Double(open)) }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            text.family(Self.mostFiles, is: Double(limit.rlim_cur))
        }
        #endif
        return text
    }

    #if canImport(Glibc)
    /// Of the whole address space, and of what is in memory.
    private static var pages: (virtual: Double, resident: Double)? {
        guard let file = fopen("/proc/self/statm", "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = fread(&bytes, 1, bytes.count, file)
        let fields = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let virtual = Double(fields[0]), let resident = Double(fields[1])
        else { return nil }
        return (virtual, resident)
    }

    private static var openDescriptors: Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Two are links to directories, and one descriptor is that of this reading.
        return max(0, count - 3)
    }
    #endif
}

extension ProcessMetrics {
    private static let start = MetricFamily(
        "process_start_time_seconds", .gauge, "When the gateway started.")
    private static let cpu = MetricFamily(
        "process_cpu_seconds_total", .counter, "Seconds of CPU used.")
    private static let memory = MetricFamily(
        "process_resident_memory_bytes", .gauge, "Memory held.")
    private static let peakMemory = MetricFamily(
        "process_peak_resident_memory_bytes", .gauge, "The most memory held so far.")
    private static let virtualMemory = MetricFamily(
        "process_virtual_memory_bytes", .gauge, "Addresses in use.")
    private static let openFiles = MetricFamily(
        "process_open_fds", .gauge, "Descriptors of files and connections that are open.")
    private static let mostFiles = MetricFamily(
        "process_max_fds", .gauge, "How many may be open.")

    static let families = [start, cpu, memory, peakMemory, virtualMemory, openFiles, mostFiles]
}

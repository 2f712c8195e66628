import GoText
import TimeSeries

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Living data for demonstrations: what node exporters and a web service of one site would say.
///
/// Every value is a function of the clock, so the past can be filled in at once and the data goes
/// on for as long as the demonstration runs.
public struct DemoData: Sendable {
    public var member: DemoMember
    /// Between samples.
    public var interval: Milliseconds

    public init(member: DemoMember, interval: Milliseconds = 5000) {
        self.member = member
        self.interval = max(interval, 1)
    }

    /// Fills a store with the past and then keeps adding until the task is cancelled.
    ///
    /// - Parameter history: how much of the past; samples older than this are forgotten later.
    public func run(into store: MemoryStore, history: Duration = .seconds(3600)) async {
        let past = Milliseconds(history)
        var last = WallClock.now()
        fill(store, from: last &- past, through: last)
        while !Task.isCancelled {
            try? await Task.sleep(for: min(interval, 1000).duration)
            let now = WallClock.now()
            fill(store, from: last &+ 1, through: now)
            last = now
            store.drop(before: now &- past)
        }
    }

    /// Adds the samples of every multiple of the interval in `from...through`.
    public func fill(_ store: MemoryStore, from: Timestamp, through: Timestamp) {
        describe(store)
        var time = from &- (from - .epoch) % interval
        if time < from { time = time &+ interval }
        while time <= through {
            store.append(contentsOf: samples(at: time))
            time = time &+ interval
        }
    }

    /// What the site's targets say at a time.
    public func samples(
        at time: Timestamp
    ) -> [(labels: LabelSet, time: Timestamp, value: SampleInput)] {
        var page = Page(time: time)
        let seconds = time.seconds
        for machine in 0..<member.machines { node(machine, seconds, &page) }
        for instance in 0..<member.instances { service(instance, seconds, &page) }
        return page.samples
    }

    private struct Page {
        let time: Timestamp
        var samples: [(labels: LabelSet, time: Timestamp, value: SampleInput)] = []

        mutating func add(_ name: String, _ labels: [String: String], _ value: Double) {
            var labels = labels
            labels["__name__"] = name
            samples.append((LabelSet(labels), time, .float(value)))
        }
    }

    private func describe(_ store: MemoryStore) {
        for (name, type, help) in Self.families {
            store.describe(name, MetricMetadata(type: type, help: help))
        }
    }

    private static let families = [
        ("up", "gauge", "Whether the target answered."),
        ("node_cpu_seconds_total", "counter", "Seconds the CPUs spent in each mode."),
        ("node_load1", "gauge", "1m load average."),
        ("node_memory_MemTotal_bytes", "gauge", "Memory of the machine."),
        ("node_memory_MemAvailable_bytes", "gauge", "Memory that programs could still take."),
        ("node_filesystem_size_bytes", "gauge", "Size of the filesystem."),
        ("node_filesystem_avail_bytes", "gauge", "Free space for programs."),
        ("node_network_receive_bytes_total", "counter", "Bytes received."),
        ("http_requests_total", "counter", "Requests answered."),
        ("http_request_duration_seconds", "histogram", "Time until the answer was written."),
        ("http_requests_in_flight", "gauge", "Requests being answered."),
        ("process_start_time_seconds", "gauge", "When the process started."),
    ]

    // MARK: Machines

    private func node(_ machine: Int, _ seconds: Double, _ page: inout Page) {
        let target = ["job": "node", "instance": "node-\(machine + 1):9100"]
        let phase = Double(machine) * 1.7
        let load = wave(seconds, phase)
        page.add("up", target, 1)
        for processor in 0..<member.processors {
            var labels = target
            labels["cpu"] = String(processor)
            let busy = accumulated(seconds, phase + Double(processor) * 0.3) * 0.4
            let shares = [("user", 0.65 * busy), ("system", 0.35 * busy), ("idle", seconds - busy)]
            for (mode, total) in shares {
                labels["mode"] = mode
                page.add("node_cpu_seconds_total", labels, hundredths(total))
            }
        }
        let jitter = noise(seconds, machine)
        page.add("node_load1", target, hundredths(load * Double(member.processors) * 0.4 + jitter))
        let memory = Double(member.processors) * 2 * 1_073_741_824
        page.add("node_memory_MemTotal_bytes", target, memory)
        page.add(
            "node_memory_MemAvailable_bytes", target,
            (memory * (0.72 - 0.2 * load - 0.02 * jitter)).rounded())
        var disk = target
        disk["mountpoint"] = "/"
        page.add("node_filesystem_size_bytes", disk, 64_000_000_000)
        // Fills up over six hours, then is cleaned.
        let fill = (seconds / 21_600 + phase / 10).truncatingRemainder(dividingBy: 1)
        page.add("node_filesystem_avail_bytes", disk, (64e9 * (0.8 - 0.6 * fill)).rounded())
        var network = target
        network["device"] = "eth0"
        page.add(
            "node_network_receive_bytes_total", network,
            (accumulated(seconds, phase) * member.requestRate * 1200).rounded())
    }

    // MARK: The web service

    private static let handlers = [("/", 0.5, 0.6), ("/search", 0.3, 2.5), ("/cart", 0.2, 1.2)]
    private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

    private func service(_ instance: Int, _ seconds: Double, _ page: inout Page) {
        let target = ["job": "web", "instance": "web-\(instance + 1):8080"]
        let phase = Double(instance) * 0.9
        // Every instance but the first restarts now and then, each at its own time.
        let offset = Double(instance) * member.restart / 3
        let age = (seconds + offset).truncatingRemainder(dividingBy: member.restart)
        let started = seconds - age
        page.add("up", target, 1)
        page.add("process_start_time_seconds", target, started.rounded())
        let total =
            (accumulated(seconds, phase) - accumulated(started, phase)) * member.requestRate
        let load = wave(seconds, phase)
        page.add(
            "http_requests_in_flight", target,
            (load * member.requestRate * member.latency * 2 + noise(seconds, instance)).rounded())
        for (handler, share, slowness) in Self.handlers {
            var labels = target
            labels["handler"] = handler
            let requests = total * share
            let failed = (requests * member.errorShare * slowness).rounded(.down)
            let succeeded = requests.rounded(.down) - failed
            for (code, count) in [("200", succeeded), ("500", failed)] {
                labels["code"] = code
                page.add("http_requests_total", labels, count)
            }
            labels["code"] = nil
            histogram(labels, requests.rounded(.down), member.latency * slowness, &page)
        }
    }

    /// A classic histogram of exponentially distributed latencies.
    private func histogram(
        _ labels: [String: String], _ count: Double, _ mean: Double, _ page: inout Page
    ) {
        let name = "http_request_duration_seconds"
        for bound in Self.bounds {
            var labels = labels
            labels["le"] = "\(bound)"
            page.add("\(name)_bucket", labels, (count * (1 - exp(-bound / mean))).rounded(.down))
        }
        var last = labels
        last["le"] = "+Inf"
        page.add("\(name)_bucket", last, count)
        page.add("\(name)_count", labels, count)
        page.add("\(name)_sum", labels, hundredths(count * mean))
    }

    // MARK: Shapes

    /// Load between 0.4 and 1.6, 1 on average.
    private func wave(_ seconds: Double, _ phase: Double) -> Double {
        1 + 0.6 * sin(2 * .pi * seconds / member.rhythm + phase)
    }

    /// The integral of `wave`: never falls.
    private func accumulated(_ seconds: Double, _ phase: Double) -> Double {
        let turn = member.rhythm / (2 * .pi)
        return seconds - 0.6 * turn * cos(2 * .pi * seconds / member.rhythm + phase)
            + 0.6 * turn
    }

    /// Between 0 and 1, the same at the same time.
    private func noise(_ seconds: Double, _ seed: Int) -> Double {
        var bits = UInt64(bitPattern: Int64(seconds)) &+ UInt64(seed) &* 0x9e37_79b9_7f4a_7c15
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((bits ^ (bits >> 31)) >> 11) / 9_007_199_254_740_992
    }

    private func hundredths(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}

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

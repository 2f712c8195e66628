import GoText

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Metrics in the Prometheus text format; the samples of a family in label order, so that two
/// scrapes can be compared.
struct ExpositionText: Sendable {
    enum Kind: String, Sendable { case counter, gauge, histogram }

    struct Sample: Sendable {
        var suffix: String
        var labels: [(name: String, value: String)]
        var value: Double
    }

    struct Family: Sendable {
        var name: String
        var kind: Kind
        var help: String
        var samples: [Sample] = []
    }

    private(set) var families: [Family] = []

    /// Begins a family; the samples that follow belong to it.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        families.append(Family(name: name, kind: kind, help: help))
    }

    mutating func sample(
        suffix: String = "", _ labels: [(name: String, value: String)], _ value: Double
    ) {
        guard let last = families.indices.last else { return }
        families[last].samples.append(Sample(suffix: suffix, labels: labels, value: value))
    }

    mutating func append(_ other: ExpositionText) { families += other.families }

    var text: String {
        var text = ""
        for family in families where !family.samples.isEmpty {
            text += "# HELP \(family.name) \(family.help)\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            // Buckets stay in the order of their bounds.
            var lines = family.samples.map { Self.line($0, of: family.name) }
            if family.kind != .histogram { lines.sort() }
            for line in lines { text += line + "\n" }
        }
        return text
    }

    private static func line(_ sample: Sample, of name: String) -> String {
        let pairs = sample.labels.map { "\($0.name)=\"\(escaped($0.value))\"" }
        let shown = pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
        return "\(name)\(sample.suffix)\(shown) \(number(sample.value))"
    }

    private static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return String(whole) }
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.append(character)
            }
        }
        return out
    }
}

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

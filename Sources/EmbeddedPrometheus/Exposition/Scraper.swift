import GoText
import PrometheusServer
import TimeSeries

/// Reads targets at their intervals into a store, until its task is cancelled.
///
/// As a Prometheus scrape loop: target labels win over labels of the page, whose own then become
/// `exported_<name>`; `up` and the `scrape_*` series are written each time; a series that was there
/// the last time and is not now, or whose target failed, gets a staleness marker.
public struct Scraper: Sendable {
    public var targets: [ScrapeTarget]
    public var store: MemoryStore
    /// Samples older than this are forgotten.
    public var retention: Duration
    public var now: @Sendable () -> Timestamp

    public init(
        targets: [ScrapeTarget], store: MemoryStore, retention: Duration = .seconds(6 * 3600),
        now: @escaping @Sendable () -> Timestamp = { WallClock.now() }
    ) {
        self.targets = targets
        self.store = store
        self.retention = retention
        self.now = now
    }

    public func run() async {
        await withDiscardingTaskGroup { group in
            for target in targets {
                group.addTask { await follow(target) }
            }
        }
    }

    private func follow(_ target: ScrapeTarget) async {
        var previous: Set<LabelSet> = []
        var next = ContinuousClock.now
        while !Task.isCancelled {
            previous = await scrape(target, previous: previous)
            store.drop(before: now() &- Milliseconds(retention))
            next += target.interval
            // A target slower than its interval is not asked again for what was missed.
            next = max(next, .now)
            try? await Task.sleep(until: next, clock: .continuous)
        }
    }

    /// Reads a target once and stores what it says.
    ///
    /// - Parameter previous: the series of the scrape before.
    /// - Returns: the series of this one.
    public func scrape(_ target: ScrapeTarget, previous: Set<LabelSet>) async -> Set<LabelSet> {
        let time = now()
        let started = ContinuousClock.now
        let page: Exposition?
        do {
            page = try await read(target)
        } catch {
            page = nil
        }
        if Task.isCancelled { return previous }
        let seconds = Double((ContinuousClock.now - started).wholeMilliseconds) / 1000

        var current: Set<LabelSet> = []
        var batch: [(labels: LabelSet, time: Timestamp, value: SampleInput)] = []
        for sample in page?.samples ?? [] {
            let labels = labelled(sample.labels, of: target)
            batch.append((labels, sample.time ?? time, .float(sample.value)))
            // A series with timestamps of its own ends when its source says so.
            if sample.time == nil { current.insert(labels) }
        }
        for gone in previous.subtracting(current).sorted() {
            batch.append((gone, time, .float(SampleValue.stale)))
        }
        let own: [(String, Double)] = [
            ("up", page == nil ? 0 : 1),
            ("scrape_duration_seconds", seconds),
            ("scrape_samples_scraped", Double(page?.samples.count ?? 0)),
            ("scrape_samples_post_metric_relabeling", Double(page?.samples.count ?? 0)),
            ("scrape_series_added", Double(current.subtracting(previous).count)),
        ]
        for (name, value) in own {
            let labels = labelled(LabelSet(["__name__": name]), of: target)
            batch.append((labels, time, .float(value)))
        }
        store.append(contentsOf: batch)
        for family in page?.families ?? [] { store.describe(family.name, family.metadata) }
        return current
    }

    private struct BadStatus: Error {}

    private func read(_ target: ScrapeTarget) async throws -> Exposition {
        let answer = try await PlainHTTPClient(timeout: target.timeout).send(
            host: target.host, port: target.port, target: target.path,
            headers: [
                "Accept": "application/openmetrics-text;version=1.0.0;q=0.75,"
                    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                "User-Agent": "tributary-embedded",
            ])
        guard answer.status == 200 else { throw BadStatus() }
        let type = answer.headers["Content-Type"] ?? ""
        return try Exposition(
            parsing: answer.body,
            format: type.hasPrefix("application/openmetrics-text") ? .openMetrics : .prometheus)
    }

    /// A page's labels with those of its target.
    private func labelled(_ labels: LabelSet, of target: ScrapeTarget) -> LabelSet {
        var own = target.labels
        own["job"] = target.job
        own["instance"] = own["instance"] ?? target.instance
        var out = labels
        for (name, value) in own.sorted(by: { $0.key < $1.key }) {
            if let existing = labels[name] {
                var exported = "exported_\(name)"
                while out[exported] != nil { exported = "exported_\(exported)" }
                out = out.setting(exported, to: existing)
            }
            out = out.setting(name, to: value)
        }
        return out
    }
}

/// One page of metrics that is read again and again.
public struct ScrapeTarget: Sendable, Hashable {
    public var job: String
    public var host: String
    public var port: Int
    /// Path and query, escaped.
    public var path: String
    public var interval: Duration
    public var timeout: Duration
    /// Further labels of the target.
    public var labels: [String: String]

    /// - Parameter url: `http://host[:port][/path]`; `/metrics` when no path is given.
    /// - Returns: nil for any other scheme or form.
    public init?(
        job: String, url: String, interval: Duration = .seconds(15),
        timeout: Duration = .seconds(10), labels: [String: String] = [:]
    ) {
        let scheme = "http://"
        guard url.hasPrefix(scheme) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let address = Self.address(rest[..<slash]) else { return nil }
        self.job = job
        (host, port) = address
        let tail = rest[slash...]
        path = tail.isEmpty || tail == "/" ? "/metrics" : String(tail)
        self.interval = interval
        self.timeout = timeout
        self.labels = labels
    }

    /// The `instance` label.
    public var instance: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func address(_ text: Substring) -> (host: String, port: Int)? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = text[text.index(after: text.startIndex)..<end]
            return port(text[text.index(after: end)...]).map { (String(host), $0) }
        }
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        let host = text[..<colon]
        guard !host.isEmpty else { return nil }
        return port(text[colon...]).map { (String(host), $0) }
    }

    /// The port after a colon; 80 when nothing is there.
    private static func port(_ text: Substring) -> Int? {
        if text.isEmpty { return 80 }
        guard text.first == ":", let port = Int(text.dropFirst()), (1...65535).contains(port)
        else { return nil }
        return port
    }
}

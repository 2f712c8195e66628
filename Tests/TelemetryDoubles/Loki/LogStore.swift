/// A line of a log as it was pushed.
package struct LogEntry: Sendable, Equatable {
    /// Nanoseconds since 1970.
    package var time: Int64
    package var line: String
    /// Structured metadata.
    package var metadata: [String: String]

    package init(time: Int64, line: String, metadata: [String: String] = [:]) {
        self.time = time
        self.line = line
        self.metadata = metadata
    }
}

/// The streams of one tenant, with what Loki adds when they are pushed: the label `service_name`,
/// and `detected_level` in the structured metadata of every line.
package struct LogStore: Sendable {
    struct Stream: Sendable {
        var labels: [String: String]
        /// By time; entries of one time in the order in which they were pushed.
        var entries: [LogEntry] = []
    }

    struct Malformed: Error {}

    private(set) var streams: [Stream] = []
    private var places: [[String: String]: Int] = [:]

    package init() {}

    /// Adds lines to a stream. The same line at the same time is kept once.
    package mutating func push(labels: [String: String], entries: [LogEntry]) {
        var labels = labels
        if labels["service_name"] == nil { labels["service_name"] = Self.service(of: labels) }
        let place = places[labels] ?? streams.count
        if place == streams.count {
            places[labels] = place
            streams.append(Stream(labels: labels))
        }
        var stream = streams[place]
        for entry in entries {
            var entry = entry
            entry.metadata["detected_level"] = LogLevel.of(entry, in: labels)
            let end = stream.entries.lastIndex { $0.time <= entry.time }.map { $0 + 1 } ?? 0
            let isKnown = stream.entries[..<end].reversed().prefix { $0.time == entry.time }
                .contains { $0.line == entry.line }
            if !isKnown { stream.entries.insert(entry, at: end) }
        }
        streams[place] = stream
    }

    /// Adds the body of a push in JSON.
    package mutating func push(json: [UInt8]) throws {
        guard let node = JSONNode(json), let streams = node["streams"]?.elements else {
            throw Malformed()
        }
        for stream in streams {
            let entries = try stream["values"]?.elements.map { value throws(Malformed) in
                let parts = value.elements
                guard parts.count >= 2, let time = parts[0].integer, let line = parts[1].text
                else { throw Malformed() }
                return LogEntry(
                    time: time, line: line, metadata: parts.count > 2 ? Self.texts(parts[2]) : [:])
            }
            push(labels: Self.texts(stream["stream"] ?? .null), entries: entries ?? [])
        }
    }

    private static func texts(_ node: JSONNode) -> [String: String] {
        var texts: [String: String] = [:]
        for member in node.members { texts[member.name] = member.value.text ?? "" }
        return texts
    }

    private static let serviceLabels = [
        "service", "app", "application", "app_name", "name", "app_kubernetes_io_name", "container",
        "container_name", "k8s_container_name", "component", "workload", "job", "k8s_job_name",
    ]

    private static func service(of labels: [String: String]) -> String {
        serviceLabels.lazy.compactMap { labels[$0] }.first ?? "unknown_service"
    }

    // MARK: Reading

    /// Streams that the matchers choose and that have a line in a time, which includes both ends.
    func streams(matching matchers: [LogMatcher], in window: ClosedRange<Int64>) -> [Stream] {
        streams.filter { stream in
            matchers.allSatisfy { $0.accepts(stream.labels) }
                && stream.entries.contains { window.contains($0.time) }
        }
    }

    /// What becomes of the lines of some times, for each stream in the order of time.
    func streamEntries(
        of selection: LogSelection, at isWanted: (Int64) -> Bool
    ) -> [[PipelineEntry]] {
        streams.compactMap { stream in
            guard selection.matchers.allSatisfy({ $0.accepts(stream.labels) }) else { return nil }
            return stream.entries.compactMap { entry in
                guard isWanted(entry.time) else { return nil }
                var entry = PipelineEntry(entry, stream: stream.labels)
                return entry.pass(selection.stages) ? entry : nil
            }
        }
    }

    /// The same of all streams together, one after the other.
    func entries(of selection: LogSelection, at isWanted: (Int64) -> Bool) -> [PipelineEntry] {
        Array(streamEntries(of: selection, at: isWanted).joined())
    }
}

/// The level that Loki finds in a line.
enum LogLevel {
    private static let names: Set<String> = [
        "level", "LEVEL", "Level", "log.level", "severity", "SEVERITY", "Severity", "SeverityText",
        "lvl", "LVL", "Lvl", "severity_text", "Severity_Text", "SEVERITY_TEXT",
    ]
    private static let levels: [(level: String, words: Set<String>)] = [
        ("trace", ["trace", "trc"]), ("debug", ["debug", "dbg"]),
        ("info", ["info", "inf", "information", "informational"]),
        ("warn", ["warn", "wrn", "warning"]), ("error", ["error", "err"]),
        ("critical", ["critical", "crit"]), ("fatal", ["fatal"]),
    ]

    static func of(_ entry: LogEntry, in labels: [String: String]) -> String {
        if let known = entry.metadata["detected_level"] { return known }
        for names in [entry.metadata, labels] {
            if let text = names.first(where: { Self.names.contains($0.key) })?.value {
                return level(text) ?? text
            }
        }
        if case .object(let members) = JSONNode(entry.line) {
            let found = members.first { names.contains($0.name) }?.value.text
            return found.map { level($0) ?? "unknown" } ?? "unknown"
        }
        let found = Logfmt.pairs(entry.line).pairs.first { names.contains($0.key) }
        if let text = found?.value { return level(text) ?? "unknown" }
        let words = Set(entry.line.lowercased().split { !$0.isLetter }.map(String.init))
        // The gravest wins.
        return levels.last { !$0.words.isDisjoint(with: words) }?.level ?? "unknown"
    }

    private static func level(_ text: String) -> String? {
        levels.first { $0.words.contains(text.lowercased()) }?.level
    }
}

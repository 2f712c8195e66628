import TestSupport

/// Random lines for members and for the union that holds them all: the same seed gives the same lines.
package struct GeneratedLogs: Sendable {
    /// The time of the first lines, nanoseconds since 1970; the last are some 20 minutes later.
    package static let start: Int64 = 1_795_734_000_000_000_000
    package static let length: Int64 = 1_200_000_000_000

    package private(set) var members: [String: LogStore] = [:]
    /// The streams of each member with its name in the label; an own label of that name is
    /// `exported_` there.
    package private(set) var union = LogStore()

    private static let apps = ["shop", "api", "batch", "text"]
    private static let levels = ["debug", "info", "warn", "error"]

    /// - Parameters:
    ///   - members: The names of the members, in the order in which the union has their streams.
    ///   - label: The label that says whose a stream is.
    package init(seed: UInt64, members names: [String], label: String = "project") {
        var random = SeededRandom(seed: seed)
        for name in names {
            var store = LogStore()
            for _ in 0..<(3 + random.below(5)) {
                let labels = Self.labels(label: label, &random)
                let entries = Self.entries(of: labels["app"] ?? "", label: label, &random)
                store.push(labels: labels, entries: entries)
                var global = labels
                if let own = labels[label] { global["exported_" + label] = own }
                global[label] = name
                union.push(labels: global, entries: entries)
            }
            members[name] = store
        }
    }

    private static func labels(label: String, _ random: inout SeededRandom) -> [String: String] {
        let app = random.pick(apps)
        var labels = [
            "app": app, "env": random.oneIn(4) ? "dev" : "prod", "pod": "\(app)-\(random.below(3))",
        ]
        if !random.oneIn(3) { labels["level"] = random.pick(levels) }
        if random.oneIn(4) { labels[label] = random.pick(["billing", "search"]) }
        return labels
    }

    private static func entries(
        of app: String, label: String, _ random: inout SeededRandom
    ) -> [LogEntry] {
        var entries: [LogEntry] = []
        for index in 0..<(5 + random.below(40)) {
            // Whole seconds meet the steps of queries, and some lines of one nanosecond.
            var time = start + Int64(random.below(1200)) * 1_000_000_000
            if random.oneIn(2) { time += Int64(random.below(1_000_000_000)) }
            if random.oneIn(5), let last = entries.last { time = last.time }
            var entry = LogEntry(time: time, line: line(of: app, index, label: label, &random))
            if random.oneIn(5) {
                entry.metadata = ["trace_id": "0\(random.below(9))", "user": "u\(random.below(4))"]
                if random.oneIn(3) { entry.metadata[label] = "own-\(random.below(2))" }
            }
            entries.append(entry)
        }
        return entries
    }

    private static func line(
        of app: String, _ index: Int, label: String, _ random: inout SeededRandom
    ) -> String {
        let level = random.pick(levels)
        let host = "web\(random.below(3))"
        let status = random.pick([200, 201, 404, 500])
        let milliseconds = random.below(2000)
        // Eighths are exact, whatever the order of a sum.
        let value = Double(random.below(1000)) / 8
        switch app {
        case "shop":
            let own = random.oneIn(3) ? #","\#(label)":"cart\#(random.below(2))""# : ""
            return #"{"level":"\#(level)","msg":"order \#(index)","status":\#(status),"#
                + #""http":{"host":"\#(host)"},"d":"\#(milliseconds)ms","v":\#(value)\#(own)}"#
        case "api":
            let own = random.oneIn(6) ? " \(label)=cart\(random.below(2))" : ""
            return "level=\(level) msg=\"request \(index) done\" h=\(host) d=\(milliseconds)ms "
                + "size=\(random.below(50)).5KB status=\(status) v=\(value)\(own)"
        case "batch": return "step \(index) of \(host): \(level.uppercased())"
        default: return random.pick(["plain", "tab\there", "ünïcödé 日本", "a \"quoted\" word", ""])
        }
    }
}

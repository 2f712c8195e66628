import TestSupport

/// An hour of lines as the services of a shop write them, shared out between members in turns, so that
/// the lines of an answer are of all members alternately: what a merge is measured with.
package enum LogLoad {
    /// The time of the first line, nanoseconds since 1970.
    package static let start: Int64 = 1_795_734_000_000_000_000
    package static let length: Int64 = 3_600_000_000_000

    /// The lines of one member, counted from 0; `lines` are those of all members together.
    package static func store(lines: Int, of member: Int, among members: Int) -> LogStore {
        var random = SeededRandom(seed: UInt64(member))
        var streams: [[String: String]: [LogEntry]] = [:]
        for number in stride(from: member, to: lines, by: members) {
            let service = random.pick(Service.allCases)
            let labels = [
                "app": service.rawValue, "container": service.rawValue, "env": "prod",
                "namespace": "shop", "pod": "\(service)-7d9f8b6c5-\(random.below(3))",
            ]
            let time = start + length / Int64(lines) * Int64(number)
            streams[labels, default: []].append(entry(of: service, at: time, &random))
        }
        var store = LogStore()
        for (labels, entries) in streams { store.push(labels: labels, entries: entries) }
        return store
    }

    private enum Service: String, CaseIterable {
        case checkout
        case catalog
        case ingress
        case importer
    }

    /// Some 120 bytes. The lines of one service have a trace in their structured metadata.
    private static func entry(
        of service: Service, at time: Int64, _ random: inout SeededRandom
    ) -> LogEntry {
        let level = random.oneIn(20) ? "error" : random.oneIn(10) ? "warn" : "info"
        let item = 10_000 + random.below(90_000)
        let size = 1_000 + random.below(9_000)
        let milliseconds = 10 + random.below(90)
        switch service {
        case .checkout:
            let trace = String(random.next() | 1 << 63, radix: 16)
            return LogEntry(
                time: time,
                line:
                    "level=\(level) caller=order.go:118 msg=\"order placed\" order=\(item)0\(size) "
                    + "customer=c-\(item) amount=\(milliseconds).50 currency=EUR "
                    + "duration=\(milliseconds)ms",
                metadata: ["trace_id": trace + trace])
        case .catalog:
            return LogEntry(
                time: time,
                line: #"{"level":"\#(level)","msg":"item looked up","item":\#(item),"status":200,"#
                    + #""bytes":\#(size),"duration_ms":\#(milliseconds),"upstream":"catalog-db-2"}"#
            )
        case .ingress:
            return LogEntry(
                time: time,
                line:
                    "10.42.7.\(milliseconds) - - \"GET /items/\(item)?page=3 HTTP/1.1\" 200 \(size) "
                    + "0.0\(milliseconds) \"Mozilla/5.0 (X11; Linux x86_64)\" upstream=10.42.1.7:8080"
            )
        case .importer:
            return LogEntry(
                time: time,
                line: "\(level.uppercased()) worker-3: imported \(size) rows of supplier \(item) "
                    + "into the stock in \(milliseconds) ms, 0 rejected, checkpoint \(item)\(size)")
        }
    }
}

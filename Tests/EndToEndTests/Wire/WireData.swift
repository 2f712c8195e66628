/// A little data in which every shape of a number, a time and a label text occurs that the wire
/// can carry.
enum WireData {
    /// Seconds.
    static let start = 1_700_000_000
    static let step = 15
    static let count = 40
    static var end: Int { start + (count - 1) * step }

    private typealias Point = (time: String, value: String)

    /// What a member holds, as promtool reads it; `project`, when given, is a label of each series.
    static func openMetrics(project: String? = nil) -> String {
        var lines: [String] = []
        func add(_ name: String, _ labels: [(String, String)], _ points: [Point]) {
            var all = labels
            if let project { all.append(("project", project)) }
            all.sort { $0.0 < $1.0 }
            let pairs = all.map { "\($0)=\"\($1)\"" }.joined(separator: ",")
            let head = pairs.isEmpty ? name : "\(name){\(pairs)}"
            for point in points { lines.append("\(head) \(point.value) \(point.time)") }
        }
        func onGrid(_ value: (Int) -> String) -> [Point] {
            (0..<count).map { ("\(start + $0 * step)", value($0)) }
        }

        // Families stand together, as the format demands.
        for (index, path) in [#"C:\\dir"#, #"say \"q\""#, #"two\nlines"#, "<a>&\u{2028}\tz"]
            .enumerated()
        {
            add("escaped", [("path", path)], onGrid { _ in "\(index)" })
        }
        for (index, text) in ["1.25", "2", "3.0625", "4e15"].enumerated() {
            add("exact", [("n", "\(index)")], onGrid { _ in text })
        }
        add(
            "gaps", [], onGrid { "\($0)" }.enumerated().filter { $0.offset % 20 < 5 }.map(\.element)
        )
        add(
            "jitter", [],
            (0..<count).map { index in
                (
                    "\(start + index * step).\(String(1000 + index * 37 % 1000).dropFirst())",
                    "\(index * index)"
                )
            })
        for (index, bound) in ["0.1", "1.0", "+Inf"].enumerated() {
            add("latency_bucket", [("le", bound)], onGrid { "\($0 * (index + 1) * 2)" })
        }
        let odd = [
            "NaN", "+Inf", "-Inf", "-0.0", "0", "0.000001", "1e-07", "1.2345678e-67", "1e20",
            "1e21", "-2.5e+300", "5e-324", "1.7976931348623157e308", "0.1", "0.30000000000000004",
            "123456789.125", "250000000000000000000",
        ]
        for (index, text) in odd.enumerated() {
            let number = String(100 + index).dropFirst()
            add(
                "odd", [("n", "\(number)")],
                onGrid { $0 % 3 == 2 ? odd[(index + $0) % odd.count] : text })
        }
        for (jobIndex, job) in ["api", "db"].enumerated() {
            for (hostIndex, host) in ["h1:9", "h2:9"].enumerated() {
                for (codeIndex, code) in ["200", "500"].enumerated() {
                    let weight = jobIndex * 4 + hostIndex * 2 + codeIndex + 1
                    add(
                        "requests_total", [("job", job), ("instance", host), ("code", code)],
                        onGrid { "\(Double($0 * weight) / 2)" })
                }
            }
        }
        for (jobIndex, job) in ["api", "db"].enumerated() {
            for (hostIndex, host) in ["h1:9", "h2:9"].enumerated() {
                add(
                    "up", [("job", job), ("instance", host)],
                    onGrid { ($0 + jobIndex + hostIndex) % 5 == 0 ? "0" : "1" })
            }
        }
        for city in ["Zürich", "北京", "Ħ\u{301}\u{1F600}"] {
            add("utf8", [("ville", city)], onGrid { "\($0)" })
        }
        return lines.joined(separator: "\n") + "\n# EOF\n"
    }
}

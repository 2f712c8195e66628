import GoText

extension FederationData {
    /// What member `index` holds, as `promtool tsdb create-blocks-from openmetrics` reads it.
    func openMetrics(member index: Int) -> String {
        Self.text(of: series[index].map { ($0.name, $0.labels, $0.samples) })
    }

    /// What a server holds that has the series of every member, which differ in a label.
    func openMetricsOfAll() -> String {
        Self.text(of: series.joined().map { ($0.name, $0.labels, $0.samples) })
    }

    /// What the union oracle holds: every series with its member as `project`, a label of that
    /// name in the member being moved to `exported_project`, and so on down the chain. So with the
    /// static labels of a member.
    ///
    /// - Parameters:
    ///   - labels: by member.
    ///   - isHeld: Whether it holds the series of these labels; it holds all by default.
    func openMetricsOfUnion(
        labels: [[String: String]] = [], where isHeld: ([String: String]) -> Bool = { _ in true }
    ) -> String {
        var all: [(String, [String: String], [(time: Timestamp, value: Double)])] = []
        for (index, member) in Self.members.enumerated() {
            var added = labels.indices.contains(index) ? labels[index] : [:]
            added["project"] = member
            for series in series[index] {
                var labels = added
                for (name, value) in series.labels {
                    let isMoved = added[name.replacing("exported_", with: "")] != nil
                    labels[isMoved ? "exported_" + name : name] = value
                }
                guard isHeld(labels) else { continue }
                all.append((series.name, labels, series.samples))
            }
        }
        return Self.text(of: all)
    }

    private static func text(
        of series: [(String, [String: String], [(time: Timestamp, value: Double)])]
    ) -> String {
        var text = ""
        for (name, labels, samples) in series.sorted(by: { $0.0 < $1.0 }) {
            var pairs = labels.sorted { $0.key < $1.key }.map {
                "\(quoted($0.key))=\"\(escaped($0.value))\""
            }
            var head = quoted(name)
            if head != name {
                pairs.insert(head, at: 0)
                head = ""
            }
            if !pairs.isEmpty { head += "{\(pairs.joined(separator: ","))}" }
            for sample in samples {
                let milliseconds = String(1000 + sample.time.milliseconds % 1000).dropFirst()
                text +=
                    "\(head) \(number(sample.value)) \(sample.time.wholeSeconds).\(milliseconds)\n"
            }
        }
        return text + "# EOF\n"
    }

    /// A name that is no word stands in quotes.
    private static func quoted(_ name: String) -> String {
        name.wholeMatch(of: #/[a-zA-Z_:][a-zA-Z0-9_:]*/#) == nil ? "\"\(escaped(name))\"" : name
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

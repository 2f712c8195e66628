import YAML

/// Which labels a project's series can get beside the partition label. Own labels of these names make
/// room for them by a prefix, so that no name may be what another becomes then.
enum StaticLabelRules {
    /// How many labels a project may have.
    static let most = 32
    /// Bytes of a value.
    static let longestValue = 1024
    /// The names that are taken as a regular expression, for the schema of the configuration.
    static let pattern = "^(?!__|le$|quantile$)[a-zA-Z_][a-zA-Z0-9_]*$"

    /// Why a label cannot be had, whatever the others are; nil when it can.
    static func refusal(of name: String) -> NameRefusal? {
        let isName =
            name.utf8.first.map { !("0"..."9").contains(Unicode.Scalar($0)) } ?? false
            && name.utf8.allSatisfy { byte in
                let scalar = Unicode.Scalar(byte)
                return scalar == "_" || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                    || ("0"..."9").contains(scalar)
            }
        guard isName else {
            return NameRefusal(
                problem: name.isEmpty
                    ? "a label needs a name" : "\"\(YAMLNode.shown(name))\" is not a label name",
                mend: "write letters, digits and _, no digit first")
        }
        if name.hasPrefix("__") {
            return NameRefusal(
                problem: "label \(name) begins with __, as the names of Prometheus's own labels do",
                mend: "write a name without __ at its beginning")
        }
        if name == "le" || name == "quantile" {
            return NameRefusal(
                problem: "label \(name) tells the parts of a histogram or summary apart",
                mend: "write another name")
        }
        return nil
    }

    /// Why a label cannot be had beside the partition label or a label of the same project.
    ///
    /// - Parameter other: What the other one is: `the partition label`.
    static func refusal(
        of name: String, beside existing: String, called other: String
    ) -> NameRefusal? {
        if name == existing {
            return NameRefusal(
                problem: "label \(name) is \(other)", mend: "write another name")
        }
        if isRenamed(existing, to: name) {
            return NameRefusal(
                problem: "label \(name) is what an own \(existing) of a series becomes, because "
                    + "\(existing) is \(other)", mend: "write another name")
        }
        if isRenamed(name, to: existing) {
            return NameRefusal(
                problem: "an own \(name) of a series would become \(existing), which is \(other)",
                mend: "write another name")
        }
        return nil
    }

    private static func isRenamed(_ name: String, to longer: String) -> Bool {
        guard longer.hasSuffix(name) else { return false }
        var rest = longer.dropLast(name.count)
        while rest.hasPrefix("exported_") { rest = rest.dropFirst("exported_".count) }
        return rest.isEmpty && longer.count > name.count
    }
}

extension ConfigurationReader {
    /// Static labels of projects; wrong ones are reported and left out.
    ///
    /// - Parameter key: Where they stand.
    mutating func readLabels(
        _ key: SettingName, _ section: Section<SettingName>
    ) -> [String: String] {
        let entries = section.freeMapping(key, &report) ?? []
        if entries.count > StaticLabelRules.most, let place = section[key] {
            report.error(
                at: place, subject: section.subject,
                "\(entries.count) labels are given; at most \(StaticLabelRules.most) are allowed",
                mend: "remove some")
            return [:]
        }
        var labels: [String: String] = [:]
        for entry in entries {
            var place = entry.value
            (place.line, place.column) = (entry.line, entry.column)
            if let refusal = refusal(of: entry.key, beside: labels) {
                report.error(
                    at: place, subject: section.subject, refusal.problem, mend: refusal.mend)
                continue
            }
            guard let value = section.text(of: entry.value, &report) else { continue }
            if value.isEmpty {
                report.error(
                    at: entry.value, subject: section.subject, "label \(entry.key) has no value",
                    mend: "write one, or leave the label out")
                continue
            }
            guard value.utf8.count <= StaticLabelRules.longestValue else {
                report.error(
                    at: entry.value, subject: section.subject,
                    "the value of label \(entry.key) has \(value.utf8.count) bytes; at most "
                        + "\(StaticLabelRules.longestValue) are allowed", mend: "shorten it")
                continue
            }
            labels[entry.key] = value
        }
        return labels
    }

    private func refusal(of name: String, beside labels: [String: String]) -> NameRefusal? {
        if let refusal = StaticLabelRules.refusal(of: name) { return refusal }
        if let partitionLabel,
            let refusal = StaticLabelRules.refusal(
                of: name, beside: partitionLabel, called: "the partition label")
        {
            return refusal
        }
        for other in labels.keys.sorted() {
            if let refusal = StaticLabelRules.refusal(
                of: name, beside: other, called: "a label of the project too")
            {
                return refusal
            }
        }
        return nil
    }
}

extension Project {
    /// Why the project's static labels cannot stand beside a partition label; nil where they can.
    func conflict(withPartitionLabel partition: String) -> String? {
        labels.keys.sorted().lazy.compactMap { name in
            StaticLabelRules.refusal(of: name, beside: partition, called: "the partition label")
        }.first?.problem
    }

    /// The project, out of service where its static labels cannot stand beside a partition label: the
    /// configuration file may have got another one since the project was made.
    func checked(againstPartitionLabel partition: String) -> Project {
        guard let problem = conflict(withPartitionLabel: partition) else { return self }
        var project = self
        project.kind = .misconfigured(reason: problem)
        project.labels = [:]
        return project
    }
}

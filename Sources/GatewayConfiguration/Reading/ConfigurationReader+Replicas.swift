import GoText
import UpstreamSettings

/// The keys of an element of `replicas`.
enum ReplicaSection {
    static let table = SettingsTable<ReplicaGroup.Replica>(
        "replica",
        blank: ReplicaGroup.Replica(.prometheus(PrometheusSection.table.blank)),
        [
            Setting(
                "prometheus", .section(PrometheusSection.table.shape),
                "The server; or else discovery.",
                read: { section, replica, reader in
                    guard let node = section["prometheus"] else { return true }
                    guard let source = reader.readPrometheus(node, subject: section.subject)
                    else { return false }
                    replica.source = .prometheus(source)
                    return true
                },
                write: {
                    $0.prometheus.map { .lines(PrometheusSection.table.written($0)) }
                }),
            Setting(
                "discovery", .section(PoolSection.discovery),
                "Where servers are found, in place of prometheus.",
                read: { section, replica, reader in
                    guard let node = section["discovery"] else { return true }
                    guard let names = reader.readNameDiscovery(node, subject: section.subject)
                    else { return false }
                    replica.source = .names(names)
                    return true
                },
                write: {
                    guard case .names(let names) = $0.source else { return nil }
                    return .lines([.init("dns", .lines(PoolSection.names.written(names)))])
                }),
            .section(
                "timeRange", \.timeRange, TimeRangeSection.table,
                "What times the replica has samples of; it is not asked for others."),
        ])
}

extension ConfigurationReader {
    /// The replicas of a project; nil where they are wrong, which is reported.
    mutating func readReplicas(_ section: Section<Keys.Project>) -> ReplicaGroup? {
        let subject = section.subject
        let place = section.place(of: .replicas)
        guard let elements = section.list(.replicas, &report) else { return nil }
        guard (1...ReplicaGroup.most).contains(elements.count) else {
            report.error(
                at: place, subject: subject,
                elements.isEmpty
                    ? "lists no replica"
                    : "\(elements.count) replicas are given; at most \(ReplicaGroup.most) are "
                        + "allowed",
                mend: elements.isEmpty
                    ? "list the servers that scrape the same targets" : "remove some")
            return nil
        }
        var group = ReplicaGroup(replicas: [])
        for element in elements {
            let isNamed = element.value(of: "discovery") != nil
            if isNamed == (element.value(of: "prometheus") != nil) {
                report.error(
                    at: element, subject: subject,
                    isNamed
                        ? "prometheus and discovery exclude each other"
                        : "a replica needs a server",
                    mend: isNamed ? "keep one of them" : "write prometheus: {url: ...}")
                continue
            }
            guard let replica = ReplicaSection.table.read(element, subject: subject, &self) else {
                continue
            }
            if let (problem, mend) = TimeRangeSection.problem(with: replica.timeRange) {
                let node = element.value(of: "timeRange") ?? element
                report.error(at: node, subject: subject, problem, mend: mend)
            }
            if let first = group.replicas.firstIndex(where: {
                $0.source == replica.source
            }) {
                report.error(
                    at: element, subject: subject, "is the same as replicas[\(first)]",
                    mend: "list every replica once")
            }
            group.replicas.append(replica)
        }
        group.labels = readReplicaLabels(section)
        group.deduplication =
            section.choice(.dedup, of: ReplicaGroup.Deduplication.self, &report) ?? .auto
        return group.replicas.count == elements.count ? group : nil
    }

    private mutating func readReplicaLabels(_ section: Section<Keys.Project>) -> [String] {
        let names = section.names(.replicaLabels, &report) ?? []
        if names.count > ReplicaGroup.mostLabels {
            report.error(
                at: section.place(of: .replicaLabels), subject: section.subject,
                "\(names.count) labels are given; at most \(ReplicaGroup.mostLabels) are allowed",
                mend: "remove some")
        }
        var labels: [String] = []
        for (name, place) in names {
            if let refusal = StaticLabelRules.refusal(of: name) {
                report.error(
                    at: place, subject: section.subject, refusal.problem, mend: refusal.mend)
            } else if labels.contains(name) {
                report.error(
                    at: place, subject: section.subject, "label \(name) is listed twice",
                    mend: "list every label once")
            } else {
                labels.append(name)
            }
        }
        return labels
    }

    /// What only a project with replicas has.
    mutating func refuseReplicaKeys(_ section: Section<Keys.Project>) {
        for key in [Keys.Project.replicaLabels, .dedup] where section[key] != nil {
            report.error(
                at: section.place(of: key), subject: section.subject,
                "only a project with replicas has \(key.rawValue)", mend: "remove it")
        }
    }
}

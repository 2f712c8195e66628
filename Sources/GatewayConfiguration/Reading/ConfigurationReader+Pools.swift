import UpstreamSettings

extension ConfigurationReader {
    mutating func readClusters(_ section: Section<Keys.Root>) -> [Cluster] {
        var clusters: [Cluster] = []
        var lines: [String: Int] = [:]
        for (index, element) in (section.list(.clusters, &report) ?? []).enumerated() {
            let name = element.value(of: "name")?.scalar
            let subject = name.map { "cluster \($0)" } ?? "cluster #\(index)"
            guard let cluster = Section<Keys.Cluster>(element, subject: subject, &report) else {
                continue
            }
            guard let name = cluster.text(.name, &report), !name.isEmpty else {
                report.error(at: cluster.place(of: .name), subject: subject, "name is required")
                continue
            }
            let place = cluster.place(of: .name)
            if let first = lines[name] {
                report.error(
                    at: place, subject: subject,
                    "duplicate cluster name: line \(first) has it already")
                continue
            }
            lines[name] = place.line
            if let read = readCluster(cluster, name: name, subject: subject) {
                clusters.append(read)
            }
        }
        return clusters
    }

    private mutating func readCluster(
        _ section: Section<Keys.Cluster>, name: String, subject: String
    ) -> Cluster? {
        let enabled = section.bool(.enabled, &report)
        var bucket: String?
        if let node = section[.storage],
            let storage = Section<Keys.Storage>(node, subject: subject, &report)
        {
            bucket = storage.text(.bucketName, &report)
        }
        let source: UpstreamSource?
        switch (section[.prometheus], section[.remoteCoroot]) {
        case (let node?, nil):
            source = readPrometheus(node, subject: subject).map { .prometheus($0) }
        case (nil, let node?):
            guard case .remoteCoroot(let remote)? = readRemoteCoroot(node, subject: subject) else {
                return nil
            }
            source = .remoteCoroot(remote)
        case (nil, nil):
            report.error(
                at: section.node, subject: subject, "no data source is defined",
                mend: "write prometheus: {url: ...} or remoteCoroot")
            source = nil
        case (_?, _?):
            report.error(
                at: section.node, subject: subject,
                "prometheus and remoteCoroot exclude each other", mend: "keep one of them")
            source = nil
        }
        let telemetry = readTelemetry(section)
        return source.map {
            var cluster = Cluster(
                name: name, source: $0, bucketName: bucket, enabled: enabled ?? true)
            cluster.telemetry = telemetry
            return cluster
        }
    }

    mutating func readPools(
        _ section: Section<Keys.Root>, _ configuration: Configuration
    ) -> [ClusterPool] {
        // Names as written, so that a cluster with an error of its own is not unknown as well.
        let clusterNames = writtenNames(section[.clusters])
        let projectNames =
            writtenNames(section[.projects])
            + projectFiles.elements.compactMap { $0.value(of: "name")?.scalar }
            + projectFiles.keptProjects.map(\.project.name)
        let aggregates = Set(configuration.projects.filter(\.isMultiCluster).map(\.name))
        var pools: [ClusterPool] = []
        for entry in section.freeMapping(.clusterPools, &report) ?? [] {
            let subject = "cluster pool \(entry.key)"
            var elements: [ConfigurationNode] = []
            var discovery: NameDiscovery?
            switch entry.value.content {
            case .list(let list): elements = list
            case .mapping:
                guard
                    let pool = Section<SettingName>(
                        entry.value, subject: subject, shape: PoolSection.shape, &report)
                else { continue }
                elements = pool.list("clusters", &report) ?? []
                if let node = pool["discovery"] {
                    discovery = readNameDiscovery(node, subject: subject)
                    if discovery == nil { continue }
                }
            case .null, .scalar, .unusable: break
            }
            guard !elements.isEmpty || discovery != nil else {
                report.error(
                    at: entry.value, subject: subject, "the pool has no clusters",
                    mend: "list the names of its clusters")
                continue
            }
            var names: [String] = []
            for (name, place) in section.names(of: elements, &report) {
                if names.contains(name) {
                    report.error(at: place, subject: subject, "duplicate cluster \(name)")
                    continue
                }
                names.append(name)
                if aggregates.contains(name) {
                    report.error(
                        at: place, subject: subject,
                        "\(name) is a multi-cluster project, not a cluster")
                } else if !clusterNames.contains(name), !projectNames.contains(name) {
                    let known = clusterNames + projectNames
                    report.consequence(
                        at: place, subject: subject, "unknown cluster \(name)",
                        mend: NearestName.of(name, among: known).map { "did you mean \($0)?" }
                            ?? "add it to clusters")
                }
            }
            pools.append(ClusterPool(name: entry.key, clusters: names, discovery: discovery))
        }
        return pools
    }

    mutating func readPoolAttributes(
        _ section: Section<Keys.Root>, into configuration: inout Configuration
    ) {
        for element in section.list(.clusterPoolAttributes, &report) ?? [] {
            guard let attribute = readPoolAttribute(element) else { continue }
            checkPoolName(attribute.clusterPoolName, at: element, configuration)
            // A later record for the same place replaces the earlier one.
            configuration.clusterPoolAttributes.removeAll {
                $0.project == attribute.project && $0.domain == attribute.domain
                    && $0.workflow == attribute.workflow
            }
            configuration.clusterPoolAttributes.append(attribute)
        }
    }

    /// One record; nil when it lacks something, which is reported.
    mutating func readPoolAttribute(_ node: ConfigurationNode) -> ClusterPoolAttribute? {
        guard let section = Section<Keys.PoolAttribute>(node, &report) else { return nil }
        let workflow = section.text(.workflow, &report)
        var required: [Keys.PoolAttribute: String] = [:]
        for key in [Keys.PoolAttribute.project, .domain, .clusterPoolName] {
            guard let text = section.text(key, &report), !text.isEmpty else {
                report.error(at: section.place(of: key), "\(key.rawValue) is required")
                continue
            }
            required[key] = text
        }
        guard let project = required[.project], let domain = required[.domain],
            let pool = required[.clusterPoolName]
        else { return nil }
        return ClusterPoolAttribute(
            project: project, domain: domain, workflow: workflow, clusterPoolName: pool)
    }

    mutating func readPoolAssignments(
        _ section: Section<Keys.Root>, into configuration: inout Configuration
    ) {
        guard let node = section[.clusterPoolAssignments],
            let assignments = Section<Keys.PoolAssignments>(node, &report)
        else { return }
        for key in Keys.PoolAssignments.allCases {
            for entry in assignments.freeMapping(key, &report) ?? [] {
                guard let pool = assignments.text(of: entry.value, &report) else {
                    if case .null = entry.value.content {
                        report.error(at: entry.value, "the name of a cluster pool is needed")
                    }
                    continue
                }
                checkPoolName(pool, at: entry.value, configuration)
                switch key {
                case .projects: configuration.clusterPoolAssignments.projects[entry.key] = pool
                case .domains: configuration.clusterPoolAssignments.domains[entry.key] = pool
                }
            }
        }
    }

    /// Pools that projects name must exist.
    mutating func checkPoolChoices(_ section: Section<Keys.Root>, _ configuration: Configuration) {
        var elements = projectFiles.elements
        if case .list(let own)? = section[.projects]?.content { elements += own }
        for element in elements {
            guard let node = element.value(of: "clusterPool"), let pool = node.scalar,
                pool != "attributes"
            else { continue }
            checkPoolName(pool, at: node, configuration)
        }
    }

    private mutating func checkPoolName(
        _ name: String, at place: ConfigurationNode, _ configuration: Configuration
    ) {
        let known = configuration.clusterPools.map(\.name)
        guard !known.contains(name) else { return }
        report.consequence(
            at: place, "unknown cluster pool \(name)",
            mend: NearestName.of(name, among: known).map { "did you mean \($0)?" }
                ?? "add it to clusterPools")
    }

    /// Same pool, same bucket; different pools, different buckets. A cluster in two pools breaks
    /// the second half by itself, which is only noted.
    mutating func checkBuckets(_ section: Section<Keys.Root>, _ configuration: Configuration) {
        let buckets = Dictionary(
            configuration.clusters.compactMap { cluster in
                cluster.bucketName.map { (cluster.name, $0) }
            }, uniquingKeysWith: { first, _ in first })
        let place = section.place(of: .clusterPools)
        var owners: [String: (pool: String, cluster: String)] = [:]
        var poolOf: [String: String] = [:]
        for pool in configuration.clusterPools {
            var first: (cluster: String, bucket: String)?
            for cluster in pool.clusters {
                let earlier = poolOf[cluster]
                if let earlier {
                    report.note(
                        at: place,
                        "cluster \(cluster) is in the pools \(earlier) and \(pool.name)")
                }
                poolOf[cluster] = poolOf[cluster] ?? pool.name
                guard let bucket = buckets[cluster] else { continue }
                if let first, first.bucket != bucket {
                    violation(
                        "clusters \(first.cluster) and \(cluster) of pool \(pool.name) have "
                            + "different buckets: \(first.bucket) and \(bucket)",
                        at: place, configuration.bucketRule)
                }
                first = first ?? (cluster, bucket)
                if let owner = owners[bucket], owner.pool != pool.name, owner.cluster != cluster,
                    earlier == nil
                {
                    violation(
                        "pools \(owner.pool) and \(pool.name) share bucket \(bucket)", at: place,
                        configuration.bucketRule)
                }
                owners[bucket] = owners[bucket] ?? (pool.name, cluster)
            }
        }
    }

    private mutating func violation(
        _ text: String, at place: ConfigurationNode, _ rule: BucketRule
    ) {
        switch rule {
        case .warn:
            report.note(at: place, text)
        case .enforce:
            report.error(
                at: place, text, mend: "correct storage.bucketName, or set bucketRule: warn")
        }
    }

    private func writtenNames(_ node: ConfigurationNode?) -> [String] {
        guard case .list(let elements)? = node?.content else { return [] }
        return elements.compactMap { $0.value(of: "name")?.scalar }
    }
}

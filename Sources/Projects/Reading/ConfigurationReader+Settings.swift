extension ConfigurationReader {
    mutating func readQuery(_ node: ConfigurationNode) -> QuerySettings {
        var settings = QuerySettings()
        guard let section = Section<Keys.Query>(node, &report) else { return settings }
        for key in Keys.Query.allCases {
            switch key {
            case .lookback:
                section.duration(key, atLeast: 1, &report).map { settings.lookback = $0 }
            case .timeout:
                section.duration(key, atLeast: 1, &report).map { settings.timeout = $0 }
            case .maxSamples:
                section.integer(key, atLeast: 1, &report).map { settings.maxSamples = $0 }
            case .maxConcurrency:
                section.integer(key, atLeast: 1, &report).map { settings.maxConcurrency = $0 }
            case .defaultSubqueryStep:
                section.duration(key, atLeast: 1, &report).map {
                    settings.defaultSubqueryStep = $0
                }
            case .hedgeAfter:
                section.duration(key, atLeast: 1, &report).map { settings.hedgeAfter = $0 }
            case .rangeBoundary:
                section.choice(key, of: QuerySettings.RangeBoundary.self, &report).map {
                    settings.rangeBoundary = $0
                }
            case .features:
                for (name, place) in section.names(key, &report) ?? [] {
                    section.choice(name, at: place, of: QuerySettings.Feature.self, &report).map {
                        _ = settings.features.insert($0)
                    }
                }
            }
        }
        return settings
    }

    mutating func readLimits(_ node: ConfigurationNode) -> Limits {
        var limits = Limits()
        guard let section = Section<Keys.Limits>(node, &report) else { return limits }
        for key in Keys.Limits.allCases {
            switch key {
            case .maxQueueMemory: readSize(section, key, into: &limits.maxQueueMemory)
            case .maxAnswerMemory: readSize(section, key, into: &limits.maxAnswerMemory)
            case .maxQueryBytes: readSize(section, key, into: &limits.maxQueryBytes)
            case .maxMemberRequests: read(section, key, into: &limits.maxMemberRequests)
            case .maxMemberConcurrency: read(section, key, into: &limits.maxMemberConcurrency)
            case .maxSeries: read(section, key, into: &limits.maxSeries)
            case .maxResponseBytes: readSize(section, key, into: &limits.maxResponseBytes)
            case .maxInflatedBytes: readSize(section, key, into: &limits.maxInflatedBytes)
            case .heldAnswerBytes: readSize(section, key, into: &limits.heldAnswerBytes)
            case .maxConnections: read(section, key, into: &limits.maxConnections)
            case .maxHeaderBytes: readSize(section, key, into: &limits.maxHeaderBytes)
            case .maxFormBytes: readSize(section, key, into: &limits.maxFormBytes)
            case .idleTimeout:
                section.duration(key, atLeast: 1000, &report).map { limits.idleTimeout = $0 }
            case .shutdownGrace:
                section.duration(key, atLeast: 0, &report).map { limits.shutdownGrace = $0 }
            }
        }
        return limits
    }

    private mutating func read(
        _ section: Section<Keys.Limits>, _ key: Keys.Limits, atLeast least: Int = 1,
        into value: inout Int
    ) {
        if let read = section.integer(key, atLeast: least, &report) { value = read }
    }

    /// No limit of bytes below one KiB makes sense, and one such is a unit forgotten.
    private mutating func readSize(
        _ section: Section<Keys.Limits>, _ key: Keys.Limits, into value: inout Int
    ) {
        if let read = section.byteCount(key, atLeast: 1024, &report) { value = read }
    }
}

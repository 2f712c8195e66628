extension MetadataFederation {
    /// What is said about metrics: families sorted bytewise, of each the distinct descriptions.
    ///
    /// - Parameter metric: one family's name; nil for all.
    func families(metric: String?, _ request: Request) async -> Answer<MetricFamily> {
        let replies = await ask(request) { source, question in
            try await source.families(metric: metric, question)
        }
        return merged(replies, limit: 0) { replies in
            var byName: [ByteString: Set<MetricDescription>] = [:]
            for family in replies.flatMap(\.elements) {
                byName[ByteString(family.name), default: []].formUnion(family.descriptions)
            }
            return byName.sorted { $0.key < $1.key }.map { name, descriptions in
                MetricFamily(name: name.text, descriptions: descriptions.sorted())
            }
        }
    }
}

import GoText
public import TimeSeries

/// What one member answered.
public struct MemberAnswer<Answer: Sendable>: Sendable {
    /// The member's name.
    public let member: String
    /// What its series get.
    public let labels: LabelInjection
    public let answer: Answer

    public init(member: String, labels: LabelInjection, answer: Answer) {
        self.member = member
        self.labels = labels
        self.answer = answer
    }
}

/// Texts once each, in the order of their bytes.
private func distinct(_ texts: some Sequence<String>) -> [String] {
    Set(texts.map(ByteString.init)).sorted().map(\.text)
}

extension LabelNamesResponse {
    /// The names of all members, as the union has them: an own label of a member makes room for one
    /// that is added, and those that are added are there if any series is.
    public static func merging(
        _ answers: [MemberAnswer<LabelNamesResponse>]
    ) -> LabelNamesResponse {
        var names: [String] = []
        for answer in answers where !answer.answer.names.isEmpty {
            names += answer.answer.names.map(answer.labels.visibleName(of:))
            names += answer.labels.labels.filter { !$0.value.isEmpty }.map(\.name)
        }
        var merged = LabelNamesResponse()
        merged.names = distinct(names)
        return merged
    }
}

extension LabelValuesResponse {
    /// The values that members gave, as `LabelValuesQuestion` reads them.
    public static func merging(_ values: [[String]]) -> LabelValuesResponse {
        var merged = LabelValuesResponse()
        merged.names = distinct(values.joined())
        return merged
    }
}

extension SeriesResponse {
    /// The label sets of all members with the labels that they get, each once, in order.
    ///
    /// - Parameter labelNames: the labels that the client wants; all where there are none.
    public static func merging(
        _ answers: [MemberAnswer<SeriesResponse>], labelNames: [String]
    ) -> SeriesResponse {
        let wanted = LabelNames(labelNames)
        var sets: Set<LabelSet> = []
        for answer in answers {
            for labels in answer.answer.labelsSet {
                let visible = answer.labels.injecting(into: LabelSet(labels.labels))
                sets.insert(labelNames.isEmpty ? visible : visible.keeping(wanted))
            }
        }
        var merged = SeriesResponse()
        merged.labelsSet = sets.sorted().map(Labels.init)
        return merged
    }
}

extension ProfileTypesResponse {
    /// The types of all members, each once, by their IDs.
    public static func merging(_ answers: [ProfileTypesResponse]) -> ProfileTypesResponse {
        var types: [ByteString: ProfileType] = [:]
        for type in answers.map(\.profileTypes).joined() {
            let id = ByteString(type.id)
            if types[id] == nil { types[id] = type }
        }
        var merged = ProfileTypesResponse()
        merged.profileTypes = types.sorted { $0.key < $1.key }.map(\.value)
        return merged
    }
}

extension GetProfileStatsResponse {
    /// Whether any member has profiles, and the least and greatest of their times. Members without
    /// profiles say nothing of times.
    public static func merging(_ answers: [GetProfileStatsResponse]) -> GetProfileStatsResponse {
        var merged = GetProfileStatsResponse()
        let ingested = answers.filter(\.dataIngested)
        let counted = ingested.isEmpty ? answers : ingested
        merged.dataIngested = !ingested.isEmpty
        merged.oldestProfileTime = counted.map(\.oldestProfileTime).min() ?? 0
        merged.newestProfileTime = counted.map(\.newestProfileTime).max() ?? 0
        return merged
    }
}

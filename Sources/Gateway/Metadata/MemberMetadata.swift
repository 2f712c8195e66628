import Members
import TimeSeries

/// A member reached over the network.
struct MemberMetadata: MetadataSource {
    let client: MemberClient

    func labelNames(_ question: MetadataQuestion) async throws -> MetadataReply<String> {
        MetadataReply(elements: try await client.labels(match: question.selectors))
    }

    func labelValues(
        of name: String, _ question: MetadataQuestion
    ) async throws -> MetadataReply<String> {
        MetadataReply(elements: try await client.labelValues(name, match: question.selectors))
    }

    func series(_ question: MetadataQuestion) async throws -> MetadataReply<LabelSet> {
        MetadataReply(elements: try await client.series(match: question.selectors))
    }
}

import PrometheusServer
import PrometheusWire
import Synchronization
import Upstream

/// An answer that is the merge of lists. Where they are here, nothing is left that could fail. A long
/// answer is merged while it is sent, so that it is not here a second time.
struct ListResponse: Sendable {
    /// The lists until they are taken to be merged, so that what was sent of them is given back.
    private final class Lists: Sendable {
        private let lists: Mutex<[ElementList]>

        init(_ lists: [ElementList]) { self.lists = Mutex(lists) }

        func take() -> [ElementList] {
            lists.withLock { lists in
                defer { lists = [] }
                return lists
            }
        }
    }

    private let lists: Lists
    private let heldBytes: Int
    /// Members that were missing when the answer began.
    let partial: PartialAnswer
    /// About members that are missing.
    var failures: [String]
    var annotations: MemberAnnotations
    private let counts: AnswerCounts?

    static let chunk = 64 << 10
    /// What is gathered, compressed and not yet sent, in bytes.
    static let writtenAtOnce = 6 * chunk

    init(
        _ answer: MetadataFederation.Answer<[ElementList]>, failures: [String],
        counts: AnswerCounts?
    ) {
        lists = Lists(answer.content)
        heldBytes = answer.content.reduce(0) { $0 + $1.heldBytes }
        partial = answer.partial
        annotations = answer.annotations
        self.failures = failures
        self.counts = counts
    }

    /// - Parameter merge: Begins to merge the lists.
    func response(
        _ merge: @escaping @Sendable ([ElementList]) -> any ListWriter
    ) -> PrometheusResponse {
        guard heldBytes > Self.chunk else { return .json(whole(merge(takeLists()))) }
        Lending.lender?.settle(heldBytes + Self.writtenAtOnce)
        return streamed { writer in
            var merge = merge(takeLists())
            var out = Self.head(of: merge)
            out.reserveCapacity(2 * Self.chunk)
            while merge.append(to: &out, upTo: Self.chunk) {
                try await writer.write(out)
                out.removeAll(keepingCapacity: true)
            }
            appendTail(of: merge, to: &out)
            try await writer.write(out)
        }
    }

    /// A response whose body is written on the pool for computing.
    func streamed(
        _ write: @escaping @Sendable (inout BodyWriter) async throws -> Void
    ) -> PrometheusResponse {
        PrometheusResponse(
            headers: ["Content-Type": "application/json"],
            body: .stream { writer in try await ThreadPool.run { try await write(&writer) } })
    }

    /// The lists, for the one that merges them.
    func takeLists() -> [ElementList] { lists.take() }

    /// Everything at once.
    private func whole(_ merge: any ListWriter) -> [UInt8] {
        var merge = merge
        var out = Self.head(of: merge)
        _ = merge.append(to: &out, upTo: .max)
        appendTail(of: merge, to: &out)
        return out
    }

    static func head(of merge: any ListWriter) -> [UInt8] {
        Envelope.head + [merge.brackets.opening]
    }

    func appendTail(of merge: any ListWriter, to out: inout [UInt8]) {
        out.append(merge.brackets.closing)
        var warnings = annotations.warnings
        if merge.isTruncated { warnings.insert(RequestLimit.truncationWarning) }
        counts.appendTail(
            failures: failures, warnings: warnings, infos: annotations.infos, to: &out)
    }
}

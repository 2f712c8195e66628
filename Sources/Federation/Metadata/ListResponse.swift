import PrometheusServer
import PrometheusWire
import Synchronization
import Upstream

/// An answer that is the merge of lists. Where they are here, nothing is left that could fail. A long
/// answer is merged while it is sent, so that it is not here a second time.
struct ListResponse: Sendable {
    /// What is here until it is taken, so that what was sent of it is given back.
    final class Held<Element: Sendable>: Sendable {
        private let elements: Mutex<[Element]>

        init(_ elements: [Element]) { self.elements = Mutex(elements) }

        func take() -> [Element] {
            elements.withLock { elements in
                defer { elements = [] }
                return elements
            }
        }
    }

    private let lists: Held<ElementList>
    private let heldBytes: Int
    /// Begins to merge the lists.
    let merge: @Sendable () -> any ListWriter
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
        _ answer: MetadataFederation.Answer, failures: [String], counts: AnswerCounts?,
        merge: @escaping @Sendable () -> any ListWriter
    ) {
        lists = Held(answer.content)
        heldBytes = answer.content.reduce(0) { $0 + $1.heldBytes }
        self.merge = merge
        partial = answer.partial
        annotations = answer.annotations
        self.failures = failures
        self.counts = counts
    }

    /// The answer whose lists are here.
    func response() -> PrometheusResponse {
        guard heldBytes > Self.chunk else { return .json(whole()) }
        Lending.lender?.settle(heldBytes + Self.writtenAtOnce)
        return Self.streamed { writer in
            var merge = merge()
            merge.add(takeLists())
            var out = Self.head(of: merge)
            out.reserveCapacity(2 * Self.chunk)
            while merge.write(to: &out, upTo: Self.chunk) == .full {
                try await writer.write(out)
                out.removeAll(keepingCapacity: true)
            }
            appendTail(of: merge, to: &out)
            try await writer.write(out)
        }
    }

    /// A response whose body is written on the pool for computing.
    static func streamed(
        _ write: @escaping @Sendable (inout BodyWriter) async throws -> Void
    ) -> PrometheusResponse {
        PrometheusResponse(
            headers: ["Content-Type": "application/json"],
            body: .stream { writer in try await ThreadPool.run { try await write(&writer) } })
    }

    /// The lists, for the one that merges them.
    func takeLists() -> [ElementList] { lists.take() }

    /// Everything at once.
    private func whole() -> [UInt8] {
        var merge = merge()
        merge.add(takeLists())
        var out = Self.head(of: merge)
        _ = merge.write(to: &out, upTo: .max)
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
